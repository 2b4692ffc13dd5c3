package record_test

import (
	"slices"
	"testing"

	"implantrace/internal/record"
	"implantrace/internal/trace"
)

func TestWhatAPatientIsFoundBy(t *testing.T) {
	nhs := func(n byte) trace.LookupHash { return hash(trace.LookupNHS, n) }
	local := func(n byte) trace.LookupHash { return hash(trace.LookupLocal, n) }
	says := func(hs ...trace.LookupHash) trace.PatientFact { return trace.PatientFact{Lookups: hs} }
	corrects := func(entry byte, f trace.PatientFact, clear ...string) trace.PatientFact {
		f.Amend = trace.Amend{Corrects: number(1, entry), Clear: clear}
		return f
	}
	for _, c := range []struct {
		name  string
		facts []trace.PatientFact // entries 0, 1, 2...
		want  []trace.LookupHash
	}{
		{"the last NHS number counts", []trace.PatientFact{says(nhs(1)), says(nhs(2))}, []trace.LookupHash{nhs(2)}},
		{"local numbers add up", []trace.PatientFact{says(nhs(1), local(1)), says(local(2)), says(local(1))}, []trace.LookupHash{nhs(1), local(1), local(2)}},
		{"a corrected name takes no number away", []trace.PatientFact{says(nhs(1), local(1)), corrects(0, says())}, []trace.LookupHash{nhs(1), local(1)}},
		{"a corrected NHS number takes no local number away", []trace.PatientFact{says(nhs(1), local(1)), corrects(0, says(nhs(2)))}, []trace.LookupHash{nhs(2), local(1)}},
		{"a corrected local number takes the wrong one away", []trace.PatientFact{says(nhs(1), local(1)), corrects(0, says(local(2)))}, []trace.LookupHash{nhs(1), local(2)}},
		{"that of the entry that is named", []trace.PatientFact{says(local(1)), says(local(2)), corrects(0, says(local(3)))}, []trace.LookupHash{local(2), local(3)}},
		{"the last said, where the entry named has none", []trace.PatientFact{says(nhs(1)), says(local(1)), says(local(2)), corrects(0, says(local(3)))}, []trace.LookupHash{nhs(1), local(1), local(3)}},
		{"corrected twice", []trace.PatientFact{says(local(1)), corrects(0, says(local(2))), corrects(0, says(local(3)))}, []trace.LookupHash{local(3)}},
		{"the first where there is no other", []trace.PatientFact{says(nhs(1)), corrects(0, says(local(1)))}, []trace.LookupHash{nhs(1), local(1)}},
		{"cleared, nobody is found by any local number", []trace.PatientFact{says(nhs(1), local(1)), says(local(2)), corrects(1, says(), "local_number")}, []trace.LookupHash{nhs(1)}},
		{"cleared and said later", []trace.PatientFact{says(local(1)), corrects(0, says(), "local_number"), says(local(2))}, []trace.LookupHash{local(2)}},
		{"a cleared NHS number", []trace.PatientFact{says(nhs(1), local(1)), corrects(0, says(), "nhs_number")}, []trace.LookupHash{local(1)}},
		{"cleared and set in one", []trace.PatientFact{says(nhs(1)), corrects(0, says(nhs(2)), "nhs_number")}, []trace.LookupHash{nhs(2)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := newMemory()
			patient := trace.PatientID(number(3, 1))
			for i, f := range c.facts {
				f.Patient = patient
				if err := m.apply(trace.Entry{Position: trace.Position{Seq: uint64(i)}, Lamport: uint64(i + 1), ID: number(1, byte(i)), Fact: f}); err != nil {
					t.Fatal(err)
				}
			}
			p, ok, err := fold.Patient(m, patient)
			if !ok || err != nil || !slices.Equal(p.Lookups, c.want) {
				t.Errorf("found by %x, want %x", p.Lookups, c.want)
			}
			if len(m.rows[record.ByLookup]) != len(c.want) {
				t.Errorf("%d rows of hashes, want %d", len(m.rows[record.ByLookup]), len(c.want))
			}
		})
	}
}
