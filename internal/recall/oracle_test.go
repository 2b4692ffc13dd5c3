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
	formerly         []plainIdentity
	implanted        bool // it was recorded so at some time
}

// plainIdentity is what a usage is found by.
type plainIdentity struct{ di, lot, serial string }

// becomes puts another identity in the place of the present one. What was said
// and is said no longer is remembered.
func (u *plainUsage) becomes(now plainIdentity) {
	was := plainIdentity{u.di, u.lot, u.serial}
	if was.di != "" && was.di != now.di || was.lot != "" && was.lot != now.lot || was.serial != "" && was.serial != now.serial {
		u.formerly = append(u.formerly, was)
	}
	u.di, u.lot, u.serial = now.di, now.lot, now.serial
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
		now := plainIdentity{u.di, u.lot, u.serial}
		if !n.touches(now) && !slices.ContainsFunc(u.formerly, n.touches) {
			continue
		}
		a.Looked++
		if u.removed {
			a.Withdrawn++
		} else if u.di == "" {
			a.NoProduct++
		}
		meant, confirmed := n.means(now)
		for _, was := range u.formerly {
			before, _ := n.means(was)
			meant = meant || before
		}
		if !meant && !(u.damaged && n.touches(now)) {
			continue
		}
		first, last, dated := u.occurred, u.occurred, u.provenance == trace.Scanned
		if u.procedure >= 0 {
			start := h.procedures[u.procedure].start
			dated = true
			if u.provenance == trace.Imported {
				first, last = start, start
			} else if start.Before(first) {
				first = start
			} else {
				last = start
			}
		}
		inside := (n.from.IsZero() || !last.Before(n.from)) && (n.to.IsZero() || first.Before(n.to))
		takenOutLater := u.status == trace.Explanted && !n.to.IsZero() && (n.from.IsZero() || !last.Before(n.from))
		if !inside && !takenOutLater && dated {
			continue
		}
		confirmed = confirmed && inside
		gone := u.status == trace.NotUsed || u.status == trace.Wasted || u.status == trace.Returned
		if (u.status == trace.Checked || u.status == trace.Opened) && !u.removed {
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
		case u.removed, gone && !u.implanted:
			a.NotInPatient = append(a.NotInPatient, u.id.String())
		case confirmed && !gone:
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

// touches: the notice speaks of this product, or of one that nobody recorded.
// The same article in another pack has the same digits between indicator and
// check digit.
func (n plainNotice) touches(id plainIdentity) bool {
	return id.di == "" || slices.ContainsFunc(n.dis, func(o string) bool { return o[1:13] == id.di[1:13] })
}

// means: may it be one of those the notice names, and is it for certain?
func (n plainNotice) means(id plainIdentity) (may, certain bool) {
	if !n.touches(id) {
		return false, false
	}
	named := len(n.lots)+len(n.serials) == 0 || slices.Contains(n.lots, id.lot) || slices.Contains(n.serials, id.serial)
	return named || perhaps(id.lot, n.lots) || perhaps(id.serial, n.serials), named && slices.Contains(n.dis, id.di)
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
