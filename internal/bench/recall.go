package bench

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"implantrace/internal/bolt"
	"implantrace/internal/recall"
	"implantrace/internal/trace"
)

// RecallSized is what finding everybody costs in a store of one size.
type RecallSized struct {
	Records  int     `json:"records"`                 // usages
	Searches int     `json:"searches"`                // each of another notice
	Looked   int     `json:"usages_looked_at_median"` // of the named product, in one search
	Patients int     `json:"patients_median"`         // affected, in an answer
	MedianMs float64 `json:"recall_median_ms"`        // to the complete list, with names
	P95Ms    float64 `json:"recall_p95_ms"`
	MaxMs    float64 `json:"recall_max_ms"`
}

// Stream is what it costs to hand on the matches of a notice of a family.
type Stream struct {
	Usages    int     `json:"family_usages"`
	FirstMs   float64 `json:"family_first_ms"` // to the first row
	Ms        float64 `json:"family_ms"`       // to the last
	AnonBytes int64   `json:"family_rss_anon_bytes"`
}

// Recall is what recalls cost, in a small store and in a large one.
type Recall struct {
	Bench       string      `json:"bench"`
	FillSeconds float64     `json:"fill_s"`
	Small       RecallSized `json:"small"`
	Large       RecallSized `json:"large"`
	Ratio       float64     `json:"recall_large_to_small"`
	Stream
	Single
}

// affected is how many patients a notice of the measurement finds.
const affected = 200

// Recall fills a store and asks for notices of a product, 50 lots and a range of
// serial numbers, at 10,000 usages (or fewer) and at the end; then it streams a
// notice of a family, to which one usage in twenty belongs, in a process of its own.
func (b Bench) Recall(ctx context.Context, records, searches int) (a Recall, err error) {
	t, err := b.bed(records)
	if err != nil {
		return a, err
	}
	defer func() { err = errors.Join(err, t.close()) }()
	a.Bench = "recall"
	start := time.Now()
	if a.Small, err = t.recalls(ctx, min(records, smallRecords), searches); err != nil {
		return a, err
	}
	if a.Large, err = t.recalls(ctx, records, searches); err != nil {
		return a, err
	}
	a.FillSeconds = time.Since(start).Seconds()
	if a.Small.MedianMs > 0 {
		a.Ratio = a.Large.MedianMs / a.Small.MedianMs
	}
	// The product that is used most makes a family.
	id := trace.EventID(t.hospital.id())
	if err := one(t.store.Append(ctx, trace.Command{ID: id, Canonical: id[:], By: trace.Actor{Via: "page"}, Drafts: []trace.Draft{{Provenance: trace.Typed,
		Fact: trace.ProductFact{DI: di(0), Maker: "Invented", Brand: "Family", Description: "Product used most"}}}})); err != nil {
		return a, err
	}
	for i := 1; i < products; i++ { // and the others are known, and are none of it
		id := trace.EventID(t.hospital.id())
		if err := one(t.store.Append(ctx, trace.Command{ID: id, Canonical: id[:], By: trace.Actor{Via: "page"}, Drafts: []trace.Draft{{Provenance: trace.Typed,
			Fact: trace.ProductFact{DI: di(i), Maker: "Invented", Brand: "Other", Description: "Product"}}}})); err != nil {
			return a, err
		}
	}
	if err := t.shut(); err != nil {
		return a, err
	}
	f, err := t.fresh(ctx, order{Family: "Family"})
	if err != nil {
		return a, err
	}
	a.Stream = f.Stream
	if err := t.open(); err != nil {
		return a, err
	}
	a.Single, err = t.single(ctx, 150)
	return a, err
}

