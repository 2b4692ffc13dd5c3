package trace_test

import (
	"testing"

	"pgregory.net/rapid"

	"implantrace/internal/trace"
)

func TestMeasures(t *testing.T) {
	for _, c := range []struct{ text, unit, want string }{
		{"32", "mm", "32 mm"}, {"32 mm", "mm", "32 mm"}, {"3.2cm", "mm", "32 mm"}, {"28.0 Millimeter", "mm", "28 mm"}, {" 1 inch ", "mm", "25.4 mm"},
		{"0.0004 mm", "mm", "0 mm"}, {"0.0005 mm", "mm", "0.001 mm"}, {"36,0", "mm", ""}, {"-3 mm", "mm", ""}, {"12/14", "mm", ""}, {"1e3", "mm", ""},
		{"+21.5 D", "D", "+21.5 D"}, {"21", "D", "+21.0 D"}, {"\u22125.25 Dioptres", "D", "-5.25 D"}, {"0", "D", "0.0 D"}, {"21 mm", "D", ""}, {"21 D", "mm", ""},
		{"", "mm", ""}, {"mm", "mm", ""}, {"999999999999999999999", "mm", ""}, {"32 parsec", "mm", ""},
	} {
		m, err := trace.ParseMeasure(c.text, c.unit)
		if m.String() != c.want || (err == nil) != (c.want != "" || c.text == "") {
			t.Errorf("%q: %q, %v; want %q", c.text, m, err, c.want)
		}
	}
}

func TestAMeasureComesBackFromItsText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := trace.Measure{Thousandths: rapid.Int64Range(0, 1e8).Draw(t, "thousandths"), Unit: rapid.SampledFrom([]string{"mm", "D"}).Draw(t, "unit")}
		if m.Unit == "D" && rapid.Bool().Draw(t, "negative") {
			m.Thousandths = -m.Thousandths
		}
		var back trace.Measure
		if err := back.UnmarshalText([]byte(m.String())); err != nil || back != m {
			t.Fatalf("%+v is %q and comes back as %+v, %v", m, m, back, err)
		}
	})
}

func TestEveryAttributeComesBackFromItsText(t *testing.T) {
	values := map[string]string{"kind": "lens", "side": "not-applicable", "head_diameter": "32 mm", "inner_diameter": "36 mm", "outer_diameter": "52 mm", "length": "150 mm",
		"taper": "12/14", "size": "4N", "model": "SN60WF", "power": "+21.5 D", "material": "CoCr", "bearing": "metal", "single_use": "yes", "sterile": "no", "latex": "no",
		"implantable": "yes", "mri": "conditional", "packs": "17611994064581 x 5; 27611994064588 x 10 of 17611994064581", "unit_of_use": "07611994064584", "website": "https://patients.example/lens"}
	var all trace.Attributes
	for _, f := range trace.Fields() {
		want, ok := values[f.Name]
		if !ok {
			t.Fatalf("%s is not tried", f.Name)
		}
		if err := f.Set(&all, want); err != nil || f.Get(all) != want {
			t.Errorf("%s: %q came back as %q, %v", f.Name, want, f.Get(all), err)
		}
		if g, ok := trace.FieldOf(f.Name); !ok || g.Words != f.Words {
			t.Errorf("%s is not found by its name", f.Name)
		}
	}
	if len(trace.Fields()) != len(values) || all.IsZero() || !(trace.Attributes{}).IsZero() {
		t.Error("the fields and the struct differ")
	}
	if got := (trace.Attributes{}).Over(all); !got.Equal(all) {
		t.Errorf("laid under nothing it is %+v", got)
	}
	if got := all.Over(trace.Attributes{Kind: trace.KindStem}); !got.Equal(all) {
		t.Errorf("laid over another it is %+v", got)
	}
	for _, f := range trace.Fields() {
		a := all
		if err := f.Set(&a, ""); err != nil || f.Get(a) != "" {
			t.Errorf("%s does not become empty: %q, %v", f.Name, f.Get(a), err)
		}
		if a.Equal(all) {
			t.Errorf("Equal does not look at %s", f.Name)
		}
		if got := a.Over(all); !got.Equal(all) {
			t.Errorf("Over does not fill %s", f.Name)
		}
		var one trace.Attributes
		if err := f.Set(&one, values[f.Name]); err != nil || one.IsZero() {
			t.Errorf("IsZero does not look at %s", f.Name)
		}
	}
	for name, bad := range map[string]string{"kind": "leg", "side": "both", "packs": "17611994064581", "power": "5 mm", "size": "a\x00", "taper": string(make([]byte, 300))} {
		f, _ := trace.FieldOf(name)
		var a trace.Attributes
		if err := f.Set(&a, bad); trace.KindOf(err) == trace.Internal || !a.IsZero() {
			t.Errorf("%s took %q: %v", name, bad, err)
		}
	}
}
