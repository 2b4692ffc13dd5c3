package catalogue_test

import (
	"strings"
	"testing"

	"implantrace/internal/bounds"
	"implantrace/internal/catalogue"
	"implantrace/internal/command"
	"implantrace/internal/trace"
)

// Whatever a table holds, what comes out of it is what a plan takes.
func FuzzReadPlan(f *testing.F) {
	f.Add("di,for_side,stays\n09520140001145,left,\n09520140001145,,yes\n")
	f.Add("kind;power;model\nlens;'+21.5 D;CW-3\n")
	f.Add("di\n\n")
	f.Add("kind,head_diameter\nhead,3.2 cm\n")
	f.Fuzz(func(t *testing.T, table string) {
		var items []trace.PlanItem
		var stays []trace.StaysItem
		var err error
		bounds.Hold(t, func() { items, stays, err = catalogue.ReadPlan([]byte(table)) })
		if err != nil {
			if k := trace.KindOf(err); k != trace.Invalid && k != trace.TooLarge {
				t.Fatalf("%q: %v", table, err)
			}
			if len(items)+len(stays) > 0 {
				t.Fatalf("%q was refused and taken in", table)
			}
			return
		}
		for _, i := range items {
			if again, err := command.PlanItem(i); err != nil || again.DI != i.DI || !again.Attributes.Equal(i.Attributes) {
				t.Fatalf("%q: %+v, %v", table, i, err)
			}
		}
		for _, s := range stays {
			if _, err := command.PlanItem(trace.PlanItem(s)); err != nil {
				t.Fatalf("%q: %+v, %v", table, s, err)
			}
		}
	})
}

func TestAPlanIsReadWhole(t *testing.T) {
	items, stays, err := catalogue.ReadPlan([]byte("\ufeffDI,For_Side,Stays,Kind,Power\n09520140001145,left,no,,\n,,yes,stem,\n,right,,lens,'+21.5 D\n"))
	if err != nil || len(items) != 2 || len(stays) != 1 {
		t.Fatalf("%+v, %+v, %v", items, stays, err)
	}
	if items[0].Side != trace.SideLeft || items[1].Attributes.Power.String() != "+21.5 D" || stays[0].Attributes.Kind != trace.KindStem {
		t.Errorf("%+v, %+v", items, stays)
	}
	_, _, err = catalogue.ReadPlan([]byte("kind,power\nlens,'+21.5 D\nlens,much\n"))
	if trace.KindOf(err) != trace.Invalid || !strings.Contains(err.Error(), "Line 3") || !strings.Contains(err.Error(), "Nothing was taken in") {
		t.Error(err)
	}
}
