package gs1

import (
	"fmt"
	"reflect"
	"testing"
)

// packCodes writes issues as "carrier: code AI offset+length".
func packCodes(issues []PackIssue) []string {
	list := []string{}
	for _, i := range issues {
		list = append(list, fmt.Sprintf("%d: %s %s %d+%d", i.Carrier, i.Code, i.AI, i.Offset, i.Length))
	}
	return list
}

func TestAssociationsOverCarriers(t *testing.T) {
	const gtinB = "95012345678903"
	for _, tt := range []struct {
		name     string
		carriers []string
		want     []string
	}{
		{"no carrier", nil, nil},
		{"two halves of a UDI", []string{"]C101" + gtinA, "]C11729013110ABC123"}, nil},
		{"halves the other way round", []string{"]C11729013110ABC123", "]C101" + gtinA}, nil},
		{"three carriers", []string{"]C11729013110ABC123", "]C121S1", "]C101" + gtinA}, nil},
		{"a half alone", []string{"]C11729013110ABC123"}, []string{"0: required-ai 17 5+6", "0: required-ai 10 13+6"}},
		{"EAN-13 beside a DataMatrix without a GTIN", []string{"]E09506000134352", "]d21729013110A"}, nil},
		{"DataMatrix and EAN-13 of one product", []string{"]d201" + gtinA + "10A", "]E09506000134352"}, nil},
		{"two GTINs", []string{"]d201" + gtinA + "10A", "]C101" + gtinB}, []string{"1: repeated-ai 01 5+14"}},
		{"one lot twice", []string{"]d201" + gtinA + "10A", "]C110A"}, nil},
		{"two lots", []string{"]d201" + gtinA + "10A", "]C110B"}, []string{"1: repeated-ai 10 5+1"}},
		{"two lots in three carriers", []string{"]d201" + gtinA + "10A", "]C110B", "]C110A"}, []string{"1: repeated-ai 10 5+1"}},
		{"AIs that exclude each other", []string{"]d201" + gtinA, "]C102" + gtinA, "]C13705"}, []string{
			"0: excluded-ai 01 5+14", "1: excluded-ai 02 5+14", "2: required-ai 37 5+2", // (37) also wants (00)
		}},
		{"weights of two precisions", []string{"]d201" + gtinA + "3102000100", "]C13103001000"}, []string{"0: excluded-ai 3102 23+6", "1: excluded-ai 3103 7+6"}},
		{"what is missing may be what could not be read", []string{"]C101" + gtinAX, "]C11729013110ABC123"}, nil},
		{"but not what is there twice", []string{"]C101" + gtinAX, "]C110A", "]C110B"}, []string{"2: repeated-ai 10 5+1"}},
		{"signed without serial", []string{"]d2" + "253" + "9506000134352", "]C18030AbC_"}, []string{"0: required-serial 253 6+13"}},
		{"signed with serial", []string{"]d2" + "253" + "9506000134352D1", "]C18030AbC_"}, nil},
		{"signed GCN without serial", []string{"]d2" + "255" + "9506000134352", "]C18030AbC_"}, []string{"0: required-serial 255 6+13"}},
		{"signed GRAI without serial", []string{"]d2" + "8003" + "09506000134352", "]C18030AbC_"}, []string{"0: required-serial 8003 7+14"}},
		{"signed GRAI with serial", []string{"]d2" + "8003" + "09506000134352A", "]C18030AbC_"}, nil},
		{"empty carrier", []string{"", "]C110A"}, nil}, // an empty reading is a hard issue
	} {
		t.Run(tt.name, func(t *testing.T) {
			var pack []*Result
			for _, c := range tt.carriers {
				pack = append(pack, Parse(c, Options{Now: testNow}))
			}
			got := Associations(pack...)
			if tt.want == nil {
				tt.want = []string{}
			}
			if c := packCodes(got); !reflect.DeepEqual(c, tt.want) {
				t.Errorf("got %q, want %q", c, tt.want)
			}
			for _, i := range got {
				if i.Severity != Association || i.Message == "" || i.Detail == "" {
					t.Errorf("%+v", i)
				}
			}
		})
	}
}

func TestAssociationsOfOneCarrierAreThoseOfParse(t *testing.T) {
	for _, v := range readVectors(t, "testdata/cases.jsonl") {
		r := Parse(v.Input, Options{Now: testNow})
		var want []Issue
		for _, i := range r.Issues {
			if i.Severity == Association {
				want = append(want, i)
			}
		}
		var got []Issue
		for _, i := range Associations(r) {
			if i.Carrier != 0 {
				t.Errorf("%s: carrier %d", v.ID, i.Carrier)
			}
			got = append(got, i.Issue)
		}
		if len(got) != len(want) || len(got) > 0 && !sameIssues(got, want) {
			t.Errorf("%s %q: %v, want %v", v.ID, v.Input, got, want)
		}
	}
}

// sameIssues compares without regard to order.
func sameIssues(a, b []Issue) bool {
	count := map[Issue]int{}
	for _, i := range a {
		count[i]++
	}
	for _, i := range b {
		count[i]--
	}
	for _, n := range count {
		if n != 0 {
			return false
		}
	}
	return true
}

func TestIssuesOfAssociationsExplain(t *testing.T) {
	want := []Issue{
		{CodeRequiredAI, Association, "17", 5, 6, "The expiry date is there without what belongs with it; there may be another barcode to scan.", "the AI must go with (01) or (02) or (03) or (255) or (8006) or (8026)"},
		{CodeRequiredAI, Association, "250", 14, 1, "The field 250 (SECONDARY SERIAL) is there without what belongs with it; there may be another barcode to scan.", "the AI must go with (01) or (8006)"},
		{CodeRequiredAI, Association, "250", 14, 1, "The field 250 (SECONDARY SERIAL) is there without what belongs with it; there may be another barcode to scan.", "the AI must go with (21)"},
	}
	if got := Parse("]C117290131250X", Options{Now: testNow}).Issues; !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
	r := Parse("(01)"+gtinA+"(37)5(10)A(10)B", Options{})
	for i, want := range []string{"the AI must not go with (37)", "the AI must go with (00)", "the AI must go with (02) or (8026)", "the AI came before with another value"} {
		if got := r.Issues[i].Detail; got != want {
			t.Errorf("detail %d: %s, want %s", i, got, want)
		}
	}
	if got := Parse("(8018)950600013435000011(7258)1/2", Options{}).Issues[0].Detail; got != "the AI must go with (8018)+(7259)" {
		t.Errorf("a group: %s", got)
	}
}
