package scanner

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// TestWhatAPageSawIsUsedAsWhatAPictureShows: by the same names, and trusted no more.
func TestWhatAPageSawIsUsedAsWhatAPictureShows(t *testing.T) {
	at := time.Date(2026, 3, 14, 9, 30, 0, 0, time.UTC)
	proves := func(scanData string) bool { return strings.HasPrefix(scanData, "]A0+") }
	for _, c := range []struct {
		seen Seen
		want Reading
		err  error
	}{
		{Seen{"DataMatrix", "]d2", "0109520140001015\x1d10A"}, Reading{Text: "0109520140001015\x1d10A", Symbology: "]d2", Format: "DataMatrix"}, nil},
		{Seen{"DataMatrix", "]d8", "01"}, Reading{Text: "01", Symbology: "]d2", Format: "DataMatrix"}, nil},
		{Seen{"QRCodeModel2", "]Q3", "01"}, Reading{Text: "01", Symbology: "]Q3", Format: "QRCode"}, nil},
		{Seen{"UPCA", "]E0", "036000291452"}, Reading{Text: "0036000291452", Symbology: "]E0", Format: "EAN13"}, nil},
		{Seen{"Code39Ext", "]A0", "+A999"}, Reading{Text: "+A999", Symbology: "]A0", Format: "Code39"}, nil},
		{Seen{"Code39Ext", "]A0", "WARD"}, Reading{}, ErrUnproven},
		{Seen{"ITF", "]I0", "12345678901231"}, Reading{}, ErrUnproven},
		{Seen{"Code128", "]C2", "x"}, Reading{}, ErrUnproven},
		{Seen{"Code128", "]C0", ""}, Reading{}, ErrUnproven},
		{Seen{"Code128", "", "x"}, Reading{}, ErrNotSeen},
		{Seen{"Code128", "]C0\x1d", "x"}, Reading{}, ErrNotSeen},
		{Seen{"", "]C0", "x"}, Reading{}, ErrNotSeen},
	} {
		got, err := c.seen.Reading(at, proves)
		if c.err == nil {
			c.want.Source, c.want.At = SourceCamera, at
		}
		if got != c.want || !errors.Is(err, c.err) {
			t.Errorf("%+v: %+v, %v, want %+v, %v", c.seen, got, err, c.want, c.err)
		}
	}
	if _, err := (Seen{"ITF14", "]I0", "12345678901231"}).Reading(at, nil); !errors.Is(err, ErrUnproven) {
		t.Errorf("proved by nothing: %v", err)
	}
}
