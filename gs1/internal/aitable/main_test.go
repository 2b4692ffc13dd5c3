package main

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"
)

func TestRows(t *testing.T) {
	tests := []struct{ line, want string }{
		{
			"10          ?  X..20                             req=01,02    # BATCH/LOT",
			`{first: "10", last: "10", title: "BATCH/LOT", attribute: true, parts: []part{{set: csetX, min: 1, max: 20},}, required: [][][]pattern{{{"01"}, {"02"}}}},` + "\n",
		},
		{
			"3100-3105  *?  N6                                ex=310n      # NET WEIGHT (kg)",
			`{first: "3100", last: "3105", title: "NET WEIGHT (kg)", predefined: true, attribute: true, parts: []part{{set: csetN, min: 6, max: 6},}, excluded: []pattern{"310n"}},` + "\n",
		},
		{
			"8011           N..12,nozeroprefix [X2],hyphen    req=8010+21 req=01 dlpkey=22|235",
			`{first: "8011", last: "8011", title: "", parts: []part{{set: csetN, min: 1, max: 12, lints: []linter{lintNozeroprefix}},{set: csetX, min: 2, max: 2, optional: true, lints: []linter{lintHyphen}},}, required: [][][]pattern{{{"8010", "21"}}, {{"01"}}}, key: true, qualifiers: [][]AI{{"22"}, {"235"}}},` + "\n",
		},
		{
			"01         *?  N14,csum,gcppos2                  ex=255,37 dlpkey=22,10,21|235                    # GTIN",
			`{first: "01", last: "01", title: "GTIN", predefined: true, attribute: true, parts: []part{{set: csetN, min: 14, max: 14, lints: []linter{lintCsum, lintGcppos2}},}, excluded: []pattern{"255", "37"}, key: true, qualifiers: [][]AI{{"22", "10", "21"}, {"235"}}},` + "\n",
		},
		{
			"8010        ?  Y..30,gcppos1                     dlpkey=8011                                      # CPID",
			`{first: "8010", last: "8010", title: "CPID", attribute: true, parts: []part{{set: csetY, min: 1, max: 30, lints: []linter{lintGcppos1}},}, key: true, qualifiers: [][]AI{{"8011"}}},` + "\n",
		},
		{
			"00         *?  N18,csum,gcppos2                  dlpkey                                           # SSCC",
			`{first: "00", last: "00", title: "SSCC", predefined: true, attribute: true, parts: []part{{set: csetN, min: 18, max: 18, lints: []linter{lintCsum, lintGcppos2}},}, key: true},` + "\n",
		},
		{
			"03         *   N14,csum,gcppos2                  ex=01,02,37                                      # MTO GTIN",
			`{first: "03", last: "03", title: "MTO GTIN", predefined: true, parts: []part{{set: csetN, min: 14, max: 14, lints: []linter{lintCsum, lintGcppos2}},}, excluded: []pattern{"01", "02", "37"}},` + "\n",
		},
	}
	for _, tt := range tests {
		got, err := goRow(tt.line)
		if err != nil || got != tt.want {
			t.Errorf("%s\ngot  %s (%v)\nwant %s", tt.line, got, err, tt.want)
		}
	}
	for _, line := range []string{"01", "AB N2", "01 N2 what=1", "01 N2 ex=02 ex=03"} {
		if row, err := goRow(line); err == nil {
			t.Errorf("%q gives %s", line, row)
		}
	}
	if _, err := generate("01 N2"); err == nil {
		t.Error("a dictionary without a release must fail")
	}
	if _, err := generate("# Release: 2026-01-27\n01 N2\nAB N2"); err == nil || !strings.Contains(err.Error(), "line 3") {
		t.Errorf("a line that is no AI must fail and be named: %v", err)
	}
	source, err := generate("# Release: 2026-01-27\n\n# a comment\n20 *? N2 req=01 # VARIANT\n")
	if err != nil || !strings.Contains(string(source), `const DictionaryRelease = "2026-01-27"`) || strings.Count(string(source), "first:") != 1 {
		t.Errorf("%v\n%s", err, source)
	}
}

func TestCommittedTableIsWhatTheDictionaryGives(t *testing.T) {
	dictionary, err := os.ReadFile("../../../../shared/reference/gs1-syntax-dictionary.txt")
	if errors.Is(err, fs.ErrNotExist) && os.Getenv("CI") == "" {
		t.Skip("the dictionary is not there")
	}
	if err != nil {
		t.Fatal(err)
	}
	want, err := generate(string(dictionary))
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../../aitable.go")
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		line := 0
		for i, s := range strings.Split(string(want), "\n") {
			if g := strings.Split(string(got), "\n"); i >= len(g) || g[i] != s {
				line = i + 1
				break
			}
		}
		t.Errorf("aitable.go differs from line %d; run go generate", line)
	}
}
