package udi_test

import (
	"cmp"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"implantrace/internal/udi"
)

func TestNumbersAreInTheOrderInWhichTheyAreCounted(t *testing.T) {
	for _, in := range [][]string{
		{"1", "2", "9", "10", "99", "100", "1999", "123456789012345678", "1234567890123456789012"},
		{"A9", "A10", "A11", "B1"}, {"NM21-0417", "NM21-0418", "NM21-1000"}, {"SN0001", "SN0002", "SN0999"}, {"12", "12A", "12B", "13"},
	} {
		for i := range in {
			for j := range in {
				if got := cmp.Compare(udi.Order(in[i]), udi.Order(in[j])); got != cmp.Compare(i, j) {
					t.Errorf("%q is compared with %q as %d", in[i], in[j], got)
				}
			}
		}
	}
}

func TestOneOrderIsOneFold(t *testing.T) {
	number := rapid.StringOfN(rapid.RuneFrom([]rune("0019aAbO-/ ")), 0, 40, -1)
	rapid.Check(t, func(t *rapid.T) {
		a, b := number.Draw(t, "a"), number.Draw(t, "b")
		if (udi.Fold(a) == udi.Fold(b)) != (udi.Order(a) == udi.Order(b)) {
			t.Fatalf("%q and %q", a, b)
		}
	})
	digits := rapid.StringMatching("[1-9][0-9]{0,60}")
	rapid.Check(t, func(t *rapid.T) {
		a, b := digits.Draw(t, "a"), digits.Draw(t, "b")
		x, _ := new(big.Int).SetString(a, 10)
		y, _ := new(big.Int).SetString(b, 10)
		if cmp.Compare(udi.Order(a), udi.Order(b)) != x.Cmp(y) {
			t.Fatalf("%s and %s", a, b)
		}
	})
}

func TestAnOrderTellsItsFold(t *testing.T) {
	number := rapid.StringOfN(rapid.RuneFrom([]rune("0123456789aAbOÄ-/ ")), 0, 60, -1)
	rapid.Check(t, func(t *rapid.T) {
		n := number.Draw(t, "number")
		if strings.Trim(n, "-/ ") == "" {
			return // folds to itself, whatever it is
		}
		if got, ok := udi.Unorder(udi.Order(n)); !ok || got != udi.Fold(n) {
			t.Fatalf("%q comes back as %q, %v", n, got, ok)
		}
	})
	for _, none := range []string{"9", "?", "?\x00", "?\x00\x40", "3A1"} {
		if got, ok := udi.Unorder(none); ok {
			t.Errorf("%q is of %q", none, got)
		}
	}
	rapid.Check(t, func(t *rapid.T) { udi.Unorder(rapid.String().Draw(t, "anything")) })
}