// recalls fills the store up and measures it.
func (t *bed) recalls(ctx context.Context, records, searches int) (s RecallSized, err error) {
	if err := t.fill(ctx, records); err != nil {
		return s, err
	}
	quiet()
	s = RecallSized{Records: t.hospital.usages, Searches: searches}
	notices, err := t.notices(ctx)
	if err != nil {
		return s, err
	}
	var took []time.Duration
	var looked, patients []int
	for i := range len(notices) + searches {
		t.progress("searching", i, len(notices)+searches)
		m, err := notices[i%len(notices)].Compile(time.UTC)
		if err != nil {
			return s, err
		}
		var answer recall.Answer
		d, err := timed(func() (err error) { answer, err = recall.Search(ctx, t.store, m, t.hospital.now); return err })
		if err != nil {
			return s, err
		}
		if i >= len(notices) { // each was asked before
			took, looked, patients = append(took, d), append(looked, answer.Coverage.Looked), append(patients, answer.Patients)
		}
	}
	slices.Sort(looked)
	slices.Sort(patients)
	s.Looked, s.Patients = looked[len(looked)/2], patients[len(patients)/2]
	s.MedianMs, s.P95Ms, s.MaxMs = median(took), quantile(took, 95), quantile(took, 100)
	return s, nil
}

// notices are criteria that about 200 patients meet: products with serial
// numbers, spread over those used much and seldom; up to 50 lots, smallest first,
// and a range of serial numbers of another lot for the rest.
func (t *bed) notices(ctx context.Context) (all []recall.Criteria, err error) {
	byDI := make(map[string][]lotOf)
	for _, l := range t.hospital.allLots() {
		byDI[l.di] = append(byDI[l.di], l)
	}
	for _, p := range t.hospital.products {
		lots := byDI[p.di]
		if !p.serials || len(lots) < 2 {
			continue
		}
		slices.SortStableFunc(lots, func(a, b lotOf) int { return cmp.Compare(t.hospital.lots[a], t.hospital.lots[b]) })
		c, found := recall.Criteria{DIs: recall.Texts{p.di}}, 0
		// So many lots from the smallest on that they come to 200 pieces.
		sum, low := 0, 0
		for i, l := range lots {
			sum += t.hospital.lots[l]
			if i-low == 50 {
				sum -= t.hospital.lots[lots[low]]
				low++
			}
			if sum >= affected*9/10 {
				break
			}
		}
		for _, l := range lots[low:min(low+50, len(lots)-1)] {
			if found+t.hospital.lots[l] > affected {
				break
			}
			c.Lots, found = append(c.Lots, recall.Number{Value: l.lot}), found+t.hospital.lots[l]
		}
		for len(c.Lots) < 50 { // the rest of the fifty were never used here
			c.Lots = append(c.Lots, recall.Number{Value: lots[0].lot + "X" + string(rune('A'+len(c.Lots)%26)) + string(rune('A'+len(c.Lots)/26))})
		}
		var serials []string
		for n, err := range t.store.Numbers(ctx, p.di) {
			if err != nil {
				return nil, err
			}
			if n.Lot == lots[len(lots)-1].lot && n.Serial != "" {
				serials = append(serials, n.Serial)
			}
		}
		slices.Sort(serials)
		if left := min(len(serials), max(affected-found, 1)); left > 0 {
			c.Serials = recall.Numbers{{From: serials[0], To: serials[left-1]}}
		}
		if found += min(len(serials), max(affected-found, 1)); found >= affected*9/10 {
			all = append(all, c)
		}
	}
	if len(all) == 0 {
		for _, l := range t.hospital.allLots()[:1] { // a store too small for more
			all = append(all, recall.Criteria{DIs: recall.Texts{l.di}, Lots: recall.Named(l.lot)})
		}
	}
	return all, nil
}

// run streams a notice of a family, and sees how much memory that takes.
func (s *Stream) run(ctx context.Context, store *bolt.Store, brand string) error {
	m, err := recall.Criteria{Families: []recall.Family{{Brand: brand}}}.Compile(time.UTC)
	if err != nil {
		return err
	}
	var coverage recall.Coverage
	start := time.Now()
	since := func() float64 { return float64(time.Since(start).Nanoseconds()) / 1e6 }
	for _, err := range recall.Matches(ctx, store, m, start, &coverage) {
		if err != nil {
			return err
		}
		if s.Usages++; s.Usages == 1 {
			s.FirstMs = since()
		}
		if s.Usages%1000 == 0 {
			s.AnonBytes = max(s.AnonBytes, rss("RssAnon:"))
		}
	}
	s.Ms, s.AnonBytes = since(), max(s.AnonBytes, rss("RssAnon:"))
	return nil
}
