// Package sheet reads tables that people upload: CSV, or the first sheet of an
// XLSX workbook. It bounds what a file may become when it is unpacked.
package sheet

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"
)

// Limits of a table.
const (
	BytesMost    = 16 << 20 // of the file
	UnpackedMost = 64 << 20 // of a workbook, all its parts together
	RowsMost     = 200_000
	ColumnsMost  = 100
	CellMost     = 1000 // bytes
)

// Errors of [Read]. Each comes with a sentence for a person.
var (
	ErrTooLarge = errors.New("the file is too large")
	ErrNoTable  = errors.New("the file is no table")
)

// Read reads a table. What begins as a ZIP file does is taken for a workbook,
// everything else for CSV, whose fields are parted by comma, semicolon or tab.
// Rows may have different lengths. Cells are texts as they are shown; formulas are
// not worked out.
func Read(b []byte) ([][]string, error) {
	if len(b) > BytesMost {
		return nil, fmt.Errorf("%w: it has more than %d MB", ErrTooLarge, BytesMost>>20)
	}
	if bytes.HasPrefix(b, []byte("PK\x03\x04")) {
		return workbook(b)
	}
	return text(b)
}

// ReadBack reads a workbook that [XLSX] wrote, with its long cells.
func ReadBack(b []byte) ([][]string, error) { return bounded(b, 4*UnpackedMost, cellMost) }

func workbook(b []byte) ([][]string, error) { return bounded(b, UnpackedMost, CellMost) }

func bounded(b []byte, unpacked int64, cell int) (rows [][]string, err error) {
	defer func() {
		// The library is fed what strangers made; a file that makes it panic is no
		// table, and harms nobody else.
		if p := recover(); p != nil {
			rows, err = nil, fmt.Errorf("%w: the workbook is damaged", ErrNoTable)
		}
	}()
	f, err := excelize.OpenReader(bytes.NewReader(b), excelize.Options{UnzipSizeLimit: unpacked, UnzipXMLSizeLimit: unpacked, RawCellValue: true})
	if err != nil {
		if strings.Contains(err.Error(), "unzip size exceeds") {
			return nil, fmt.Errorf("%w: it becomes more than %d MB when it is unpacked", ErrTooLarge, unpacked>>20)
		}
		return nil, fmt.Errorf("%w: it is no workbook (XLSX) that can be read", ErrNoTable)
	}
	defer f.Close()
	sheets := f.GetSheetList()
	if len(sheets) == 0 {
		return nil, fmt.Errorf("%w: the workbook has no sheet", ErrNoTable)
	}
	each, err := f.Rows(sheets[0])
	if err != nil {
		return nil, fmt.Errorf("%w: its first sheet cannot be read", ErrNoTable)
	}
	defer each.Close()
	for each.Next() {
		cells, err := each.Columns()
		if err != nil {
			return nil, fmt.Errorf("%w: row %d cannot be read", ErrNoTable, len(rows)+1)
		}
		if rows, err = add(rows, cells, cell); err != nil {
			return nil, err
		}
	}
	if err := each.Error(); err != nil {
		return nil, fmt.Errorf("%w: its first sheet cannot be read to its end", ErrNoTable)
	}
	return rows, nil
}

func text(b []byte) (rows [][]string, err error) {
	b = bytes.TrimPrefix(b, []byte("\ufeff"))
	if !utf8.Valid(b) {
		return nil, fmt.Errorf("%w: it is neither a workbook (XLSX) nor CSV in UTF-8", ErrNoTable)
	}
	r := csv.NewReader(bytes.NewReader(b))
	r.FieldsPerRecord, r.ReuseRecord = -1, true
	first, _, _ := bytes.Cut(b, []byte("\n"))
	for _, c := range []rune{';', '\t'} {
		if bytes.ContainsRune(first, c) && !bytes.ContainsRune(first, ',') {
			r.Comma = c
		}
	}
	for {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %v", ErrNoTable, err)
		}
		if rows, err = add(rows, cells, CellMost); err != nil {
			return nil, err
		}
	}
}

func add(rows [][]string, cells []string, most int) ([][]string, error) {
	switch {
	case len(rows) == RowsMost:
		return nil, fmt.Errorf("%w: it has more than %d rows", ErrTooLarge, RowsMost)
	case len(cells) > ColumnsMost:
		return nil, fmt.Errorf("%w: row %d has more than %d columns", ErrTooLarge, len(rows)+1, ColumnsMost)
	}
	row := make([]string, len(cells))
	for i, c := range cells {
		if len(c) > most {
			return nil, fmt.Errorf("%w: a cell of row %d has more than %d bytes", ErrTooLarge, len(rows)+1, most)
		}
		row[i] = strings.TrimSpace(c)
	}
	return append(rows, row), nil
}
