package udi_test

import (
	"errors"
	"testing"

	"implantrace/internal/udi"
)

func TestIdentifiersOfTheThreeAgenciesAreTakenAsTyped(t *testing.T) {
	for _, c := range []struct {
		in, want string
		agency   udi.Agency
		err      error
	}{
		{"04006381333931", "04006381333931", udi.AgencyGS1, nil},
		{"4006381333931", "04006381333931", udi.AgencyGS1, nil},
		{"40063813", "", "", udi.ErrDICheck},
		{"400638", "", "", udi.ErrDILength},
		{"", "", "", udi.ErrDILength},
		{"A123BJC5D6E71", "A123BJC5D6E71", udi.AgencyHIBCC, nil},
		{"a123 bjc5d6e7 1", "A123BJC5D6E71", udi.AgencyHIBCC, nil},
		{"+A123BJC5D6E71G", "A123BJC5D6E71", udi.AgencyHIBCC, nil},
		{"+a123bjc5d6e71g", "A123BJC5D6E71", udi.AgencyHIBCC, nil},
		{"+A123BJC5D6E71H", "", "", udi.ErrDICheck},
		{"+A123", "", "", udi.ErrDICheck},
		{"+$$52001510X3+ ", "", "", udi.ErrDICheck},  // the space goes, and it was the check character
		{"+$$31202153C001L+", "", "", udi.ErrDIForm}, // no product in it
		{"A123-4.51", "A123-4.51", udi.AgencyHIBCC, nil},
		{"=/A9997XYZ100T0479", "A9997XYZ100T0479", udi.AgencyICCBBA, nil},
		{"a9997xyz100t0479", "A9997XYZ100T0479", udi.AgencyICCBBA, nil},
		{"19997XYZ100T0479", "19997XYZ100T0479", udi.AgencyICCBBA, nil},
		{"=)1TE123456A", "1TE123456A", udi.AgencyICCBBA, nil},
		{"1te123456a", "1TE123456A", udi.AgencyICCBBA, nil},
		{"=)yTE123456A", "yTE123456A", udi.AgencyICCBBA, nil},
		{"yTE123456A", "yTE123456A", udi.AgencyICCBBA, nil},
		{"=)1TE1234567", "1TE1234567", udi.AgencyICCBBA, nil},
		{"=)1TE", "", "", udi.ErrDIForm},
		{"=/A9997", "", "", udi.ErrDIForm},
		{"=/", "", "", udi.ErrDIForm},
		{"+A123BJC5D6é1G", "", "", udi.ErrDIForm},
		{"HELLO", "", "", udi.ErrDIForm},
	} {
		got, err := udi.ParseDI(c.in)
		if got != c.want || !errors.Is(err, c.err) || udi.AgencyOf(got) != c.agency {
			t.Errorf("%q: %q of %q, %v", c.in, got, udi.AgencyOf(got), err)
		}
	}
}

func TestBloodBagsAreContainers(t *testing.T) {
	for in, want := range map[string]bool{"=)1TE123456A": true, "=)yTE123456A": true, "=/A9997XYZ100T0479": false, "+A123BJC5D6E71G": false, "]d20107611994064584": false} {
		if d := udi.Understand(in, now).Device; d.DI == "" || d.Container() != want {
			t.Errorf("%s: %+v, container %v", in, d, !want)
		}
	}
}

// What a device prints of itself is read as the same device.
func TestHRFOfEveryAgencyIsReadBack(t *testing.T) {
	for _, d := range []udi.Device{
		{Agency: udi.AgencyGS1, DI: "07611994064584", Lot: "A(1", Serial: "S1", Manufactured: month("2024-02-29"), Expiry: udi.Date{Day: "2029-03-22", Precision: udi.PrecisionMinute, Time: "12:30"}},
		{Agency: udi.AgencyHIBCC, DI: "A123BJC5D6E71", Lot: "10X3", Serial: "77", Expiry: month("2029-03-31"), Manufactured: day("2024-01-31"), Quantity: "4"},
		{Agency: udi.AgencyHIBCC, DI: "A123BJC5D6E71", Lot: "10X3", Expiry: udi.Date{Day: "2029-03-22", Precision: udi.PrecisionHour, Time: "16:00"}},
		{Agency: udi.AgencyICCBBA, DI: "A9997XYZ100T0479", Serial: "000012", DonationID: "A99991712345600", Expiry: day("2019-01-31"), Manufactured: day("2017-02-01")},
		{Agency: udi.AgencyICCBBA, DI: "yTE123456A", Lot: "RZ12345678"},
	} {
		if m := udi.Understand(d.HRF(), now); m.Device != d || m.Damaged() {
			t.Errorf("%s: %+v, want %+v", d.HRF(), m.Device, d)
		}
	}
}

func TestDatesAreShownToTheHourAndMinute(t *testing.T) {
	for want, d := range map[string]udi.Date{"2029-03-22T16": {Day: "2029-03-22", Precision: udi.PrecisionHour, Time: "16:00"}, "2029-03-22T16:30": {Day: "2029-03-22", Precision: udi.PrecisionMinute, Time: "16:30"}} {
		if d.String() != want {
			t.Errorf("%s, want %s", d, want)
		}
	}
}
