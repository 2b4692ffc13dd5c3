package bench

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"implantrace/gs1"
	"implantrace/internal/check"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// The measures of the hospital that the data comes from.
const (
	products    = 400 // a few of them used much, most of them seldom
	lotLeast    = 5   // pieces in a lot
	lotMost     = 500
	usagesMost  = 8 // devices in a procedure: 1 to 8, all as often, 4.5 on average
	serialOneIn = 3 // every third product has serial numbers
	returnOneIn = 8 // every eighth procedure is of a patient who was there before
	theatres    = 12
	members     = 60 // of staff
)

// hospital makes up what theatres record, in the order in which they record it:
// the same for the same seed.
type hospital struct {
	r        *rand.Rand
	now      time.Time
	step     time.Duration // from one procedure to the next
	products []product
	people   []trace.Person
	before   []trace.PatientID // who was there lately
	hash     func(kind byte, value string) []trace.LookupHash

	usages int
	lots   map[lotOf]int // usages of each lot
}

type product struct {
	di             string
	serials        bool
	lot            string
	left, lotsDone int // pieces left of the lot
	expiry, made   udi.Date
}

type lotOf struct{ di, lot string }

// newHospital makes a hospital that records so many usages in ten years.
func newHospital(seed uint64, usages int, hash func(byte, string) []trace.LookupHash) *hospital {
	h := &hospital{r: rand.New(rand.NewPCG(seed, 9)), now: time.Date(2016, 1, 4, 8, 0, 0, 0, time.UTC), hash: hash, lots: make(map[lotOf]int)}
	h.step = 10 * 365 * 24 * time.Hour / time.Duration(max(1, usages*2/(usagesMost+1)))
	for i := range products {
		h.products = append(h.products, product{di: di(i), serials: i%serialOneIn == 0})
	}
	for i := range members {
		h.people = append(h.people, trace.Person{Code: fmt.Sprintf("ST%04d", i), Name: fmt.Sprintf("Member %02d of Staff", i)})
	}
	return h
}

// id makes a UUID version 7 of the hospital's time.
func (h *hospital) id() (id [16]byte) {
	binary.BigEndian.PutUint64(id[:], uint64(h.now.UnixMilli())<<16|0x7000|h.r.Uint64()&0xfff)
	binary.BigEndian.PutUint64(id[8:], h.r.Uint64()>>2|1<<63)
	return id
}

// procedure makes the commands of one procedure: its patient and itself, then
// each of its devices.
func (h *hospital) procedure() []trace.Command {
	h.now = h.now.Add(h.step)
	p := trace.ProcedureID(h.id())
	opening := trace.Command{ID: h.id(), By: trace.Actor{Code: h.people[0].Code, Via: "page"}}
	opening.Canonical = opening.ID[:]
	var who trace.PatientID
	if len(h.before) > 0 && h.r.IntN(returnOneIn) == 0 {
		who = h.before[h.r.IntN(len(h.before))]
	} else {
		who = h.id()
		nhs := nhsNumber(h.r.IntN(1_000_000))
		opening.Drafts = append(opening.Drafts, trace.Draft{Occurred: h.now, Provenance: trace.Scanned, Subject: who,
			Fact: trace.PatientFact{Patient: who, Lookups: append(h.hash(trace.LookupNHS, nhs)[:1:1], h.hash(trace.LookupLocal, "RXX|"+nhs[3:])[0])},
			Secret: &trace.Secret{NHSNumber: nhs, LocalIssuer: "RXX", LocalNumber: nhs[3:], Family: fmt.Sprintf("Invented-%05d", h.r.IntN(100000)), Given: "Patient",
				Birth: time.Date(1930+h.r.IntN(75), time.Month(1+h.r.IntN(12)), 1+h.r.IntN(28), 0, 0, 0, 0, time.UTC).Format(time.DateOnly)}})
		if len(h.before) < 1000 {
			h.before = append(h.before, who)
		} else {
			h.before[h.r.IntN(len(h.before))] = who
		}
	}
	theatre := h.r.IntN(theatres)
	surgeon, scrub := h.people[h.r.IntN(members)], h.people[h.r.IntN(members)]
	surgeon.Role, scrub.Role = "surgeon", "scrub"
	opening.Drafts = append(opening.Drafts, trace.Draft{Occurred: h.now, Provenance: trace.Scanned, Fact: trace.ProcedureFact{Procedure: p, Patient: who,
		Code: trace.Code{System: "OPCS-4", Code: fmt.Sprintf("W%03d", 100+h.r.IntN(300))}, Side: trace.Sides()[h.r.IntN(2)],
		Place:  trace.Place{GLN: fmt.Sprintf("999000000%03d0", theatre), Name: fmt.Sprintf("Theatre %d", theatre+1)},
		People: []trace.Person{surgeon, scrub}, Start: h.now, End: h.now.Add(time.Hour)}})
	all := []trace.Command{opening}
	for i := range 1 + h.r.IntN(usagesMost) {
		all = append(all, h.usage(p, h.now.Add(time.Duration(i)*5*time.Minute)))
	}
	return all
}

