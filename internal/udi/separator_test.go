package udi_test

import (
	"testing"

	"implantrace/internal/udi"
)

func TestLostSeparatorIsFlagged(t *testing.T) {
	const di = "0105000456112253"
	for _, c := range []struct {
		name, in, lot, serial string
		severity              string // "": no flag
	}{
		{"expiry in the lot, from a keyboard wedge", di + "10COV010917220901", "", "", "hard"},
		{"expiry and serial in the lot", di + "10A1" + "172206172155H02", "", "", "hard"},
		{"two dates in the lot", di + "10A1" + "1122061717260617", "", "", "hard"},
		{"expiry without a day in the lot", di + "10A1" + "17220600", "A117220600", "", "warning"},
		{"expiry in the serial", di + "21S1" + "17260617", "", "", "hard"},
		{"many readers with an AIM identifier lose it all the same", "]d2" + di + "10COV010917220901", "", "", "hard"},
		{"a reader that sent another separator sends all", di + "21S1\x1d10COV010917220901", "COV010917220901", "S1", "warning"},
		{"closed by a separator", "]d2" + di + "10COV010917220901\x1d21S1", "COV010917220901", "S1", ""},
		{"in brackets", "(01)05000456112253(10)COV010917220901", "COV010917220901", "", ""},
		{"a real lot that looks like a serial behind it", di + "1019A21G8345", "19A21G8345", "", ""},
		{"no such month", di + "10A117221301", "A117221301", "", ""},
		{"no such day", di + "10A117220932", "A117220932", "", ""},
		{"more behind the date than a field", di + "10A1172209019", "A1172209019", "", ""},
		{"a lot that is a date", di + "1017220901", "17220901", "", ""},
		{"an ordinary lot", di + "100008918409", "0008918409", "", ""},
		{"a lot too long is damaged anyway", di + "10A1905221042920115956137", "", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := udi.Understand(c.in, now)
			i, _ := issue(m, udi.CodeSeparator)
			if m.Kind != udi.KindDevice || m.Device.DI != "05000456112253" || m.Device.Lot != c.lot || m.Device.Serial != c.serial || i.Severity != c.severity {
				t.Errorf("device %+v, issue %+v", m.Device, i)
			}
			if c.severity == "" {
				return
			}
			e := m.Elements[len(m.Elements)-1]
			if e.Rejected != (c.severity == "hard") || c.in[i.Offset:i.Offset+i.Length] != e.Value {
				t.Errorf("element %+v, issue %+v", e, i)
			}
		})
	}
}
