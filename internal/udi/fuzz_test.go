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
		"]d280060761199406458401021020", "]A0*+A99912345/$$52001510X3/16D20111212/S77DEFG457*", "]C0=+04000=/A9997XYZ100T0479=A99991712345600=,000012=>019031", "}d2010761199406458410A<GS>21B",
		"https://id.example.org/01/07611994064584/10/A%2FB?17=290322", "99IMT:A:quantity:4", "IMT:P:local:X", "0100304720400301211006155205193317210228101012131", "(01)07611994064584(7003)2903221230(17)290322",
		"=)yTE123456A", "A9990ABC123T048008", "+a99912345/$$52001510x3/16d20111212/s77defg457",
		"010500045611225310COV010917220901", "]d20107611994064584" + "17290200", "93Zo\xeb,B", "91RJC,1",
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
			if !inside(e.Offset, 0) {
				t.Errorf("element outside the reading: %+v", e)
			}
			literal := !m.Repaired() && m.Form != "plain" && m.Form != "bracketed" && m.Form != "dl_uri" && !strings.HasPrefix(m.Symbology, "]E")
			if literal && (!inside(e.Offset, len(e.Value)) || in[e.Offset:e.Offset+len(e.Value)] != e.Value) {
				t.Errorf("element %+v does not stand at its place", e)
			}
			if !e.Rejected {
				taken[e.Value] = true
			}
		}
		for _, r := range m.Repairs {
			if !inside(r.Offset, r.Length) || r.Code == "" || r.Message == "" {
				t.Errorf("repair %+v", r)
			}
		}
		standsWhereItSays(t, in, m)
		d := m.Device
		for _, v := range []string{d.Lot, d.Serial, d.Quantity, d.Variant, d.CatalogueNo, d.DonationID, d.Software, d.BasicUDI, d.SSCC} {
			if v != "" && !taken[v] {
				t.Errorf("%q is the value of no good element", v)
			}
		}
		if d.DI != "" && !strings.Contains(d.DI, " ") { // people write spaces between groups, so ParseDI leaves them out
			typed := d.DI
			switch { // ICCBBA's are typed with the identifier where their form alone does not tell
			case d.Agency == udi.AgencyICCBBA && len(d.DI) == 16:
				typed = "=/" + d.DI
			case d.Agency == udi.AgencyICCBBA:
				typed = "=)" + d.DI
			}
			if g, err := udi.ParseDI(typed); err != nil || g != d.DI {
				t.Errorf("DI %q: %q, %v", d.DI, g, err)
			}
			if !m.Repaired() && m.Form != "dl_uri" && !strings.Contains(strings.ReplaceAll(in, "\\(", "("), strings.TrimLeft(d.DI, "0")) {
				t.Errorf("DI %q was not read", d.DI)
			}
		}
		for _, r := range m.Readings {
			if r.Device.IsZero() || len(r.Elements) == 0 || !m.Damaged() || m.Kind != udi.KindDevice {
				t.Errorf("reading %+v", r)
			}
			for _, e := range r.Elements {
				if !inside(e.Offset, len(e.Value)) {
					t.Errorf("element of a reading outside: %+v", e)
				}
			}
		}
		parts := 0
		for _, filled := range []bool{!d.IsZero(), m.Patient != udi.Wristband{}, m.Staff != "", m.Place != udi.Place{}, m.Procedure != udi.Procedure{}, m.Action != ""} {
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
		if udi.Proves(in, now) && (m.Damaged() || m.Repaired()) {
			t.Error("a damaged or repaired reading proves itself right")
		}
		if m.HRF() != "" && (m.Damaged() || m.Kind != udi.KindDevice) {
			t.Errorf("human readable form %q", m.HRF())
		}
		p := udi.Join(m)
		if p.Device != d || p.Damaged() != m.Damaged() || len(p.Readings) != len(m.Readings) {
			t.Errorf("joined with nothing: %+v", p)
		}
	})
}

// Two carriers, whatever they say: no value that neither has, none where they
// differ, and every place inside its carrier.
func FuzzJoin(f *testing.F) {
	for _, s := range [][2]string{
		{"]C10107611994064584", "]C11729032210LOT1"}, {"+E260PPAUXEMO19+", "+$$8053290331260301104+$"}, {"]d20107611994064584", "]E04006381333931"},
		{"0106936775502064", "171807253011002160102"}, {"=/A9997XYZ100T0479", "=,000012"}, {"8018505089899900000183", "]d20107611994064584"},
		{"(01)07611994064584(17)290200", "(01)07611994064584(17)290228"}, {"(7003)2903221230", "(17)290322"}, {"", "\x1d"},
	} {
		f.Add(s[0], s[1])
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		texts := []string{a, b}
		carriers := []udi.Meaning{udi.Understand(a, now), udi.Understand(b, now)}
		p := udi.Join(carriers...)
		for _, i := range p.Issues {
			if i.Carrier < 0 || i.Carrier > 1 || i.Offset < 0 || i.Length < 0 || i.Offset+i.Length > len(texts[i.Carrier]) {
				t.Errorf("issue outside its carrier: %+v", i)
			}
		}
		for _, o := range p.Origins {
			if o.Carrier < 0 || o.Carrier > 1 || o.Offset < 0 || o.Offset+o.Length > len(texts[o.Carrier]) {
				t.Errorf("origin outside its carrier: %+v", o)
			}
		}
		x, y := carriers[0].Device, carriers[1].Device
		if what, mine, theirs, differ := x.Differs(y); differ {
			if _, conflict := p.Conflict(); !conflict {
				t.Errorf("the %s %q and %q are no conflict", what, mine, theirs)
			}
		} else if what, got, _, differ := p.Device.Differs(x.With(y)); differ || !x.With(y).Beyond(p.Device).IsZero() || !p.Device.Beyond(x.With(y)).IsZero() {
			t.Errorf("%+v of %+v and %+v: %s %q", p.Device, x, y, what, got)
		}
		other := udi.Join(carriers[1], carriers[0])
		if _, conflict := p.Conflict(); !conflict && other.Device != p.Device {
			t.Errorf("in this order %+v, in the other %+v", p.Device, other.Device)
		}
		switch got := carriers[0].BelongsTo(carriers[1]); got {
		case udi.Belongs:
			if x.DI == "" || x.DI != y.DI {
				t.Errorf("%+v belongs to %+v", x, y)
			}
		case udi.BelongsNot, udi.BelongsAsk:
		default:
			t.Errorf("belongs %q", got)
		}
	})
}

// What is taken as an identifier is one of an agency, and is taken again as itself.
func FuzzParseDI(f *testing.F) {
	for _, s := range []string{"07611994064584", "7611994064584", "(01)07611994064584", "4006381333931", "+A123BJC5D6E71G", "A123BJC5D6E71", "a123bjc5d6e71", "=/A9997XYZ100T0479", "=)yTE123456A", "1TE123456A", "A123-4.51", "", "=)", "+"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		di, err := udi.ParseDI(in)
		if err != nil {
			if di != "" {
				t.Errorf("%q: %q and %v", in, di, err)
			}
			return
		}
		if again, err := udi.ParseDI(di); err != nil && !strings.HasPrefix(strings.TrimSpace(in), "=") || err == nil && again != di {
			t.Errorf("%q is taken as %q, that as %q, %v", in, di, again, err)
		}
		if udi.AgencyOf(di) == "" && !strings.Contains(in, "=") {
			t.Errorf("%q is taken as %q, of no agency", in, di)
		}
	})
}
