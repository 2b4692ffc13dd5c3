package scanner_test

import (
	"bytes"
	"context"
	"fmt"
	"image/png"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/datamatrix"

	"implantrace/scanner"
)

func ExampleDecodeImage() {
	symbol, err := datamatrix.NewDataMatrixWriter().Encode("+A999BJ1/", gozxing.BarcodeFormat_DATA_MATRIX, 100, 100, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	var file bytes.Buffer
	if err := png.Encode(&file, draw(paper(200, 200), symbol, 50, 50, 1)); err != nil {
		fmt.Println(err)
		return
	}

	workers := scanner.NewWorkers(2) // one for the whole program
	p, err := scanner.DecodeImage(context.Background(), file.Bytes(), scanner.ImageOptions{Workers: workers})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, s := range p.Symbols {
		fmt.Println(s.Format, s.AIM, s.Text, s.Sure)
	}
	// Output: DataMatrix ]d1 +A999BJ1/ true
}
