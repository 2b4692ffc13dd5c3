package practice

import (
	"strings"

	"implantrace/internal/demo"
	"implantrace/internal/symbol"
	"implantrace/internal/theatre"
	"implantrace/internal/udi"
)

// Label is one thing to print and scan.
type Label struct {
	Key    string // by which the first case names it
	Title  string
	Lines  []string
	Text   string // as people write it: "(01)09520171..."
	Scan   string // as a reader sends it
	Symbol symbol.Matrix
}

// Sheet is a part of the page of labels.
type Sheet struct {
	Title, About string
	Labels       []Label
}

// The keys of the labels that the first case asks for.
const (
	Wristband = "wristband"
	Badge     = "badge"
	Place     = "place"
	Procedure = "procedure"
	Expired   = "expired"
	Stem      = "stem"
	Opened    = "opened"
	Implanted = "implanted"
	Returned  = "returned"
)

// Expiry of what is in date, and of what is not. They are far from today, so that a
// printed sheet lasts.
const (
	inDate  = "390630"
	outDate = "240131"
)

// The lots of the packs.
const (
	lot         = "PRACTICE1"
	expiredLot  = "PRACTICE2"
	twoCodesLot = "PRACTICE3"
)

// Sheets are all labels.
func Sheets() ([]Sheet, error) {
	p := demo.Practise()
	var err error
	gs1 := func(key, title, elements string, lines ...string) Label {
		m, e := symbol.GS1(elements)
		if e != nil && err == nil {
			err = e
		}
		return Label{key, title, lines, written(elements), "]d2" + elements, m}
	}
	plain := func(key, title, text string, lines ...string) Label {
		m, e := symbol.Plain(text)
		if e != nil && err == nil {
			err = e
		}
		return Label{key, title, lines, text, "]d1" + text, m}
	}
	pack := func(key, title string, of demo.PracticeProduct, expires, lot, more string) Label {
		return gs1(key, title, "01"+of.DI+"17"+expires+"10"+lot, of.Maker, of.Description, "Use by 20"+expires[:2]+"-"+expires[2:4]+"-"+expires[4:], "LOT "+lot, more)
	}
	actions := Sheet{Title: "What became of a device", About: "Scan a device first, then one of these."}
	for _, a := range theatre.ActionCodes() {
		m := udi.Understand("]d1"+a.Text, noTime)
		actions.Labels = append(actions.Labels, plain(string(m.Action), a.Words, a.Text))
	}
	sheets := []Sheet{
		{"Patients", "Two patients who do not exist.", []Label{
			gs1(Wristband, "Wristband of Patricia Practice", p.Wristband, "NHS number 999 000 0018", "Born 14 March 1951"),
			gs1("other-wristband", "Wristband of Oliver Otherby", p.OtherWristband, "NHS number 999 000 0026", "Born 2 July 1948", "Scan it while the case of Patricia is open: the page says Stop."),
		}},
		{"People, place and procedure", "", []Label{
			gs1(Badge, "Badge of "+p.BadgeOf, p.Badge), gs1(Place, p.PlaceIs, p.Place),
			plain(Procedure, p.Procedure.Code+" "+p.Procedure.Text, udi.Procedure{System: udi.SystemOPCS4, Code: strings.ReplaceAll(p.Procedure.Code, ".", "")}.SheetText()),
		}},
		{"Devices", "Empty packs. Nothing here is a product.", []Label{
			pack(Expired, "Shell, past its expiry", p.Shell, outDate, expiredLot, "The page says Stop."),
			pack(Stem, "Stem, in date", p.Stem, inDate, lot, ""),
			pack("head", "Head, in date", p.Head, inDate, lot, ""),
			gs1("liner-1", "Liner, code 1 of 2", "01"+p.Liner.DI, p.Liner.Maker, p.Liner.Description, "Scan both codes of this pack, one after the other."),
			gs1("liner-2", "Liner, code 2 of 2", "17"+inDate+"10"+twoCodesLot, "Use by 2039-06-30", "LOT "+twoCodesLot),
			pack("recalled", "Stem of a lot that is recalled", p.Recalled, inDate, demo.RecallLot, "The page says Stop."),
		}},
		actions,
	}
	for i := range sheets {
		for j := range sheets[i].Labels {
			sheets[i].Labels[j].Lines = without(sheets[i].Labels[j].Lines)
		}
	}
	return sheets, err
}

func without(lines []string) (all []string) {
	for _, l := range lines {
		if l != "" {
			all = append(all, l)
		}
	}
	return all
}

// ByKey finds a label.
func ByKey(sheets []Sheet, key string) (Label, bool) {
	for _, s := range sheets {
		for _, l := range s.Labels {
			if l.Key == key {
				return l, true
			}
		}
	}
	return Label{}, false
}
