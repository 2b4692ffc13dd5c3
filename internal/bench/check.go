package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"implantrace/internal/casework"
	"implantrace/internal/catalogue"
	"implantrace/internal/check"
	"implantrace/internal/command"
	"implantrace/internal/recall"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// Check is what all checks of one scan cost, from the reading's meaning to the
// verdict: facts gathered from the store, recall notices asked, rules asked.
type Check struct {
	Bench       string  `json:"bench"`
	Records     int     `json:"records"`  // usages
	Products    int     `json:"products"` // of the catalogue
	Notices     int     `json:"notices"`  // open, of another product each
	Scans       int     `json:"scans"`
	Rules       int     `json:"rules"` // answered, of the last scan
	FillSeconds float64 `json:"fill_s"`
	FirstMs     float64 `json:"check_first_ms"`
	MedianMs    float64 `json:"check_median_ms"`
	P95Ms       float64 `json:"check_p95_ms"`
	MaxMs       float64 `json:"check_max_ms"`
	// RulesMs is the median of the rules alone, over facts that are gathered.
	RulesMs float64 `json:"rules_median_ms"`
}

// noticesOpen is how many recall notices are open while it is measured.
const noticesOpen = 20

// hipProducts are what is scanned: the components of a hip, each of a product of
// its own, and then a head of yet another.
var hipProducts = []trace.ProductKind{trace.KindStem, trace.KindCup, trace.KindLiner, trace.KindHead}

// Check fills a store and a catalogue, opens a hip revision with its other
// components scanned, and asks for the verdict on a head with a serial number.
func (b Bench) Check(ctx context.Context, records, productsMost, scans int) (c Check, err error) {
	t, err := b.bed(records)
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, t.close()) }()
	c = Check{Bench: "check", Records: records, Products: productsMost, Notices: noticesOpen, Scans: scans}
	start := time.Now()
	r := command.Recorder{Store: t.store, Clock: func() time.Time { return t.hospital.now }}
	office := &casework.Office{Recorder: r}
	r.Namers = []trace.Namer{office}
	if _, err := catalogue.Import(ctx, r, func(yield func(catalogue.Line, error) bool) {
		for i := range max(productsMost, products) {
			t.progress("catalogue", i, productsMost)
			if !yield(catalogue.Line{Number: i + 1, DI: di(i), Row: invented(i)}, nil) {
				return
			}
		}
	}, catalogue.Options{Source: "bench"}); err != nil {
		return c, err
	}
	// Behind the catalogue: what comes to be known of a product that is in use is
	// held against every device of it.
	if err := t.fill(ctx, records); err != nil {
		return c, err
	}
	for i := range noticesOpen {
		if err := t.notice(ctx, office, i); err != nil {
			return c, err
		}
	}
	c.FillSeconds = time.Since(start).Seconds()
	meta := func() command.Meta {
		return command.Meta{ID: trace.EventID(t.hospital.id()), Provenance: trace.Scanned, By: trace.Actor{Via: "bench"}}
	}
	p, err := r.OpenProcedure(ctx, command.OpenProcedure{Meta: meta(), Who: command.Who{NHSNumber: nhsNumber(1)}, Code: trace.Code{System: trace.SystemOPCS4, Code: "W37.1"}, Side: trace.SideLeft})
	if err != nil {
		return c, err
	}
	for i := range len(hipProducts) - 1 {
		u := command.RecordUsage{Meta: meta(), Procedure: p, Carriers: []trace.Carrier{{Symbology: "]d2", Text: "01" + di(i) + "17990101" + "10LOT"}}}
		if _, err := r.RecordUsage(ctx, u); err != nil {
			return c, err
		}
	}
	if err := r.SetPlan(ctx, command.SetPlan{Meta: meta(), Procedure: p, Items: []trace.PlanItem{{Attributes: trace.Attributes{Kind: trace.KindHead}}}}); err != nil {
		return c, err
	}
	open, err := t.store.Procedure(ctx, p)
	if err != nil {
		return c, err
	}
	var took, rules []time.Duration
	for i := range scans {
		t.progress("scanning", i, scans)
		of := 3 + 4*(i%(max(productsMost, products)/4-1)) // heads, one after another
		m := udi.Understand(fmt.Sprintf("]d201%s17990101"+"10LOT%d\x1d21S%06d", di(of), i%500, i), t.hospital.now)
		var v trace.Verdict
		one, err := timed(func() (err error) {
			v, err = r.Judge(ctx, command.Judged{Meaning: m, Procedure: open, Side: trace.SideLeft, At: t.hospital.now, Scan: &check.Scan{}})
			return err
		})
		if err != nil {
			return c, err
		}
		if c.Rules = len(v.Checks); c.Rules < 15 {
			return c, fmt.Errorf("only %d rules answered: %w", c.Rules, errNothing)
		}
		if i == 0 {
			c.FirstMs = float64(one.Nanoseconds()) / 1e6
		}
		took = append(took, one)
		known, err := t.store.Product(ctx, di(of))
		if err != nil {
			return c, err
		}
		one, _ = timed(func() error {
			check.Device(check.Facts{Now: t.hospital.now, Meaning: m, Product: &known, Procedure: open, Side: trace.SideLeft, Scan: &check.Scan{}}, nil)
			return nil
		})
		rules = append(rules, one)
	}
	c.MedianMs, c.P95Ms, c.MaxMs, c.RulesMs = median(took), quantile(took, 95), quantile(took, 100), median(rules)
	return c, nil
}

// notice opens a recall notice of fifty lots of one product.
func (t *bed) notice(ctx context.Context, office *casework.Office, i int) error {
	c := casework.SaveNotice{Notice: recall.Notice{Title: fmt.Sprintf("Invented notice %d", i), References: []recall.Reference{{Of: "FSCA", Number: fmt.Sprint(i)}},
		Criteria: recall.Criteria{DIs: recall.Texts{di(1000 + i)}}}}
	for lot := range 50 {
		c.Criteria.Lots = append(c.Criteria.Lots, recall.Number{Value: fmt.Sprintf("RECALLED%03d", lot)})
	}
	c.ID, c.Provenance, c.By = trace.EventID(t.hospital.id()), trace.Typed, trace.Actor{Via: "bench"}
	_, err := office.Save(ctx, c)
	return err
}

// invented is the i-th row of an invented catalogue: components of hips in turns.
func invented(i int) trace.CatalogueRow {
	row := trace.CatalogueRow{DI: di(i), Maker: fmt.Sprintf("Invented %d", i%50), Brand: fmt.Sprintf("Brand %d", i%997), CatalogueNo: fmt.Sprintf("C-%06d", i),
		Description: fmt.Sprintf("Invented component %d of a hip, cemented, size %d", i, i%12),
		Attributes: trace.Attributes{Kind: hipProducts[i%len(hipProducts)], Side: trace.SideNone, Taper: "12/14", Bearing: trace.BearingCeramic, SingleUse: trace.Yes, Sterile: trace.Yes,
			Latex: trace.No, MRI: trace.MRIConditional, Implantable: trace.Yes}}
	size, _ := trace.ParseMeasure("32 mm", trace.Millimetre) // a constant
	switch row.Attributes.Kind {
	case trace.KindHead:
		row.Attributes.Head = size
	case trace.KindLiner, trace.KindCup:
		row.Attributes.Inner = size
	}
	return row
}
