package check_test

import (
	"slices"
	"testing"

	"implantrace/internal/check"
	"implantrace/internal/trace"
)

// full is a product of which everything is known.
func full(t *testing.T, kind trace.ProductKind) trace.Product {
	t.Helper()
	p := trace.Product{DI: "07611994064584", Maker: "M", Brand: "B", CatalogueNo: "C", Description: "D"}
	for name, value := range map[string]string{"kind": string(kind), "side": "not-applicable", "head_diameter": "32 mm", "inner_diameter": "32 mm", "outer_diameter": "50 mm", "length": "100 mm",
		"taper": "12/14", "size": "3", "model": "CW-3", "power": "+21.0 D", "material": "x", "bearing": "ceramic", "single_use": "yes", "sterile": "yes", "latex": "no", "implantable": "yes", "mri": "safe"} {
		f, ok := trace.FieldOf(name)
		if !ok {
			t.Fatal(name)
		}
		if err := f.Set(&p.Attributes, value); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

// asked are facts in which every rule about a product has something to ask.
func asked(t *testing.T, p trace.Product) check.Facts {
	t.Helper()
	f := good()
	f.Product = &p
	f.Procedure.LatexAllergy = trace.Yes
	f.Earlier = []trace.UsageInFull{{Usage: trace.Usage{Status: trace.Opened}}}
	for _, k := range trace.ProductKinds() {
		other := full(t, k)
		other.Attributes.Bearing = trace.BearingMetal // else the bearing of this one is no matter
		f.With = append(f.With, check.Component{Product: other})
	}
	f.With = slices.DeleteFunc(f.With, func(c check.Component) bool {
		return c.Product.Attributes.Kind == trace.KindLiner && p.Attributes.Kind == trace.KindCup // a cup is a socket where there is no liner
	})
	like := full(t, p.Attributes.Kind)
	like.Attributes.Packs = nil
	f.Plan = &trace.Plan{Items: []trace.PlanItem{{Maker: "M", Attributes: like.Attributes}}}
	return f
}

func without(t *testing.T, p trace.Product, name string) trace.Product {
	t.Helper()
	if name == "maker" {
		p.Maker = ""
		return p
	}
	f, ok := trace.FieldOf(name)
	if !ok {
		t.Fatalf("there is no field %q", name)
	}
	if err := f.Set(&p.Attributes, ""); err != nil {
		t.Fatal(err)
	}
	return p
}

// What a rule says that it wants is what it cannot do without: it runs when all is
// known, and does not when one of the fields is missing.
func TestARuleCannotRunWithoutWhatItWants(t *testing.T) {
	for _, r := range check.Rules() {
		if r.Wants == nil {
			continue
		}
		for _, kind := range trace.ProductKinds() {
			fields, of := r.Wants(kind)
			if !of {
				continue
			}
			if found := r.Ask(asked(t, full(t, kind))); found.Result == check.Unknown || found.Result == check.NotApplicable {
				t.Errorf("%s of a %s does not run though all is known: %+v", r.ID, kind, found)
			}
			for _, name := range fields {
				found := r.Ask(asked(t, without(t, full(t, kind), name)))
				if found.Result == check.Passed || found.Result == check.NotApplicable {
					t.Errorf("%s of a %s wants the %s, and answers without it: %+v", r.ID, kind, name, found)
				}
			}
		}
	}
}

func TestReadiness(t *testing.T) {
	of := func(p *trace.Product, s check.Settings) map[string][]string {
		all := make(map[string][]string)
		for _, r := range check.Readiness(p, s) {
			all[r.Rule] = r.Missing
		}
		return all
	}
	p := without(t, full(t, trace.KindHead), "taper")
	got := of(&p, check.Settings{"latex": {Off: true}})
	if !slices.Equal(got["hip-taper"], []string{"taper"}) || got["hip-size"] != nil || got["side"] != nil {
		t.Errorf("%v", got)
	}
	for rule, why := range map[string]string{"latex": "it is switched off", "knee-makers": "a head is in no knee", "expiry": "it goes by no catalogue"} {
		if _, there := got[rule]; there {
			t.Errorf("%s is listed, and %s", rule, why)
		}
	}
	if _, there := got["hip-size"]; !there {
		t.Error("a rule that can run is listed too")
	}
	p = without(t, full(t, trace.KindHead), "kind")
	if got := of(&p, nil); !slices.Equal(got["hip-size"], []string{"kind"}) || !slices.Equal(got["knee-makers"], []string{"kind"}) || got["mri"] != nil {
		t.Errorf("of no known kind: %v", got)
	}
	if got := of(nil, nil); !slices.Equal(got["hip-size"], []string{check.NotInCatalogue}) || !slices.Equal(got["product"], []string{check.NotInCatalogue}) {
		t.Errorf("nobody knows it: %v", got)
	}
}
