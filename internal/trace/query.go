package trace

import (
	"slices"
	"strings"

	"implantrace/internal/udi"
)

// Asks reports whether a query asks for a usage: exactly, where a store's answer
// may hold more. p is its procedure, zero where there is none. Lots and serials
// are matched letter by letter, ranges of them in their order.
func (q Query) Asks(u Usage, p Procedure) bool { return q.AsksUsage(u) && q.asksProcedure(p) }

// AsksUsage is Asks without what a query says of the procedure.
func (q Query) AsksUsage(u Usage) bool {
	d := u.Device
	return (q.DI == "" || d.DI == q.DI) && (!q.NoDI || d.DI == "") && (q.Lot == "" || d.Lot == q.Lot) && (q.Serial == "" || d.Serial == q.Serial) &&
		q.Lots.holds(d.Lot) && q.Serials.holds(d.Serial) && q.Expiry.holds(d.Expiry.Day) && q.Manufactured.holds(d.Manufactured.Day) &&
		(q.Procedure.IsZero() || u.Procedure == q.Procedure) && (q.Status == "" || u.Status == q.Status) &&
		(q.From.IsZero() || !u.Occurred.Before(q.From)) && (q.To.IsZero() || u.Occurred.Before(q.To))
}

func (q Query) asksProcedure(p Procedure) bool {
	return ProcedureQuery{Patient: q.Patient, Place: q.Place, Person: q.Person}.names(p)
}

// names reports whether a procedure is at the place, with the person and of the
// patient that are asked for.
func (q ProcedureQuery) names(p Procedure) bool {
	return (q.Patient.IsZero() || p.Patient == q.Patient) && (!q.Place.Named() || q.Place.is(p.Place)) &&
		(!q.Person.Named() || slices.ContainsFunc(p.People, q.Person.is))
}

// Asks reports whether a query asks for a procedure.
func (q ProcedureQuery) Asks(p Procedure) bool {
	return q.names(p) && (q.From.IsZero() || !p.Start.Before(q.From)) && (q.To.IsZero() || p.Start.Before(q.To)) && (!q.OpenOnly || p.Open())
}

func (asked Place) is(p Place) bool {
	if asked.GLN != "" {
		return p.GLN == asked.GLN && (asked.Extension == "" || p.Extension == asked.Extension)
	}
	return sameName(asked.Name, p.Name)
}

func (asked Person) is(p Person) bool {
	if asked.Code != "" {
		return p.Code == asked.Code
	}
	return sameName(asked.Name, p.Name)
}

func sameName(a, b string) bool { return FoldName(a) == FoldName(b) }

// FoldName brings a name to the form under which its writings meet: small letters,
// single spaces.
func FoldName(name string) string { return strings.ToLower(strings.Join(strings.Fields(name), " ")) }

// Named reports whether anything says which place it is.
func (p Place) Named() bool { return p.GLN != "" || p.Name != "" }

// Named reports whether anything says who it is.
func (p Person) Named() bool { return p.Code != "" || p.Name != "" }

func (r Range) holds(number string) bool {
	if r.IsZero() {
		return true
	}
	n := udi.Order(number)
	return number != "" && (r.From == "" || n >= udi.Order(r.From)) && (r.To == "" || n <= udi.Order(r.To))
}

func (p Period) holds(day string) bool {
	_, ok := DayNumber(day)
	return p.IsZero() || ok && (p.From == "" || day >= p.From) && (p.To == "" || day <= p.To)
}

// DayNumber counts dates of the form YYYY-MM-DD, later ones higher (in 21 bits);
// ok is false for anything else.
func DayNumber(day string) (n uint32, ok bool) {
	if len(day) != len("2006-01-02") || day[4] != '-' || day[7] != '-' {
		return 0, false
	}
	var parts [3]uint32
	for i, part := range []string{day[:4], day[5:7], day[8:]} {
		for _, c := range []byte(part) {
			if c < '0' || c > '9' {
				return 0, false
			}
			parts[i] = 10*parts[i] + uint32(c-'0')
		}
	}
	if parts[1] > 12 || parts[2] > 31 {
		return 0, false
	}
	return parts[0]<<9 | parts[1]<<5 | parts[2], true
}
