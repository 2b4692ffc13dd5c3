package gs1

import (
	"cmp"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// bracketedText writes elements as people do, by its own means.
func bracketedText(elements []Element) string {
	var b strings.Builder
	for _, e := range elements {
		b.WriteString("(" + string(e.AI) + ")" + strings.Join(strings.Split(e.Value, "("), `\(`))
	}
	return b.String()
}

// bare drops offsets.
func bare(r *Result) []Element {
	list := []Element{}
	for e := range r.Elements() {
		list = append(list, Element{AI: e.AI, Value: e.Value})
	}
	return list
}

type failer interface {
	Helper()
	Errorf(format string, args ...any)
}

// checkOutputs writes elements in all forms and reads them back, strictly and not.
func checkOutputs(t failer, want []Element) {
	t.Helper()
	r := Parse(bracketedText(want), Options{Now: testNow})
	if !r.Valid() || r.Form != FormBracketed || !reflect.DeepEqual(bare(r), want) {
		t.Errorf("%s: %v %v", bracketedText(want), bare(r), codes(r))
		return
	}
	same := func(what, text string, form Form, o Options) {
		t.Helper()
		o.Now = testNow
		again := Parse(text, o)
		if !again.Valid() || again.Form != form || !reflect.DeepEqual(bare(again), want) {
			t.Errorf("%s %q is %v, %v, %q; want %v", what, text, again.Form, bare(again), codes(again), want)
		}
		if a, b := associationsOf(again), associationsOf(r); !slices.Equal(a, b) {
			t.Errorf("%s %q has association issues %v, and in brackets %v", what, text, a, b)
		}
	}
	text := r.ElementString()
	for _, o := range []Options{{}, {Strict: true}, {UnknownAIs: true}, {ShortGTINs: true}} {
		same("HRI", r.HRI(), FormBracketed, o)
		same("element string", text, FormElementString, o)
		for _, symbology := range []string{"]d2", "]C1", "]e0", "]Q3", "]J1"} {
			same("scan data", r.ScanData(symbology), FormScanData, o)
		}
	}
	same("plain Data Matrix", "]d1"+text, FormScanData, Options{})
	checkDigitalLink(t, r, want)
}

func associationsOf(r *Result) []string {
	list := []string{}
	for _, i := range r.Issues {
		if i.Severity == Association {
			list = append(list, i.Code+" "+string(i.AI)+" "+i.Detail)
		}
	}
	return list
}

func checkDigitalLink(t failer, r *Result, want []Element) {
	t.Helper()
	uri, err := r.DigitalLink()
	key := slices.IndexFunc(want, func(e Element) bool { return lookup(string(e.AI)).key })
	switch {
	case key < 0:
		if !errors.Is(err, ErrNoKey) {
			t.Errorf("%v: %q, %v; there is no key", want, uri, err)
		}
		return
	case err != nil:
		// Some AI is no attribute, or qualifies the key in another sequence.
		qualifies := slices.Concat(lookup(string(want[key].AI)).qualifiers...)
		if !errors.Is(err, ErrNoPlace) || !slices.ContainsFunc(want, func(e Element) bool {
			return e.AI != want[key].AI && (!lookup(string(e.AI)).attribute || slices.Contains(qualifies, e.AI))
		}) {
			t.Errorf("%v: %v", want, err)
		}
		return
	}
	byAI := func(a, b Element) int { return cmp.Compare(a.AI, b.AI) }
	for _, o := range []Options{{}, {Strict: true}, {ShortGTINs: true}} {
		o.Now = testNow
		again := Parse(uri, o)
		if !again.Valid() || again.Form != FormDigitalLink || !slices.Equal(slices.SortedFunc(slices.Values(bare(again)), byAI), slices.SortedFunc(slices.Values(want), byAI)) {
			t.Errorf("%q is %v, %v, %q; want %v", uri, again.Form, bare(again), codes(again), want)
		}
		if u, err := again.DigitalLink(); u != uri || err != nil {
			t.Errorf("%q in canonical form is %q, %v", uri, u, err)
		}
	}
}

// TestOutputsReadBack writes several elements of any AIs, none of them twice.
func TestOutputsReadBack(t *testing.T) {
	all := allAIs()
	keys := slices.DeleteFunc(slices.Clone(all), func(ai AI) bool { return !lookup(string(ai)).key })
	if len(all) != 541 || len(keys) != 16 {
		t.Fatalf("%d AIs, %d keys", len(all), len(keys))
	}
	rapid.Check(t, func(t *rapid.T) {
		ais := rapid.SliceOfNDistinct(rapid.SampledFrom(all), 1, 8, rapid.ID[AI]).Draw(t, "AIs")
		if rapid.Bool().Draw(t, "with key") {
			key := rapid.SampledFrom(keys).Draw(t, "key")
			qualifiers := slices.Concat(lookup(string(key)).qualifiers...)
			attribute := func(ai AI) bool { return lookup(string(ai)).attribute && ai != key && !slices.Contains(qualifiers, ai) }
			ais = slices.DeleteFunc(ais, func(ai AI) bool { return !attribute(ai) })
			ais = append([]AI{key}, ais...)
			if sequences := lookup(string(key)).qualifiers; len(sequences) > 0 {
				for _, ai := range rapid.SampledFrom(sequences).Draw(t, "sequence") {
					if rapid.Bool().Draw(t, "qualifier") {
						ais = append(ais, ai)
					}
				}
			}
		}
		var want []Element
		for _, ai := range ais {
			m := newValueMaker(rapid.Uint64().Draw(t, "seed"))
			want = append(want, Element{AI: ai, Value: m.value(lookup(string(ai)))})
		}
		checkOutputs(t, want)
	})
}
