package sheet_test

import (
	"bytes"
	"encoding/csv"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"implantrace/internal/sheet"
)

var hostile = []string{`=HYPERLINK("http://x","y")`, "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1", "\u00a0=1", "|calc", "%0A=1", "=cmd|' /C calc'!A0"}

func TestNoCellOfACSVIsAFormula(t *testing.T) {
	b, err := sheet.CSV([][]string{append([]string{"harmless", "O'Brien", "07611994064584", ""}, hostile...)})
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(b, []byte("\ufeff")))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if got := rows[0][:4]; !slices.Equal(got, []string{"harmless", "O'Brien", "07611994064584", ""}) {
		t.Errorf("plain cells became %q", got)
	}
	for i, c := range rows[0][4:] {
		if !strings.HasPrefix(c, "'") || !strings.HasSuffix(c, strings.TrimLeft(hostile[i], "\r")) {
			t.Errorf("%q became %q", hostile[i], c)
		}
	}
}

func TestNoCellOfAWorkbookIsAFormula(t *testing.T) {
	b, err := sheet.XLSX("Matches", [][]string{{"Heading"}, hostile, {"012", "Łukasz", "1e9"}}, time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	f, err := excelize.OpenReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for i, want := range hostile {
		at, _ := excelize.CoordinatesToCellName(i+1, 2)
		formula, _ := f.GetCellFormula("Matches", at)
		value, _ := f.GetCellValue("Matches", at)
		if formula != "" || strings.TrimSpace(value) != strings.TrimSpace(want) {
			t.Errorf("%q: formula %q, value %q", want, formula, value)
		}
	}
	rows, err := sheet.Read(b)
	if err != nil || !slices.Equal(rows[2], []string{"012", "Łukasz", "1e9"}) {
		t.Errorf("read back %q, %v", rows, err)
	}
}
