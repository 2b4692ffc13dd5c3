package gs1

import (
	"errors"
	"testing"
	"time"
)

func TestDateTime(t *testing.T) {
	day := Date{2029, 1, 31, true}
	for _, tt := range []struct {
		text string
		ai   AI
		want DateTime
		show string
	}{
		{"(17)290131", "17", DateTime{Date: day, Precision: PrecisionDay}, "2029-01-31"},
		{"(11)290200", "11", DateTime{Date: Date{2029, 2, 28, false}, Precision: PrecisionMonth}, "2029-02"},
		{"(4326)290131", "4326", DateTime{Date: day, Precision: PrecisionDay}, "2029-01-31"},
		{"(7006)290131", "7006", DateTime{Date: day, Precision: PrecisionDay}, "2029-01-31"},
		{"(7003)2901312359", "7003", DateTime{Date: day, Hour: 23, Minute: 59, Precision: PrecisionMinute}, "2029-01-31T23:59"},
		{"(7003)2901310000", "7003", DateTime{Date: day, Precision: PrecisionMinute}, "2029-01-31T00:00"},
		{"(4324)2901310830", "4324", DateTime{Date: day, Hour: 8, Minute: 30, Precision: PrecisionMinute}, "2029-01-31T08:30"},
		{"(4325)2902000830", "4325", DateTime{Date: Date{2029, 2, 28, false}, Hour: 8, Minute: 30, Precision: PrecisionMinute}, "2029-02-28T08:30"},
		{"(7011)290131", "7011", DateTime{Date: day, Precision: PrecisionDay}, "2029-01-31"},
		{"(7011)2901311815", "7011", DateTime{Date: day, Hour: 18, Minute: 15, Precision: PrecisionMinute}, "2029-01-31T18:15"},
		{"(8008)29013118", "8008", DateTime{Date: day, Hour: 18, Precision: PrecisionHour}, "2029-01-31T18"},
		{"(8008)2901311815", "8008", DateTime{Date: day, Hour: 18, Minute: 15, Precision: PrecisionMinute}, "2029-01-31T18:15"},
		{"(8008)290131181559", "8008", DateTime{Date: day, Hour: 18, Minute: 15, Second: 59, Precision: PrecisionSecond}, "2029-01-31T18:15:59"},
		{"(7250)18991231", "7250", DateTime{Date: Date{1899, 12, 31, true}, Precision: PrecisionDay}, "1899-12-31"},
		{"(7251)200002290715", "7251", DateTime{Date: Date{2000, 2, 29, true}, Hour: 7, Minute: 15, Precision: PrecisionMinute}, "2000-02-29T07:15"},
	} {
		r := Parse(tt.text, Options{Now: testNow})
		got, err := r.DateTime(tt.ai)
		if err != nil || got != tt.want || got.String() != tt.show {
			t.Errorf("%s: %v, %v, want %v", tt.text, got, err, tt.want)
		}
		want := time.Date(tt.want.Year, time.Month(tt.want.Month), tt.want.Day, tt.want.Hour, tt.want.Minute, tt.want.Second, 0, time.UTC)
		if !got.Time().Equal(want) {
			t.Errorf("%s: Time %v, want %v", tt.text, got.Time(), want)
		}
		d, err := r.Date(tt.ai)
		switch tt.ai {
		case "11", "17", "4326", "7006":
			if err != nil || d != tt.want.Date {
				t.Errorf("%s: Date %v, %v", tt.text, d, err)
			}
		default:
			if !errors.Is(err, ErrNoDate) {
				t.Errorf("%s: Date %v, %v", tt.text, d, err)
			}
		}
	}
}

func TestDateTimeErrors(t *testing.T) {
	for _, tt := range []struct {
		text string
		ai   AI
		o    Options
		want error
	}{
		{"(10)A", "17", Options{Now: testNow}, ErrNoDateTime},
		{"(10)290131", "10", Options{Now: testNow}, ErrNoDateTime},
		{"(7007)290131", "7007", Options{Now: testNow}, ErrNoDateTime},
		{"(17)290230", "17", Options{Now: testNow}, ErrNoDateTime}, // rejected
		{"(17)290131", "17", Options{}, ErrNoNow},
	} {
		if got, err := Parse(tt.text, tt.o).DateTime(tt.ai); !errors.Is(err, tt.want) || !got.IsZero() || got.Precision != 0 {
			t.Errorf("%s: %v, %v, want %v", tt.text, got, err, tt.want)
		}
	}
	if got, err := Parse("(7250)19991231", Options{}).DateTime("7250"); err != nil || got.String() != "1999-12-31" {
		t.Errorf("a year of four digits needs no present time: %v, %v", got, err)
	}
	// The present time is not known, so 29 February 00 passed, and is no date.
	if _, err := Parse("(17)000229", Options{}).DateTime("17"); !errors.Is(err, ErrNoNow) {
		t.Errorf("%v", err)
	}
	var zero DateTime
	if zero.String() != "" || !zero.Time().IsZero() || !zero.IsZero() {
		t.Error("the zero DateTime")
	}
}

func TestHarvestDates(t *testing.T) {
	for _, tt := range []struct {
		text, first, last string
		o                 Options
		err               error
	}{
		{"(7007)290131", "2029-01-31", "2029-01-31", Options{Now: testNow}, nil},
		{"(7007)290131290204", "2029-01-31", "2029-02-04", Options{Now: testNow}, nil},
		{"(7007)290204290131", "2029-02-04", "2029-01-31", Options{Now: testNow}, nil},
		{"(7007)290131", "", "", Options{}, ErrNoNow},
		{"(7007)29013129020", "", "", Options{Now: testNow}, ErrNoDate},
		{"(17)290131", "", "", Options{Now: testNow}, ErrNoDate},
	} {
		first, last, err := Parse(tt.text, tt.o).HarvestDates()
		if first.String() != tt.first || last.String() != tt.last || !errors.Is(err, tt.err) {
			t.Errorf("%s: %v, %v, %v", tt.text, first, last, err)
		}
	}
}

func TestPrecision(t *testing.T) {
	for p, want := range map[Precision]string{PrecisionMonth: "month", PrecisionDay: "day", PrecisionHour: "hour", PrecisionMinute: "minute", PrecisionSecond: "second", 0: "Precision(0)"} {
		if got := p.String(); got != want {
			t.Errorf("%d: %s, want %s", p, got, want)
		}
	}
}
