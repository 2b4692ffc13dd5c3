package udi_test

import (
	"strings"
	"testing"

	"implantrace/internal/udi"
)

// Whatever is read: no panic, places inside the reading, and no value that was
// not read.
func FuzzUnderstand(f *testing.F) {
	for _, s := range []string{
		"", "]d20107611994064584172903221090M4GRUBJJGA", "0108025153000365101096438\x1d172206172155H02AE137", "(01)09506000117843(10)1234AB",
		"8018505089899900000183\x1d91RJC,949724,\x1d93JORDAN,Dwayne,29-Nov-1949,", "8018505089810096905383", "]E05012345678900", "+A99912345/$$52001510X3",
		"\x02]C1011234567890123115991231\x03\r\n", "8017505089800000000126", "4145050898000007254T4", "10857326005540", "]d2", "\x1d\x1d", "\xff\xfe",
		"]d280060761199406458401021020", "010500045611225310COV010917220901", "]d20107611994064584" + "17290200", "93Zo\xeb,B", "91RJC,1",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		m := udi.Understand(in, now)
		inside := func(offset, length int) bool { return offset >= 0 && length >= 0 && offset+length <= len(in) }
		for _, i := range m.Issues {
			if !inside(i.Offset, i.Length) {
				t.Errorf("issue outside the reading: %+v", i)
			}
			if i.Code == "" || i.Message == "" || i.Severity != "hard" && i.Severity != "association" && i.Severity != "warning" {
				t.Errorf("issue without a word: %+v", i)
			}
		}
		taken := make(map[string]bool)
		for _, e := range m.Elements {
			if bare := m.Form == "plain" || strings.HasPrefix(m.Symbology, "]E"); !bare && m.Form != "bracketed" && (!inside(e.Offset, len(e.Value)) || in[e.Offset:e.Offset+len(e.Value)] != e.Value) {
				t.Errorf("element %+v does not stand at its place", e)
			}
			if !e.Rejected {
				taken[e.Value] = true
			}
		}
		d := m.Device
		for _, v := range []string{d.Lot, d.Serial, d.Quantity, d.Variant, d.CatalogueNo} {
			if v != "" && !taken[v] {
				t.Errorf("%q is the value of no good element", v)
			}
		}
		if d.DI != "" {
			if g, err := udi.ParseDI(d.DI); err != nil || g != d.DI {
				t.Errorf("DI %q: %v", d.DI, err)
			}
			if !strings.Contains(strings.ReplaceAll(in, "\\(", "("), strings.TrimLeft(d.DI, "0")) {
				t.Errorf("DI %q was not read", d.DI)
			}
		}
		parts := 0
		for _, filled := range []bool{!d.IsZero(), m.Patient != udi.Wristband{}, m.Staff != "", m.Place != udi.Place{}} {
			if filled {
				parts++
			}
		}
		if parts > 1 || m.Kind == udi.KindText && parts > 0 {
			t.Errorf("%d parts are filled, kind %s", parts, m.Kind)
		}
		if n := m.Patient.NHSNumber; n != "" {
			if again, err := udi.ParseNHSNumber(string(n)); err != nil || again != n || !strings.Contains(in, string(n)) {
				t.Errorf("NHS number %q: %v", n, err)
			}
		}
		if udi.Proves(in, now) && m.Damaged() {
			t.Error("a damaged reading proves itself right")
		}
	})
}
