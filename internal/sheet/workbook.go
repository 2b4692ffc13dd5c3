package sheet

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"
)

// XLSXType is the media type of a workbook.
const XLSXType = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

// WorkbookMost bounds what the rows of a [Workbook] come to, in bytes of its XML.
// Beyond that the library would put them into a file outside the store, where
// nothing seals them.
const WorkbookMost = 15 << 20

// Workbook is a workbook of one sheet on its way out, a row at a time. It lies in
// memory until it is written.
type Workbook struct {
	file       *excelize.File
	out        *excelize.StreamWriter
	bold       int
	rows, size int
}

// NewWorkbook begins a workbook; its first row is the heading. Close it in any
// case.
func NewWorkbook(name string, made time.Time) (*Workbook, error) {
	b := &Workbook{file: excelize.NewFile()}
	err := b.begin(name, made)
	if err != nil {
		_ = b.file.Close() // the error of before says more
		return nil, err
	}
	return b, nil
}

func (b *Workbook) begin(name string, made time.Time) (err error) {
	if err := b.file.SetSheetName("Sheet1", name); err != nil {
		return err
	}
	stamp := made.UTC().Format(time.RFC3339)
	if err := b.file.SetDocProps(&excelize.DocProperties{Created: stamp, Modified: stamp, Creator: "implantrace", LastModifiedBy: "implantrace"}); err != nil {
		return err
	}
	if b.bold, err = b.file.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}}); err != nil {
		return err
	}
	if b.out, err = b.file.NewStreamWriter(name); err != nil {
		return err
	}
	return b.out.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"})
}

// markup is more than the tags around a cell take, and wide more than one
// character takes when it is escaped.
const markup, wide = 90, 6

// Row adds a row. Every cell is a text. A row that finds no room is [ErrTooLarge],
// and the workbook must not be used further.
func (b *Workbook) Row(row []string) error {
	size := markup
	cells := make([]any, len(row))
	for i, c := range row {
		if len(c) > cellMost {
			return fmt.Errorf("%w: a cell of row %d has more than %d bytes", ErrTooLarge, b.rows+1, cellMost)
		}
		size += markup + len(c)
		for _, special := range []string{"&", "<", ">", `"`, "'", "\n", "\r", "\t"} {
			size += wide * strings.Count(c, special)
		}
		if cells[i] = c; b.rows == 0 {
			cells[i] = excelize.Cell{StyleID: b.bold, Value: c}
		}
	}
	switch {
	case b.rows > RowsMost:
		return fmt.Errorf("%w: it has more than %d rows", ErrTooLarge, RowsMost)
	case b.size+size > WorkbookMost:
		return fmt.Errorf("%w: its rows come to more than %d MB, after %d of them", ErrTooLarge, WorkbookMost>>20, b.rows)
	}
	b.rows, b.size = b.rows+1, b.size+size
	at, err := excelize.CoordinatesToCellName(1, b.rows)
	if err != nil {
		return err
	}
	return b.out.SetRow(at, cells)
}

// Finish writes the workbook as it stands, once.
func (b *Workbook) Finish(w io.Writer) error {
	if err := b.out.Flush(); err != nil {
		return err
	}
	return b.file.Write(w)
}

// Close gives back what the workbook holds.
func (b *Workbook) Close() error { return b.file.Close() }
