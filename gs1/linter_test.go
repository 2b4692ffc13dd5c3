package gs1

import (
	"strings"
	"testing"
)

// TestLinters gives each linter values that pass and values that fail, the bad
// span between bars.
func TestLinters(t *testing.T) {
	tests := []struct {
		name  string
		lint  linter
		code  string
		pass  string
		fails string
	}{
		{"csum", lintCsum, CodeCheckDigit, "09506000134352 95050003 9506000134352", "0950600013435|3| 9505000|4|"},
		{"csumalpha", lintCsumalpha, CodeCheckPair, `1987654Ad4X4bL5ttr2310c2K 22 !22 12345_abcdefghijklmN3 12345_!"%&'()*+,-./LC`, "1987654Ad4X4bL5ttr2310c|XK| |2| |33| 0987654Ad4X4bL5ttr2310c|2K|"},
		{"hasnondigit", lintHasnondigit, CodeValue, "1A2 X", "|12|"},
		{"gcppos1", lintGcppos1, CodeCompanyPrefix, "1234 1234A", "|123| 12|A|4 123|A|5"},
		{"gcppos2", lintGcppos2, CodeCompanyPrefix, "01234 A1234", "0|123| 012|A|5"},
		{"yymmdd", lintYymmdd, CodeDate, "260131 240229 991231", "26|13|01 26|00|01 2602|29| 2604|31| 2604|00|"},
		{"yymmd0", lintYymmd0, CodeDate, "260131 240229 000229", "26|13|00 26|00|00 2602|29| 2611|31|"},
		{"yyyymmdd", lintYyyymmdd, CodeDate, "20260131 20000229 18991231", "2026|13|01 190002|29| 202601|00|"},
		{"hh", lintHh, CodeTime, "00 23", "|24|"},
		{"mi", lintMi, CodeTime, "00 59", "|60|"},
		{"ss", lintSs, CodeTime, "00 59", "|60|"},
		{"hhmi", lintHhmi, CodeTime, "0000 2359", "|24|00 23|60|"},
		{"iso3166", lintIso3166, CodeCodeList, "826 056 004", "|999| |000| |005|"},
		{"iso3166999", lintIso3166999, CodeCodeList, "826 999", "|998|"},
		{"iso3166alpha2", lintIso3166alpha2, CodeCodeList, "GB BE ZW", "|UK| |gb| |XX|"},
		{"iso4217", lintIso4217, CodeCodeList, "826 978 924", "|000| |191|"},
		{"packagetype", lintPackagetype, CodeCodeList, "1A 9 ZZ 200", "|0| |1a| |2000|"},
		{"mediatype", lintMediatype, CodeCodeList, "01 10 80 99", "|00| |11| |79|"},
		{"iso5218", lintIso5218, CodeCodeList, "0 1 2 9", "|3|"},
		{"latitude", lintLatitude, CodeValue, "0000000000 1800000000", "|1800000001|"},
		{"longitude", lintLongitude, CodeValue, "0000000000 3600000000", "|3600000001|"},
		{"pieceoftotal", lintPieceoftotal, CodeValue, "0101 0199 9999", "|00|01 01|00| |0201|"},
		{"posinseqslash", lintPosinseqslash, CodeValue, "1/1 2/3 9/10", "|0|/3 1/|02| |3/2| |10/9| |1/| |/1| |1/2/3| |12|"},
		{"zero", lintZero, CodeValue, "0", "|1|"},
		{"nonzero", lintNonzero, CodeValue, "001", "|000|"},
		{"nozeroprefix", lintNozeroprefix, CodeValue, "1 10", "|0| |0|1"},
		{"yesno", lintYesno, CodeValue, "0 1", "|2|"},
		{"winding", lintWinding, CodeValue, "0 1 9", "|2|"},
		{"hyphen", lintHyphen, CodeValue, "-", "|+|"},
		{"importeridx", lintImporteridx, CodeValue, "- 0 A _ z", "|=| |AA|"},
		{"pcenc", lintPcenc, CodeValue, "A%20b %C3%a9 plain", "A|%2| |%gf| AB|%|"},
		{"iban", lintIban, CodeIBAN, "GB98MIDL07009312345678 BE71096123456769", "|GB98MIDL07| |XX|98MIDL07009312345678 GB|99|MIDL07009312345678 GB98midl07009312345678"},
		{"couponcode", lintCouponcode, CodeCoupon, "012345612345611110123 01234561234561111012310110123212345678 0123456123456111101234990606 01234561234561111012390110", "|7|12345612345611110123 012345612345611110123|7| 0123456123456|0| 0123456123456119"},
		{"couponposoffer", lintCouponposoffer, CodeCoupon, "001234561234560123456 101234561234560123456", "|2|01234561234560123456 0|7|1234561234560123456 00123456123456012345|"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for s := range strings.FieldsSeq(tt.pass) {
				if f := tt.lint.check(s, testNow.Year()); f != nil {
					t.Errorf("%q: %+v", s, f)
				}
			}
			for s := range strings.FieldsSeq(tt.fails) {
				before, rest, marked := strings.Cut(s, "|")
				bad, after, _ := strings.Cut(rest, "|")
				f := tt.lint.check(before+bad+after, testNow.Year())
				switch {
				case f == nil:
					t.Errorf("%q passes", s)
				case f.code != tt.code || f.warning || f.detail == "":
					t.Errorf("%q: %+v", s, f)
				case marked && strings.Count(s, "|") == 2 && (f.pos != len(before) || f.length != len(bad)):
					t.Errorf("%q: span %d+%d", s, f.pos, f.length)
				}
			}
		})
	}
}

func TestCharacterSets(t *testing.T) {
	for _, tt := range []struct {
		set  charset
		size int
	}{{csetN, 10}, {csetX, 82}, {csetY, 39}, {csetZ, 64}} {
		n := 0
		for b := range 256 {
			if tt.set.check(string([]byte{byte(b)})) == nil {
				n++
			}
		}
		if n != tt.size {
			t.Errorf("%s has %d characters, want %d", tt.set, n, tt.size)
		}
	}
	for s, ok := range map[string]bool{"12": true, "12=": true, "1==": true, "123=": false, "===": false, "12==": false, "1=2": false} {
		if got := csetZ.check(s) == nil; got != ok {
			t.Errorf("base64 %q: %v", s, got)
		}
	}
}
