package storetest

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

func numbered(t *testing.T, open Open) {
	ctx := context.Background()
	s := open(t, t.TempDir(), ticking())
	defer s.Close()
	_, _, p, u := newIDs()
	put(t, s, trace.NewEventID(), usage(u, p, di1, "A", "S1"))
	none := trace.UsageID(trace.NewEventID())
	put(t, s, trace.NewEventID(), usage(none, p, "", "B", ""))
	// More than a page of rows, so that one leads to the next.
	for range 600 {
		put(t, s, trace.NewEventID(), usage(trace.UsageID(trace.NewEventID()), p, di2, "C", ""))
	}
	correct := func(f trace.UsageFact) {
		put(t, s, trace.NewEventID(), trace.Draft{Provenance: trace.Typed, Occurred: start, Fact: f})
	}
	correct(trace.UsageFact{Usage: u, Device: udi.Device{Lot: "Z"}, Damaged: true})
	rows := func(di string) (all []string) {
		for n, err := range s.Numbers(ctx, di) {
			if err != nil {
				t.Fatal(err)
			}
			n.Usage = trace.UsageID{}
			all = append(all, fmt.Sprintf("%+v", n))
		}
		slices.Sort(all)
		return all
	}
	row := func(n trace.Numbered) string { return fmt.Sprintf("%+v", n) }
	want := []string{row(trace.Numbered{Lot: "Z", Serial: "S1", ByHand: true, Unsure: true}), row(trace.Numbered{Lot: "A", Serial: "S1", Former: true, ByHand: true, Unsure: true})}
	slices.Sort(want)
	if got := rows(di1); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	// A serial number that was corrected is found beside the one that counts, and a
	// lot that no folding keeps is what was read.
	odd := trace.UsageID(trace.NewEventID())
	put(t, s, trace.NewEventID(), usage(odd, p, "PLAIN", "?:\x009-", "S2"))
	correct(trace.UsageFact{Usage: odd, Device: udi.Device{Serial: "S3\x00"}})
	want = []string{row(trace.Numbered{Lot: "?:\x009-", Serial: "S2", Former: true, ByHand: true}), row(trace.Numbered{Lot: "?:\x009-", Serial: "S3\x00", ByHand: true})}
	slices.Sort(want)
	if got := rows("PLAIN"); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	// It is another product now, and still found under the old.
	correct(trace.UsageFact{Usage: u, Device: udi.Device{DI: di2}, Amend: trace.Amend{Clear: []string{"damaged"}, Withdraw: true}})
	former := row(trace.Numbered{Lot: "Z", Serial: "S1", Former: true, ByHand: true, Withdrawn: true})
	if got := rows(di1); len(got) != 2 || !slices.Contains(got, former) {
		t.Errorf("under what it was: %q", got)
	}
	if got := rows(di2); len(got) != 601 || !slices.Contains(got, row(trace.Numbered{Lot: "Z", Serial: "S1", ByHand: true, Withdrawn: true})) {
		t.Errorf("%d rows", len(got))
	}
	if got := rows(""); !slices.Equal(got, []string{row(trace.Numbered{Lot: "B"})}) {
		t.Errorf("without a product: %q", got)
	}
	for _, di := range []string{"0PLAIN", "00"} {
		put(t, s, trace.NewEventID(), usage(trace.UsageID(trace.NewEventID()), p, di, "A", ""))
	}
	var dis []string
	for di, err := range s.Identifiers(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		dis = append(dis, di)
	}
	if want := slices.Sorted(slices.Values([]string{di1, di2, "0PLAIN", "PLAIN", "00"})); !slices.Equal(dis, want) {
		t.Errorf("identifiers %q, want %q", dis, want)
	}
	// A catalogue number on a label finds its usage in every writing.
	correct(trace.UsageFact{Usage: none, Device: udi.Device{CatalogueNo: "NM-100"}})
	var found []trace.UsageID
	for h, err := range s.Candidates(ctx, trace.Query{Catalogue: "nm100"}) {
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, h.Usage.ID)
	}
	if !slices.Equal(found, []trace.UsageID{none}) {
		t.Errorf("by catalogue number: %v", found)
	}
}
