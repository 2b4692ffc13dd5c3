package demo

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"implantrace/internal/trace"
)

// Source is the name under which the rows are meant to be imported.
const Source = "demo"

const (
	patientCount   = 120
	procedureCount = 200
)

// Rows is the history of the five years before now, as JSON lines for
// history.Import: a catalogue, 120 patients, 200 procedures, their devices, and
// a few corrections. None of it is refused, and none noticed. The same seed and
// now give the same bytes.
func Rows(seed int64, now time.Time) []byte {
	h := hospital{now: now.UTC().Truncate(time.Minute), rand: rand.New(rand.NewPCG(uint64(seed), 0x1d)), products: catalogued(), supplies: make(map[string]*supply)}
	h.patients = patients(h.rand, patientCount, h.now)
	h.begin()
	h.operate()
	h.revise()
	h.correct()
	return h.out()
}

// hospital is a history while it is being made.
type hospital struct {
	now      time.Time
	rand     *rand.Rand
	products []product
	patients []patient
	supplies map[string]*supply // by DI; never ranged over

	done  []procedure // in the order of their days
	used  []usage
	fixed []correction
}

// procedure is a procedure that was done, and its row.
type procedure struct {
	operation operation
	patient   int
	start     time.Time
	row       procedureRow
}

// usage is a device in a procedure, and its row.
type usage struct {
	procedure int // index
	product   product
	row       usageRow
}

// The rows as docs/import.md describes them.
type (
	productRow struct {
		Type         string `json:"type"`
		Ref          string `json:"ref"`
		DI           string `json:"di"`
		Maker        string `json:"maker"`
		MakerAddress string `json:"maker_address"`
		Brand        string `json:"brand"`
		CatalogueNo  string `json:"catalogue_no"`
		Description  string `json:"description"`
	}
	patientRow struct {
		Type        string `json:"type"`
		Ref         string `json:"ref"`
		NHSNumber   string `json:"nhs_number"`
		LocalIssuer string `json:"local_issuer,omitempty"`
		LocalNumber string `json:"local_number,omitempty"`
		Family      string `json:"family"`
		Given       string `json:"given"`
		Birth       string `json:"birth"`
	}
	procedureRow struct {
		Type       string         `json:"type"`
		Ref        string         `json:"ref"`
		Patient    string         `json:"patient"`
		Code       trace.Code     `json:"code"`
		Side       trace.Side     `json:"side"`
		Place      trace.Place    `json:"place"`
		People     []trace.Person `json:"people"`
		Start      time.Time      `json:"start"`
		End        time.Time      `json:"end"`
		Indication string         `json:"indication"`
	}
	carrierRow struct {
		Symbology string `json:"symbology"`
		Text      string `json:"text"`
	}
	usageRow struct {
		Type      string       `json:"type"`
		Ref       string       `json:"ref"`
		Procedure string       `json:"procedure"`
		Carriers  []carrierRow `json:"carriers,omitempty"`
		DI        string       `json:"di,omitempty"`
		Lot       string       `json:"lot,omitempty"`
		Serial    string       `json:"serial,omitempty"`
		Expiry    string       `json:"expiry,omitempty"`
		Status    trace.Status `json:"status,omitempty"`
		Location  string       `json:"location,omitempty"`
		Note      string       `json:"note,omitempty"`
	}
	thing struct {
		Type string `json:"type"`
		Ref  string `json:"ref"`
	}
	correction struct {
		Type     string            `json:"type"`
		Ref      string            `json:"ref"`
		Of       thing             `json:"of"`
		Set      map[string]string `json:"set,omitempty"` // json sorts the names
		Withdraw bool              `json:"withdraw,omitempty"`
		Reason   string            `json:"reason"`
	}
)

func (h *hospital) pick(k kind) product {
	var of []product
	for _, p := range h.products {
		if p.kind == k {
			of = append(of, p)
		}
	}
	return of[h.rand.IntN(len(of))]
}

// begin decides who has which operation on which day.
func (h *hospital) begin() {
	const days = 5*365 - 10
	type slot struct {
		operation operation
		day       int
	}
	var slots []slot
	for _, o := range operations {
		for range o.often {
			slots = append(slots, slot{o, 1 + h.rand.IntN(days)})
		}
	}
	slots = slots[:procedureCount-revisions]
	slices.SortStableFunc(slots, func(a, b slot) int { return b.day - a.day }) // days before now
	had := make(map[string]bool)
	order := h.rand.Perm(patientCount)
	for i, s := range slots {
		// Each patient comes once before anyone comes twice, and has no two
		// operations of one kind on one side.
		who := order[i%patientCount]
		side := s.operation.sides[h.rand.IntN(len(s.operation.sides))]
		for try := 0; had[fmt.Sprint(who, s.operation.location, side)] && try < 4*patientCount; try++ {
			who = h.rand.IntN(patientCount)
		}
		had[fmt.Sprint(who, s.operation.location, side)] = true
		h.done = append(h.done, h.procedure(s.operation, who, side, s.day))
	}
}

// procedure makes one, so many days ago, or on the Friday before a weekend.
// Operations begin between 8 and 16 o'clock.
func (h *hospital) procedure(o operation, who int, side trace.Side, daysAgo int) procedure {
	day := h.now.AddDate(0, 0, -daysAgo)
	switch day.Weekday() {
	case time.Saturday:
		day = day.AddDate(0, 0, -1)
	case time.Sunday:
		day = day.AddDate(0, 0, -2)
	}
	start := time.Date(day.Year(), day.Month(), day.Day(), 8, 5*h.rand.IntN(96), 0, 0, time.UTC)
	t := teams[o.specialty]
	people := []trace.Person{}
	for _, m := range []member{t.surgeons[h.rand.IntN(len(t.surgeons))], t.scrub[h.rand.IntN(len(t.scrub))], t.assistant[0]} {
		people = append(people, trace.Person{Code: m.badge, Name: m.name, Role: m.role})
	}
	return procedure{operation: o, patient: who, start: start, row: procedureRow{Type: "procedure", Patient: h.patients[who].ref, Code: o.code, Side: side,
		Place: trace.Place{GLN: t.place.gln, Extension: t.place.extension, Name: t.place.name}, People: people,
		Start: start, End: start.Add(time.Duration(o.minutes+h.rand.IntN(30)) * time.Minute), Indication: o.indication}}
}

// out writes the rows, each type behind those it refers to. Procedures are in
// the order of their days, so that no device is used before it was.
func (h *hospital) out() []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	put := func(row any) {
		if err := e.Encode(row); err != nil {
			panic("demo: " + err.Error()) // texts and times only
		}
	}
	for _, p := range h.products {
		put(productRow{"product", p.di, p.di, p.maker.name, p.maker.address, p.brand, p.catalogueNo, p.description})
	}
	for _, p := range h.patients {
		row := patientRow{Type: "patient", Ref: p.ref, NHSNumber: string(p.nhs), Family: p.family, Given: p.given, Birth: p.birth.Format(time.DateOnly)}
		if p.local != "" {
			row.LocalIssuer, row.LocalNumber = issuer, p.local
		}
		put(row)
	}
	for _, p := range h.done {
		put(p.row)
	}
	for _, u := range h.used {
		put(u.row)
	}
	for _, c := range h.fixed {
		put(c)
	}
	return b.Bytes()
}
