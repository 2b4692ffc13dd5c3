package sheet

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"
)

// Neutral is a cell of a CSV file that no spreadsheet takes for a formula: what
// begins like one gets an apostrophe in front, as people type it. Spaces in front
// do not hide one.
func Neutral(cell string) string {
	if t := strings.TrimLeft(cell, " \t\r\n\u00a0\ufeff"); t != "" && strings.ContainsRune("=+-@\uff1d\uff0b\uff0d\uff20|%", []rune(t)[0]) || strings.HasPrefix(cell, "\t") || strings.HasPrefix(cell, "\r") {
		return "'" + cell
	}
	return cell
}

// CSV writes a table for spreadsheets: UTF-8 with its mark in front, lines that end
// as theirs do, and no cell that is a formula.
func CSV(rows [][]string) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString("\ufeff")
	w := csv.NewWriter(&b)
	w.UseCRLF = true
	for _, r := range rows {
		out := make([]string, len(r))
		for i, c := range r {
			out[i] = Neutral(c)
		}
		if err := w.Write(out); err != nil {
			return nil, err
		}
	}
	w.Flush()
	return b.Bytes(), w.Error()
}

// cellMost is the most characters that a cell of a workbook has.
const cellMost = 32_000

// XLSX writes a table as a workbook with one sheet. Every cell is a text: a workbook
// says of each cell whether it is a formula, and none of these is.
func XLSX(name string, rows [][]string, made time.Time) (out []byte, err error) {
	f := excelize.NewFile()
	defer func() {
		if e := f.Close(); err == nil {
			err = e
		}
	}()
	if err := f.SetSheetName("Sheet1", name); err != nil {
		return nil, err
	}
	stamp := made.UTC().Format(time.RFC3339)
	if err := f.SetDocProps(&excelize.DocProperties{Created: stamp, Modified: stamp, Creator: "implantrace", LastModifiedBy: "implantrace"}); err != nil {
		return nil, err
	}
	bold, err := f.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}})
	if err != nil {
		return nil, err
	}
	w, err := f.NewStreamWriter(name)
	if err != nil {
		return nil, err
	}
	if err := w.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return nil, err
	}
	for i, r := range rows {
		cells := make([]any, len(r))
		for j, c := range r {
			if len(c) > cellMost {
				return nil, fmt.Errorf("%w: a cell of row %d has more than %d bytes", ErrTooLarge, i+1, cellMost)
			}
			if cells[j] = c; i == 0 {
				cells[j] = excelize.Cell{StyleID: bold, Value: c}
			}
		}
		at, err := excelize.CoordinatesToCellName(1, i+1)
		if err != nil {
			return nil, err
		}
		if err := w.SetRow(at, cells); err != nil {
			return nil, err
		}
	}
	if err := w.Flush(); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = f.Write(&b)
	return b.Bytes(), err
}
