package scanner

import "testing"

func TestHardwareIDOfWindows(t *testing.T) {
	for name, want := range map[string][3]string{
		"VID_0C2E&PID_0CAA":           {"0c2e", "0caa", ""},
		"VID_05E0&PID_1701&MI_02":     {"05e0", "1701", "02"},
		"ROOT_HUB30":                  {},
		"VID_0C2E":                    {},
		"VID_0C2E1&PID_0CAA&REV_0100": {},
	} {
		vendor, product, face, ok := hardwareID(name)
		if ok != (want[0] != "") || ok && [3]string{vendor, product, face} != want {
			t.Errorf("%s: %s %s %s %t", name, vendor, product, face, ok)
		}
	}
}