// usage makes one device's usage, with the barcode that was read and the verdict
// that the screen gave.
func (h *hospital) usage(p trace.ProcedureID, at time.Time) trace.Command {
	u := h.r.Float64()
	pr := &h.products[int(products*u*u)]
	if pr.left == 0 {
		pr.lotsDone++
		// Small lots are as common as large ones are rare.
		pr.left = int(lotLeast * math.Pow(lotMost/lotLeast, h.r.Float64()))
		pr.lot = fmt.Sprintf("%c%d-%04d", 'A'+rune(h.r.IntN(26)), pr.lotsDone, h.r.IntN(10000))
		pr.made = day(at.AddDate(0, -3, -h.r.IntN(90)))
		pr.expiry = day(at.AddDate(4, 0, h.r.IntN(365)))
	}
	pr.left--
	h.usages++
	d := udi.Device{Agency: udi.AgencyGS1, DI: pr.di, Lot: pr.lot, Expiry: pr.expiry, Manufactured: pr.made}
	text := "01" + d.DI + "11" + short(d.Manufactured) + "17" + short(d.Expiry) + "10" + d.Lot
	if pr.serials {
		d.Serial = fmt.Sprintf("%s%07d", pr.lot[:1], h.usages)
		text += "\x1d21" + d.Serial
	}
	verdict := check.Device(check.Facts{Now: at, Meaning: udi.Understand("]d2"+text, at), Product: &trace.Product{DI: d.DI, Maker: "Maker"}, Procedure: trace.Procedure{ID: p, Start: at},
		Lists: []trace.NamedBy{trace.ByRecall, trace.ByQuarantine}}, nil)
	h.lots[lotOf{d.DI, d.Lot}]++
	id := trace.EventID(h.id())
	return trace.Command{ID: id, Canonical: id[:], By: trace.Actor{Via: "page"}, Drafts: []trace.Draft{{Occurred: at, Provenance: trace.Scanned,
		Fact: trace.UsageFact{Usage: trace.UsageID(id), Procedure: p, Status: h.outcome(), Device: d,
			Carriers: []trace.Carrier{{Text: text, Symbology: "]d2", Source: "serial"}},
			Verdict:  verdict}}}}
}

// outcome is mostly that the device was implanted.
func (h *hospital) outcome() trace.Status {
	switch h.r.IntN(20) {
	case 0:
		return trace.NotUsed
	case 1:
		return trace.Wasted
	}
	return trace.Implanted
}

// allLots are all lots of which pieces were used, in the order of their names.
func (h *hospital) allLots() []lotOf {
	return slices.SortedFunc(maps.Keys(h.lots), func(a, b lotOf) int { return cmp.Or(cmp.Compare(a.di, b.di), cmp.Compare(a.lot, b.lot)) })
}

func di(n int) string {
	body := fmt.Sprintf("0999%09d", n)
	check, err := gs1.CheckDigit(body)
	if err != nil {
		panic(err) // thirteen digits; cannot happen
	}
	return body + string(check)
}

// nhsNumber is the n-th number (from 0) of those that belong to nobody:
// 999 000 0000 to 999 999 9999. A check digit of 10 leaves a number out; its
// neighbour is taken.
func nhsNumber(n int) string {
	for {
		digits := fmt.Sprintf("999%06d", n%1_000_000)
		sum := 0
		for i, d := range digits {
			sum += int(d-'0') * (10 - i)
		}
		if check := (11 - sum%11) % 11; check < 10 {
			return digits + fmt.Sprint(check)
		}
		n++
	}
}

func day(t time.Time) udi.Date {
	return udi.Date{Day: t.Format(time.DateOnly), Precision: udi.PrecisionDay}
}

func short(d udi.Date) string { return d.Day[2:4] + d.Day[5:7] + d.Day[8:] }
