package demo_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"implantrace/internal/demo"
	"implantrace/internal/udi"
	"implantrace/scanner"
)

func TestTheScannerIsHeardOverItsLine(t *testing.T) {
	s, err := demo.NewScanner(demo.ScannerOptions{Seed: 1, Every: 10 * time.Millisecond, Clock: func() time.Time { return now }})
	if errors.Is(err, demo.ErrUnsupported) || !scanner.SerialSupported {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	serial, err := scanner.NewSerial(scanner.SerialConfig{Name: "demo", Device: s.Device()})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	readings := make(chan scanner.Reading, 100)
	heard, ran := make(chan error, 1), make(chan error, 1)
	go func() { heard <- serial.Run(ctx, func(r scanner.Reading) { readings <- r }) }()
	for !serial.State().Connected {
		if ctx.Err() != nil {
			t.Fatalf("%+v", serial.State())
		}
		time.Sleep(time.Millisecond)
	}
	go func() { ran <- s.Run(ctx) }()

	known := make(map[udi.NHSNumber]bool)
	for _, f := range strings.Split(string(demo.Rows(1, now)), `"nhs_number":"`)[1:] {
		known[udi.NHSNumber(f[:10])] = true
	}
	kinds := make(map[udi.Kind]int)
	expired, damaged, patients := 0, 0, 0
	for i := range 40 {
		var r scanner.Reading
		select {
		case r = <-readings:
		case <-ctx.Done():
			t.Fatalf("%d readings, %+v", i, serial.State())
		}
		m := udi.Understand(r.ScanData(), now)
		if want := []udi.Kind{udi.KindPatient, udi.KindPlace, udi.KindStaff, udi.KindStaff, udi.KindDevice}; i < len(want) && m.Kind != want[i] {
			t.Errorf("scan %d is a %s: %q", i, m.Kind, r.Text)
		}
		kinds[m.Kind]++
		switch m.Kind {
		case udi.KindPatient:
			patients++
			if !known[m.Patient.NHSNumber] {
				t.Errorf("%s is nobody of the demonstration", m.Patient.NHSNumber)
			}
		case udi.KindDevice:
			if m.Damaged() {
				damaged++
				continue
			}
			if m.Device.DI == "" || m.Device.Lot+m.Device.Serial == "" {
				t.Errorf("%q: %+v", r.Text, m.Device)
			}
			if m.Device.Expiry.Day < now.Format(time.DateOnly) {
				expired++
			}
		}
	}
	if patients < 3 || kinds[udi.KindText] > 0 || expired == 0 || damaged == 0 || expired+damaged > 10 {
		t.Errorf("%v, %d expired, %d damaged", kinds, expired, damaged)
	}
	cancel()
	if err := <-ran; err != nil {
		t.Error(err)
	}
	if err := <-heard; err != nil {
		t.Error(err)
	}
}

func TestAScannerThatNobodyHearsCanBeStopped(t *testing.T) {
	before := runtime.NumGoroutine()
	s, err := demo.NewScanner(demo.ScannerOptions{Every: 10 * time.Microsecond})
	if errors.Is(err, demo.ErrUnsupported) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	ran := make(chan error, 1)
	go func() { ran <- s.Run(ctx) }()
	select {
	case err := <-ran:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("it does not stop")
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	for start := time.Now(); runtime.NumGoroutine() > before; time.Sleep(time.Millisecond) {
		if time.Since(start) > 10*time.Second {
			t.Fatal("Close leaves goroutines behind")
		}
	}
}
