package directory_test

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"implantrace/internal/bolt"
	"implantrace/internal/command"
	"implantrace/internal/directory"
	"implantrace/internal/seal"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

const (
	badge = "950110153000300015"
	gln   = "9520000000004"
)

func newRecorder(t *testing.T) command.Recorder {
	t.Helper()
	clock := func() time.Time { return noon }
	store, err := bolt.Open(filepath.Join(t.TempDir(), bolt.FileName), bolt.Options{Name: "test", Keys: seal.NewKeyring(), Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	return command.Recorder{Store: store, Clock: clock}
}

func meta() command.Meta {
	return command.Meta{ID: trace.NewEventID(), Provenance: trace.Typed, By: trace.Actor{Via: "test"}}
}

func load(t *testing.T, r command.Recorder, of directory.Of, m command.Meta, table string) []directory.Row {
	t.Helper()
	rows, err := directory.Import(t.Context(), r, of, m, []byte(table))
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func TestListsComeInAndGoOutAsTables(t *testing.T) {
	r := newRecorder(t)
	for of, table := range map[directory.Of]string{
		directory.OfStaff:  "badge,name,role,register,number,removed\n" + badge + ",A. Dene,surgeon,GMC,1234567,\nB-7,B. Fell,scrub,NMC,98I1234E,yes\n",
		directory.OfPlaces: "gln,extension,name,site,ods,removed\n" + gln + ",,Main site,,RXX01,\n" + gln + ",4,Theatre 4,Main site,RXX01,\n",
		directory.OfCodes:  "system,code,text,side,removed\nOPCS-4,W37.1,Primary total hip replacement,yes,\nlocal,HIP-1,Our hip,,\n",
	} {
		m := meta()
		for _, row := range load(t, r, of, m, table) {
			if row.Refused != "" || row.Unchanged {
				t.Errorf("%s: %+v", of, row)
			}
		}
		for _, row := range load(t, r, of, meta(), table) {
			if !row.Unchanged {
				t.Errorf("%s, again: %+v", of, row)
			}
		}
		var out bytes.Buffer
		if err := directory.WriteCSV(t.Context(), &out, r.Store, of); err != nil {
			t.Fatal(err)
		}
		for _, line := range strings.Split(strings.TrimSpace(table), "\n") {
			if !strings.Contains(out.String(), line+"\n") {
				t.Errorf("%s: %q is not in\n%s", of, line, out.String())
			}
		}
	}
}

func TestWhatMakesNoSenseIsRefusedAndTheRestRecorded(t *testing.T) {
	r := newRecorder(t)
	for of, cases := range map[directory.Of]map[string]string{
		directory.OfStaff: {"badge,name\n,Nobody\n": "wants the code of a badge", "badge,name\nB1,\n": "wants a name", "badge,name\n950110153000300016,N\n": "number is not right",
			"badge,name,register,number\nB1,N,GMC,12\n": "no number as the GMC", "badge,name,register,number\nB1,N,GPhC,12\n": "GMC, NMC or HCPC",
			"badge,name,removed\nB1,N,perhaps\n": "yes or no"},
		directory.OfPlaces: {"gln,name\n9520000000005,T\n": "location number is not right", "gln,name\n" + gln + ",\n": "wants a name", "gln,name,ods\n" + gln + ",T,R!\n": "no ODS code",
			"gln,extension,name\n" + gln + ",123456789012345678901,T\n": "extension"},
		directory.OfCodes: {"system,code,text\nICD,1,T\n": "one of OPCS-4", "system,code,text\nlocal,a b,T\n": "one to twenty", "system,code,text\nSNOMED CT,W37,T\n": "digits only",
			"system,code,text\nlocal,a,\n": "in words"},
	} {
		for table, want := range cases {
			good := map[directory.Of]string{directory.OfStaff: "B9,Good\n", directory.OfPlaces: gln + ",Good\n", directory.OfCodes: "local,ok,Good\n"}[of]
			head, row, _ := strings.Cut(table, "\n")
			rows := load(t, r, of, meta(), head+"\n"+row)
			if len(rows) != 1 || !strings.Contains(rows[0].Refused, want) || rows[0].Line != 2 {
				t.Errorf("%q: %+v, want %q", table, rows, want)
			}
			if short := map[directory.Of]string{directory.OfStaff: "badge,name", directory.OfPlaces: "gln,name", directory.OfCodes: "system,code,text"}[of]; head == short {
				if rows := load(t, r, of, meta(), table+good); len(rows) != 2 || rows[1].Refused != "" {
					t.Errorf("%q: %+v", table, rows)
				}
			}
		}
	}
	for table, want := range map[string]string{"": "empty", "badge,colour\n": `no column "colour"`} {
		if _, err := directory.Import(t.Context(), r, directory.OfStaff, meta(), []byte(table)); trace.KindOf(err) != trace.Invalid || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", table, err)
		}
	}
	if _, err := directory.Import(t.Context(), r, "cars", meta(), []byte("a\n")); trace.KindOf(err) != trace.NotFound {
		t.Error(err)
	}
}

func TestTheSameTableUnderTheSameIdRecordsNothingTwice(t *testing.T) {
	r := newRecorder(t)
	m := meta()
	load(t, r, directory.OfStaff, m, "badge,name\nB1,One\n")
	load(t, r, directory.OfStaff, meta(), "badge,name\nB1,Two\n")
	load(t, r, directory.OfStaff, m, "badge,name\nB1,One\n") // sent again, late
	if l, err := r.Store.StaffMember(t.Context(), "B1"); err != nil || l.Fact.Name != "Two" || len(l.History) != 2 {
		t.Errorf("%+v, %v", l, err)
	}
}

// What is printed means what the directory lists.
func TestLabelsMeanWhatTheyName(t *testing.T) {
	r := newRecorder(t)
	load(t, r, directory.OfStaff, meta(), "badge,name,role,removed\n"+badge+",A. Dene,surgeon,\nSTAFF-0042,B. Fell,scrub,\nB-8,Gone,,yes\n")
	load(t, r, directory.OfPlaces, meta(), "gln,extension,name,site,ods\n"+gln+",4,Theatre 4,Main,RXX01\n")
	load(t, r, directory.OfCodes, meta(), "system,code,text\nOPCS-4,W37.1,Hip\nSNOMED CT,76915002,Hip too\n")
	all := make(map[string]directory.Label)
	for _, of := range directory.Lists() {
		labels, without, err := directory.Labels(t.Context(), r.Store, of)
		if err != nil || len(without) > 0 {
			t.Fatal(without, err)
		}
		for _, l := range labels {
			all[l.Text] = l
		}
	}
	if len(all) != 5 {
		t.Errorf("%d labels, and the removed badge is none of them", len(all))
	}
	if l := all["STAFF-0042"]; l.Title != "B. Fell" || l.Symbol.Size() == 0 {
		t.Errorf("%+v", l)
	}
	for text, holds := range map[string]func(udi.Meaning) bool{
		"(8017)" + badge:               func(m udi.Meaning) bool { return m.Staff == badge },
		"(414)" + gln + "(254)4":       func(m udi.Meaning) bool { return m.Place == udi.Place{GLN: gln, Extension: "4"} },
		"(99)IMT:P:opcs-4:W37.1":       func(m udi.Meaning) bool { return m.Procedure == udi.Procedure{System: "opcs-4", Code: "W37.1"} },
		"(99)IMT:P:snomed-ct:76915002": func(m udi.Meaning) bool { return m.Procedure.Code == "76915002" },
	} {
		if _, ok := all[text]; !ok || !holds(udi.Understand(text, noon)) {
			t.Errorf("%s: %v, %+v", text, ok, udi.Understand(text, noon))
		}
	}
}

func TestTheQueueHoldsWhatNobodyListed(t *testing.T) {
	r := newRecorder(t)
	_, err := r.OpenProcedure(t.Context(), command.OpenProcedure{Meta: meta(), Who: command.Who{NHSNumber: "9990000018"}, Code: trace.Code{Code: "W371"},
		Place: trace.Place{GLN: gln, Extension: "4"}, People: []trace.Person{{Code: badge}, {Name: "typed"}}})
	if err != nil {
		t.Fatal(err)
	}
	text := "]d28017" + badge
	m := meta()
	canon, _, _, err := r.Before(t.Context(), m.ID, "reading", text)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Record(t.Context(), m, canon, trace.Draft{Fact: trace.ReadingFact{Reading: m.ID, Means: udi.KindStaff, Symbology: text[:3], Text: text[3:]}}); err != nil {
		t.Fatal(err)
	}
	since := noon.Add(-time.Hour)
	q, err := directory.Queue(t.Context(), r, since)
	if err != nil || len(q) != 3 {
		t.Fatalf("%+v, %v", q, err)
	}
	want := map[string]int{badge: 2, gln + "/4": 1, "OPCS-4/W371": 1}
	for _, u := range q {
		if want[u.Code] != u.Seen || u.Last.IsZero() {
			t.Errorf("%+v", u)
		}
	}
	load(t, r, directory.OfStaff, meta(), "badge,name\n"+badge+",A. Dene\n")
	load(t, r, directory.OfPlaces, meta(), "gln,extension,name\n"+gln+",4,Theatre 4\n")
	load(t, r, directory.OfCodes, meta(), "system,code,text\nopcs4,W37.1,Hip\n")
	if q, err := directory.Queue(t.Context(), r, since); err != nil || len(q) != 0 {
		t.Errorf("%+v, %v", q, err)
	}
}
