package recall_test

import (
	"slices"
	"strings"
	"testing"

	"implantrace/internal/bounds"
	"implantrace/internal/recall"
)

const pasted = `URGENT FIELD SAFETY NOTICE                 FSCA-2026-014
Northmoor Orthopaedics: Fellside femoral stem
Date issued: 3 March 2026
National alert NatPSA/2026/003/MHRA. Action underway by 10/03/2026, complete by 31 March 2026

Product: Fellside, REF NM-100-05 and NM-100-06, GTIN 09520140001039 (box of ten: 19520140001036)
UDI-DI 09520140001038 was printed on some boxes.
Lot numbers: K4401B, K4402B and K4405B to K4412B.
Serial number range: SN-0100 – SN-0149
Affected devices were manufactured between 1 February 2024 and 30 June 2024.

Batch codes:
NM24-0001
NM24-0002, NM24-0003

Please telephone 0999 555 0100 with the number of patients.
`

func TestProposalsOfAPastedNotice(t *testing.T) {
	var got []string
	for _, p := range recall.Propose(pasted) {
		s := p.Field + " " + p.String()
		if p.Doubt != "" {
			s += " ?"
		}
		got = append(got, s)
		if p.Line == "" || !strings.Contains(pasted, strings.TrimSuffix(p.Line, "...")) {
			t.Errorf("%+v says no line", p)
		}
	}
	want := []string{"reference FSCA-2026-014", "issued 2026-03-03", "reference NatPSA/2026/003/MHRA", "underway_by 2026-03-10 ?",
		"di 09520140001039", "di 19520140001036", "catalogue_no NM-100-05", "catalogue_no NM-100-06", "di 09520140001038 ?",
		"lot K4401B", "lot K4402B", "lot K4405B to K4412B", "serial SN-0100 to SN-0149", "made 2024-02-01 to 2024-06-30",
		"lot NM24-0001", "lot NM24-0002", "lot NM24-0003"}
	for _, w := range want {
		if !slices.Contains(got, w) {
			t.Errorf("%s is not proposed", w)
		}
	}
	for _, g := range got {
		if !slices.Contains(want, g) {
			t.Errorf("%s is proposed", g)
		}
	}
}

func FuzzPropose(f *testing.F) {
	f.Add(pasted)
	f.Add("Lot\nSerial:\n1 - 2\n(01)(10)(21) 99 to 1")
	f.Fuzz(func(t *testing.T, s string) {
		var proposed []recall.Proposal
		bounds.Hold(t, func() { proposed = recall.Propose(s) })
		for _, p := range proposed {
			if p.String() == "" || p.Field == "" {
				t.Errorf("%+v", p)
			}
		}
	})
}
