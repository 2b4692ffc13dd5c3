package gs1

import (
	"errors"
	"testing"
	"time"
)

func TestParseDate(t *testing.T) {
	at := func(year int) time.Time { return time.Date(year, 6, 30, 0, 0, 0, 0, time.UTC) }
	tests := []struct {
		text string
		now  time.Time
		want Date
	}{
		{"290131", at(2026), Date{2029, 1, 31, true}},
		{"290200", at(2026), Date{2029, 2, 28, false}},
		{"280200", at(2026), Date{2028, 2, 29, false}},
		{"281200", at(2026), Date{2028, 12, 31, false}},
		{"000229", at(2026), Date{2000, 2, 29, true}},
		// The window: from 49 years back to 50 ahead.
		{"760101", at(2026), Date{2076, 1, 1, true}},
		{"770101", at(2026), Date{1977, 1, 1, true}},
		{"990101", at(2049), Date{2099, 1, 1, true}},
		{"980101", at(2049), Date{2098, 1, 1, true}},
		{"000101", at(2050), Date{2100, 1, 1, true}},
		{"000101", at(2049), Date{2000, 1, 1, true}},
		{"990101", at(2026), Date{1999, 1, 1, true}},
		{"480101", at(1998), Date{2048, 1, 1, true}},
		{"490101", at(1998), Date{1949, 1, 1, true}},
	}
	for _, tt := range tests {
		got, err := ParseDate(tt.text, tt.now)
		if err != nil || got != tt.want {
			t.Errorf("%s in %d: %v, %v, want %v", tt.text, tt.now.Year(), got, err, tt.want)
		}
	}
	for _, text := range []string{"", "29013", "2901311", "29013A", "291301", "290001", "290132", "290229", "-90101", "２９０１３１"} {
		if d, err := ParseDate(text, at(2026)); !errors.Is(err, ErrDate) || !d.IsZero() {
			t.Errorf("%q: %v, %v", text, d, err)
		}
	}
	if d, err := ParseDate("290131", time.Time{}); !errors.Is(err, ErrNoNow) || !d.IsZero() {
		t.Errorf("no present time: %v, %v", d, err)
	}
}

func TestDate(t *testing.T) {
	d := Date{2029, 2, 28, false}
	if got := d.String(); got != "2029-02-28" {
		t.Errorf("String: %s", got)
	}
	if got := d.Time(); !got.Equal(time.Date(2029, 2, 28, 0, 0, 0, 0, time.UTC)) || got.Location() != time.UTC {
		t.Errorf("Time: %v", got)
	}
	var zero Date
	if zero.String() != "" || !zero.Time().IsZero() || !zero.IsZero() || d.IsZero() {
		t.Error("the zero Date")
	}
}
