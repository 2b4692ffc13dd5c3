package sheet_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"implantrace/internal/bounds"
	"implantrace/internal/sheet"
)

func workbook(t testing.TB, rows int) []byte {
	t.Helper()
	f := excelize.NewFile()
	for i := range rows {
		if err := f.SetSheetRow("Sheet1", fmt.Sprintf("A%d", i+1), &[]any{fmt.Sprintf("NM24-%04d", i), 7000000 + i}); err != nil {
			t.Fatal(err)
		}
	}
	b, err := f.WriteToBuffer()
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestReadsCSVAndWorkbooks(t *testing.T) {
	want := [][]string{{"Lot", "Serial"}, {"NM24-0001", "0042"}, {"NM24-0002"}}
	for _, in := range []string{"Lot,Serial\nNM24-0001,0042\nNM24-0002\n", "\ufeffLot;Serial\r\nNM24-0001;0042\r\nNM24-0002\r\n", "Lot\tSerial\n NM24-0001 \t0042\nNM24-0002"} {
		if got, err := sheet.Read([]byte(in)); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %q, %v", in, got, err)
		}
	}
	got, err := sheet.Read(workbook(t, 5000))
	if err != nil || len(got) != 5000 || !reflect.DeepEqual(got[4999], []string{"NM24-4999", "7004999"}) {
		t.Errorf("%d rows, %v", len(got), err)
	}
}

func TestAZipBombIsRefused(t *testing.T) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range []string{"[Content_Types].xml", "xl/workbook.xml", "xl/worksheets/sheet1.xml"} {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(bytes.Repeat([]byte(" "), sheet.UnpackedMost)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if b.Len() > 1<<20 {
		t.Fatalf("the bomb has %d bytes", b.Len())
	}
	if _, err := sheet.Read(b.Bytes()); !errors.Is(err, sheet.ErrTooLarge) {
		t.Errorf("%v", err)
	}
}

func TestWhatIsNoTableIsRefused(t *testing.T) {
	good := workbook(t, 3)
	for name, c := range map[string]struct {
		in   []byte
		want error
	}{
		"too many bytes":   {make([]byte, sheet.BytesMost+1), sheet.ErrTooLarge},
		"half a workbook":  {good[:len(good)/2], sheet.ErrNoTable},
		"not UTF-8":        {[]byte("Lot\n\xff\xfe"), sheet.ErrNoTable},
		"an open quote":    {[]byte("Lot\n\"NM24"), sheet.ErrNoTable},
		"a very long cell": {[]byte(strings.Repeat("A", sheet.CellMost+1)), sheet.ErrTooLarge},
		"too many columns": {[]byte(strings.Repeat(",", sheet.ColumnsMost)), sheet.ErrTooLarge},
		"too many rows":    {bytes.Repeat([]byte("A\n"), sheet.RowsMost+1), sheet.ErrTooLarge},
	} {
		if _, err := sheet.Read(c.in); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte("Lot;Serial\nA;1"))
	f.Add(workbook(f, 2))
	f.Fuzz(func(t *testing.T, b []byte) {
		bounds.Hold(t, func() {
			if rows, err := sheet.Read(b); err != nil && rows != nil {
				t.Errorf("%d rows and %v", len(rows), err)
			}
		})
	})
}
