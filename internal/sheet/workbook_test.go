package sheet_test

import (
	"bytes"
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"implantrace/internal/sheet"
)

func TestAWorkbookIsWrittenARowAtATime(t *testing.T) {
	b, err := sheet.NewWorkbook("Rows", time.Unix(0, 0))
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	want := [][]string{{"Lot", "Name"}, {"=1+1", "<&\"' é"}, {"007", "-5"}}
	for _, r := range want {
		if err := b.Row(r); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	if err := b.Finish(&out); err != nil {
		t.Fatal(err)
	}
	if got, err := sheet.Read(out.Bytes()); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%q, %v", got, err)
	}
}

// A workbook that grows too large is refused before the library would put its rows
// into a file of its own.
func TestAWorkbookStaysInMemory(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	b, err := sheet.NewWorkbook("Rows", time.Unix(0, 0))
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	row, n := []string{strings.Repeat("&<\">", 1000), strings.Repeat("x\n", 1000), ""}, 0
	for err == nil && n < 1_000_000 {
		if err = b.Row(row); err == nil {
			n++
		}
	}
	if !errors.Is(err, sheet.ErrTooLarge) || n < 100 {
		t.Errorf("%d rows, %v", n, err)
	}
	left, err := os.ReadDir(os.Getenv("TMPDIR"))
	if err != nil || len(left) > 0 {
		t.Errorf("%d files, %v", len(left), err)
	}
	if err := b.Row([]string{strings.Repeat("x", 40_000)}); !errors.Is(err, sheet.ErrTooLarge) {
		t.Errorf("a cell of 40,000 bytes: %v", err)
	}
}
