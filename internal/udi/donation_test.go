package udi

import "testing"

func TestDonationNumberIsShownAsItsLabelHasIt(t *testing.T) {
	for din, want := range map[string]string{"G12341765432170": "G1234 17 654321 (70) A", "A99991712345600": "A9999 17 123456 (00) 9", "none": "none"} {
		if got := DonationWords(din); got != want {
			t.Errorf("%s: %q, want %q", din, got, want)
		}
	}
	if got := DonationFacility("G12341765432170"); got != "G1234" {
		t.Errorf("%q", got)
	}
	if got := TissueProduct([]string{"=A99991712345600", "=<T0416003"}, present); got != "T0416003" {
		t.Errorf("%q", got)
	}
}
