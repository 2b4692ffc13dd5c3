package recall_test

import (
	"slices"
	"strings"
	"time"
	"unicode"

	"implantrace/internal/trace"
)

// plainUsage is a usage as the oracle keeps it.
type plainUsage struct {
	id               trace.UsageID
	di, lot, serial  string
	status           trace.Status
	provenance       trace.Provenance
	occurred         time.Time
	damaged, removed bool
	procedure        int // -1: one that is not in the record
}

type plainProcedure struct {
	id      trace.ProcedureID
	start   time.Time
	patient int // -1: not said
}

// plainHistory is a whole history. people says which patients are one person.
type plainHistory struct {
	usages     []plainUsage
	procedures []plainProcedure
	people     []int
}

// plainNotice is what a notice names.
type plainNotice struct {
	dis, lots, serials []string
	from, to           time.Time
}

// plainAnswer is the answer that a person with the whole record and much
// patience would give.
type plainAnswer struct {
	Confirmed, Possible, NotInPatient     []string
	Patients, PatientsMay                 int
	Looked, Withdrawn, NoProduct, Outcome int
}

// scan reads the whole history, usage by usage. It is written apart from the
// product's own search, and shares no code with it.
func (h plainHistory) scan(n plainNotice) (a plainAnswer) {
	sure, may := map[any]bool{}, map[any]bool{}
	for _, u := range h.usages {
		known := u.di != ""
		byName := slices.Contains(n.dis, u.di)
		// The same article in another pack: the digits between indicator and
		// check digit are the same.
		byArticle := slices.ContainsFunc(n.dis, func(o string) bool { return known && o[1:13] == u.di[1:13] })
		if known && !byName && !byArticle {
			continue
		}
		a.Looked++
		if u.removed {
			a.Withdrawn++
			continue
		}
		if !known {
			a.NoProduct++
		}
		when, dated := u.occurred, u.provenance == trace.Scanned
		if u.procedure >= 0 {
			when, dated = h.procedures[u.procedure].start, true
		}
		inside := (n.from.IsZero() || !when.Before(n.from)) && (n.to.IsZero() || when.Before(n.to))
		if dated && !inside {
			continue
		}
		named := len(n.lots)+len(n.serials) == 0 || slices.Contains(n.lots, u.lot) || slices.Contains(n.serials, u.serial)
		excluded := !named && !u.damaged && !perhaps(u.lot, n.lots) && !perhaps(u.serial, n.serials)
		if excluded {
			continue
		}
		confirmed := named && byName && inside
		if u.status == trace.Checked || u.status == trace.Opened {
			a.Outcome++
		}
		var who any = u.id
		if u.procedure >= 0 {
			who = h.procedures[u.procedure].id
			if p := h.procedures[u.procedure].patient; p >= 0 {
				who = h.people[p]
			}
		}
		switch {
		case u.status == trace.NotUsed || u.status == trace.Wasted || u.status == trace.Returned:
			a.NotInPatient = append(a.NotInPatient, u.id.String())
		case confirmed:
			a.Confirmed = append(a.Confirmed, u.id.String())
			sure[who] = true
		default:
			a.Possible = append(a.Possible, u.id.String())
			may[who] = true
		}
	}
	a.Patients = len(sure)
	for who := range may {
		if !sure[who] {
			a.PatientsMay++
		}
	}
	for _, list := range [][]string{a.Confirmed, a.Possible, a.NotInPatient} {
		slices.Sort(list)
	}
	return a
}

// perhaps: a number that was not recorded may be any of those named, and one
// that looks like a named one may be it.
func perhaps(number string, named []string) bool {
	if len(named) == 0 {
		return false
	}
	return number == "" || slices.ContainsFunc(named, func(o string) bool { return alike(o) == alike(number) })
}

func alike(s string) string {
	s = strings.Map(func(r rune) rune {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return -1
		}
		return unicode.ToUpper(r)
	}, s)
	return strings.TrimLeft(strings.NewReplacer("O", "0", "I", "1", "L", "1").Replace(s), "0")
}
