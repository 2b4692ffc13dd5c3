package command_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"implantrace/internal/bolt"
	"implantrace/internal/command"
	"implantrace/internal/seal"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

var (
	ctx  = context.Background()
	nine = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
)

const (
	di      = "07611994064584"
	expired = "]d201" + di + "17260301" + "10LOT1\x1d21SERIAL1"
	inDate  = "]d201" + di + "17290322" + "10LOT1\x1d21SERIAL1"
)

// names of people stand in no error and nowhere in the file.
var identities = []string{"9990000018", "999 000 0018", "9990000026", "9990000034", "Okonkwo", "Zellweger", "Ottoline", "949724"}

// site is a store and its recorder, with a clock that stands where it is put.
type site struct {
	*testing.T
	command.Recorder
	store *bolt.Store
	keys  *seal.Keyring
	path  string
	now   time.Time
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{T: t, path: filepath.Join(t.TempDir(), bolt.FileName), keys: seal.NewKeyring(), now: nine}
	var err error
	if s.store, err = bolt.Open(s.path, bolt.Options{Name: "test", Keys: s.keys, Clock: func() time.Time { return s.now }}); err != nil {
		t.Fatal(err)
	}
	s.Recorder = command.Recorder{Store: s.store, Clock: func() time.Time { return s.now }}
	t.Cleanup(func() {
		if err := s.store.Close(); err != nil {
			t.Error(err)
		}
		b, err := os.ReadFile(s.path)
		if err != nil {
			t.Error(err)
		}
		for _, name := range identities {
			if strings.Contains(string(b), name) {
				t.Errorf("%q stands in the file", name)
			}
		}
	})
	return s
}

// meta is of a new command.
func meta() command.Meta {
	return command.Meta{ID: trace.NewEventID(), By: trace.Actor{Via: "test"}, Provenance: trace.Scanned}
}

// size is how many entries the site's log has.
func (s *site) size() uint64 {
	s.Helper()
	heads, err := s.store.Heads(ctx)
	if err != nil {
		s.Fatal(err)
	}
	return heads[0].Size
}

// ok fails the test on an error.
func (s *site) ok(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// refused expects an error of a kind whose words name nobody, and no entry.
func (s *site) refused(kind trace.ErrorKind, words string, do func() error) {
	s.Helper()
	before := s.size()
	err := do()
	if err == nil || trace.KindOf(err) != kind || !strings.Contains(err.Error(), words) {
		s.Errorf("error of kind %d: %v; want kind %d: %s", trace.KindOf(err), err, kind, words)
	}
	if err != nil {
		for _, name := range identities {
			if strings.Contains(err.Error(), name) {
				s.Errorf("the error names %q: %v", name, err)
			}
		}
	}
	if after := s.size(); after != before {
		s.Errorf("%d entries were recorded", after-before)
	}
}

func (s *site) register(w command.Who) trace.PatientID {
	s.Helper()
	f, err := s.RegisterPatient(ctx, command.RegisterPatient{Meta: meta(), Who: w})
	s.ok(err)
	return f.Patient
}

func (s *site) openFor(w command.Who) trace.ProcedureID {
	s.Helper()
	id, err := s.OpenProcedure(ctx, command.OpenProcedure{Meta: meta(), Who: w, Code: trace.Code{System: "OPCS-4", Code: "W371"}})
	s.ok(err)
	return id
}

func (s *site) use(p trace.ProcedureID, text string) trace.UsageID {
	s.Helper()
	id, err := s.RecordUsage(ctx, command.RecordUsage{Meta: meta(), Procedure: p, Carriers: []trace.Carrier{{Text: text}}})
	s.ok(err)
	return id
}

func (s *site) patient(id trace.PatientID) trace.Identity {
	s.Helper()
	who, err := s.store.Identity(ctx, id)
	s.ok(err)
	return who
}

func (s *site) procedure(id trace.ProcedureID) trace.Procedure {
	s.Helper()
	p, err := s.store.Procedure(ctx, id)
	s.ok(err)
	return p
}

func (s *site) usage(id trace.UsageID) trace.Usage {
	s.Helper()
	u, err := s.store.Usage(ctx, id)
	s.ok(err)
	return u
}

// level is what one rule said of a usage.
func level(u trace.Usage, rule string) trace.Level {
	for _, c := range u.Verdict.Checks {
		if c.Rule == rule {
			return c.Level
		}
	}
	return ""
}

func day(d string) udi.Date { return udi.Date{Day: d, Precision: udi.PrecisionDay} }
