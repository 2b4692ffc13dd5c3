package evidence_test

import (
	"archive/zip"
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"filippo.io/age"

	"implantrace/internal/bolt"
	"implantrace/internal/casework"
	"implantrace/internal/command"
	"implantrace/internal/evidence"
	"implantrace/internal/journal"
	"implantrace/internal/recall"
	"implantrace/internal/seal"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

const stem = "09520140001039"

// office is a node with a notice that was worked on.
type office struct {
	*testing.T
	store  *bolt.Store
	maker  evidence.Maker
	notice trace.NoticeID
	mu     sync.Mutex
	now    time.Time
}

func (o *office) clock() time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.now = o.now.Add(time.Second)
	return o.now
}

func must[V any](t *testing.T) func(V, error) V {
	return func(v V, err error) V {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func meta() command.Meta {
	return command.Meta{ID: trace.NewEventID(), Provenance: trace.Typed, By: trace.Actor{Name: "R. Dene", Via: "test"}}
}

func worked(t *testing.T) *office {
	t.Helper()
	o := &office{T: t, now: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
	o.store = must[*bolt.Store](t)(bolt.Open(filepath.Join(t.TempDir(), bolt.FileName), bolt.Options{Name: "Theatre 4", Keys: seal.NewKeyring(), Clock: o.clock}))
	t.Cleanup(func() {
		if err := o.store.Close(); err != nil {
			t.Error(err)
		}
	})
	r := command.Recorder{Store: o.store, Clock: o.clock}
	desk := &casework.Office{Recorder: r}
	o.maker = evidence.Maker{Office: desk, Prover: o.store, Node: "Theatre 4", Program: "implantrace test"}
	ctx := t.Context()
	_, err := o.store.Append(ctx, trace.Command{ID: trace.NewEventID(), Canonical: []byte("c"), By: trace.Actor{Via: "test"}, Drafts: []trace.Draft{
		{Provenance: trace.Imported, Fact: trace.CatalogueFact{Source: "maker", Batch: trace.NewEventID(), Rows: []trace.CatalogueRow{{DI: stem, Maker: "Northmoor", Brand: "Fellside", Description: "Stem"}}}},
		{Provenance: trace.Scanned, Fact: trace.StockFact{Line: trace.StockLineID(udi.Device{DI: stem, Lot: "A17"}, trace.Place{Name: "Cupboard"}), Device: udi.Device{Agency: udi.AgencyGS1, DI: stem, Lot: "A17"},
			Place: trace.Place{Name: "Cupboard"}, Move: trace.StockReceived, Quantity: 3, Who: "=cmd()"}},
		{Provenance: trace.Scanned, Fact: trace.ReadingFact{Reading: trace.NewEventID(), Source: "serial", Symbology: "]d2", Text: "01" + stem + "10A17", Means: udi.KindDevice}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	used := func(nhs, family, lot string) trace.UsageID {
		p := must[trace.ProcedureID](t)(r.OpenProcedure(ctx, command.OpenProcedure{Meta: meta(), Who: command.Who{NHSNumber: nhs, Family: family, Given: "Ada"}, Code: trace.Code{System: "OPCS-4", Code: "W371", Text: "Hip"}}))
		return must[trace.UsageID](t)(r.RecordUsage(ctx, command.RecordUsage{Meta: meta(), Procedure: p, Device: udi.Device{DI: stem, Lot: lot}, Status: trace.Implanted, Reason: "synthetic"}))
	}
	used("9990000018", "=HYPERLINK(1)", "A17")
	used("9990000026", "Testwell", "")
	wrong := used("9990000034", "Holt", "A17")
	if err := r.Correct(ctx, command.Correct{Meta: meta(), Usage: wrong, Set: command.Set{Lot: "B9"}, Reason: "label read again"}); err != nil {
		t.Fatal(err)
	}
	o.notice = must[trace.NoticeID](t)(desk.Save(ctx, casework.SaveNotice{Meta: meta(), Notice: recall.Notice{Title: "Stems <b>", References: []recall.Reference{{Of: "FSCA", Number: "1"}},
		Actions: []string{"Put aside"}, Criteria: recall.Criteria{DIs: recall.Texts{stem}, Lots: recall.Named("A17")}}}))
	board := must[casework.Board](t)(desk.Board(ctx, o.notice))
	if err := desk.Change(ctx, casework.ChangeCases{Meta: meta(), NoticeID: o.notice, Cases: []casework.Touched{{Case: board.Cases[0].ID, Seen: board.Cases[0].Last()}}, Status: trace.CaseContacted, Note: "Spoke to Ada"}); err != nil {
		t.Fatal(err)
	}
	if err := desk.Answer(ctx, casework.AnswerAction{Meta: meta(), NoticeID: o.notice, Action: "Put aside", Answer: "done", Note: "by the nurse"}); err != nil {
		t.Fatal(err)
	}
	return o
}

func (o *office) pack(q evidence.Ask) []byte {
	o.Helper()
	q.Notice = o.notice
	p := must[*evidence.Pack](o.T)(o.maker.Gather(o.Context(), q))
	var b bytes.Buffer
	if err := p.Write(o.Context(), &b); err != nil {
		o.Fatal(err)
	}
	return b.Bytes()
}

func (o *office) verify(pack []byte, keys ...string) evidence.Report {
	o.Helper()
	r, err := evidence.Verify(o.Context(), pack, keys...)
	if err != nil {
		r.Findings = append(r.Findings, err.Error())
	}
	return r
}

func unzip(t *testing.T, pack []byte) (names []string, files map[string][]byte) {
	t.Helper()
	files = make(map[string][]byte)
	z := must[*zip.Reader](t)(zip.NewReader(bytes.NewReader(pack), int64(len(pack))))
	for _, f := range z.File {
		r := must[io.ReadCloser](t)(f.Open())
		files[f.Name] = must[[]byte](t)(io.ReadAll(r))
		names = append(names, f.Name)
	}
	return names, files
}

func rezip(t *testing.T, names []string, files map[string][]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range names {
		if content, ok := files[name]; ok {
			w := must[io.Writer](t)(z.Create(name))
			must[int](t)(w.Write(content))
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestAPackIsCheckedWithoutTheDatabase(t *testing.T) {
	o := worked(t)
	plain := o.pack(evidence.Ask{})
	r := o.verify(plain, o.store.VerifierKey())
	if len(r.Findings) > 0 || r.Own || r.Entries < 12 || r.Matches < 4 || r.Actions < 5 || r.Opened != 0 {
		t.Errorf("%+v", r)
	}
	if r = o.verify(plain); len(r.Findings) > 0 || !r.Own || !strings.Contains(strings.Join(r.Notes, " "), "key in the pack itself") {
		t.Errorf("with its own key: %+v", r)
	}
	for name, b := range second(unzip(t, plain)) {
		for _, who := range []string{"Testwell", "9990000026", "HYPERLINK", "Spoke to Ada", "by the nurse"} {
			if bytes.Contains(b, []byte(who)) {
				t.Errorf("%s of a pack without names has %q", name, who)
			}
		}
	}
}

func second[A, B any](_ A, b B) B { return b }

func TestAPackThatNamesPatientsIsEncryptedAndProvesTheNames(t *testing.T) {
	o := worked(t)
	if _, err := o.maker.Gather(t.Context(), evidence.Ask{Notice: o.notice, Names: true}); trace.KindOf(err) != trace.Invalid {
		t.Errorf("names without a recipient: %v", err)
	}
	id := must[*age.X25519Identity](t)(age.GenerateX25519Identity())
	sealed := o.pack(evidence.Ask{Names: true, Recipients: []string{id.Recipient().String()}})
	if bytes.Contains(sealed, []byte("Testwell")) || bytes.HasPrefix(sealed, []byte("PK")) {
		t.Error("the pack is not encrypted")
	}
	if _, err := evidence.Open(sealed); err == nil {
		t.Error("it opens without a key")
	}
	open := must[[]byte](t)(evidence.Open(sealed, id))
	r := o.verify(open, o.store.VerifierKey())
	if len(r.Findings) > 0 || r.Opened < 4 {
		t.Errorf("%+v", r)
	}
	_, files := unzip(t, open)
	if !bytes.Contains(files["matches.csv"], []byte("Testwell")) || !bytes.Contains(files["actions.csv"], []byte("Spoke to Ada")) {
		t.Error("names and notes are not in the pack")
	}
	if !bytes.Contains(files["matches.csv"], []byte("'=HYPERLINK")) || bytes.Contains(files["matches.csv"], []byte(",=HYPERLINK")) || bytes.Contains(files["actions.csv"], []byte(",=")) {
		t.Error("a cell is a formula")
	}
	flipped := bytes.Clone(sealed)
	flipped[len(flipped)/2] ^= 1
	if _, err := evidence.Open(flipped, id); err == nil {
		t.Error("a changed byte of an encrypted pack is not told")
	}
}

func TestTamperingWithAnyFileIsCaught(t *testing.T) {
	o := worked(t)
	id := must[*age.X25519Identity](t)(age.GenerateX25519Identity())
	names, files := unzip(t, must[[]byte](t)(evidence.Open(o.pack(evidence.Ask{Names: true, Recipients: []string{id.Recipient().String()}}), id)))
	key := o.store.VerifierKey()
	if r := o.verify(rezip(t, names, files), key); len(r.Findings) > 0 {
		t.Fatalf("unchanged: %v", r.Findings)
	}
	for _, name := range names {
		for what, b := range map[string][]byte{
			"a byte is changed": flip(files[name], len(files[name])/2),
			"its end is gone":   files[name][:len(files[name])-1],
			"something more":    append(bytes.Clone(files[name]), ' '),
			"it is empty":       {},
		} {
			changed := mapsWith(files, name, b)
			if r := o.verify(rezip(t, names, changed), key); len(r.Findings) == 0 {
				t.Errorf("%s: %s, and nothing is found", name, what)
			}
		}
		if r := o.verify(rezip(t, slices.DeleteFunc(slices.Clone(names), func(n string) bool { return n == name }), files), key); len(r.Findings) == 0 {
			t.Errorf("%s is gone, and nothing is found", name)
		}
	}
	more := mapsWith(files, "more.csv", []byte("x"))
	if r := o.verify(rezip(t, append(slices.Clone(names), "more.csv"), more), key); len(r.Findings) == 0 {
		t.Error("a file was added, and nothing is found")
	}
}

func flip(b []byte, at int) []byte {
	b = bytes.Clone(b)
	b[at] ^= 4
	return b
}

func mapsWith(files map[string][]byte, name string, b []byte) map[string][]byte {
	out := map[string][]byte{name: b}
	for n, c := range files {
		if n != name {
			out[n] = c
		}
	}
	return out
}

// A forger who has a key of their own signs what they changed. With the node's key at
// hand it is told; and even with the forger's, rows that the entries do not bear out
// are.
func TestAForgedPackIsToldByItsEntries(t *testing.T) {
	o := worked(t)
	names, files := unzip(t, o.pack(evidence.Ask{}))
	_, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	forger := must[journal.Signer](t)(journal.NewSigner(o.store.Node(), private))
	resign := func(files map[string][]byte) []byte {
		var m evidence.Manifest
		if err := json.Unmarshal(files["manifest.json"], &m); err != nil {
			t.Fatal(err)
		}
		for i, f := range m.Files {
			m.Files[i].Bytes, m.Files[i].SHA256 = int64(len(files[f.Name])), sha256.Sum256(files[f.Name])
		}
		raw := must[[]byte](t)(json.Marshal(m))
		out := mapsWith(files, "manifest.json", raw)
		out["manifest.note"] = must[[]byte](t)(forger.Attest("evidence", fmt.Appendf(nil, "%x", sha256.Sum256(raw))))
		return rezip(t, names, out)
	}
	line := func(name string, n int, edit func(string) string) map[string][]byte {
		lines := strings.SplitAfter(string(files[name]), "\n")
		lines[n] = edit(lines[n])
		return mapsWith(files, name, []byte(strings.Join(lines, "")))
	}
	both := []string{o.store.VerifierKey(), forger.Key}
	for what, changed := range map[string]map[string][]byte{
		"another lot":      mapsWith(files, "matches.jsonl", bytes.Replace(files["matches.jsonl"], []byte(`"lot":"A17"`), []byte(`"lot":"A18"`), 1)),
		"another tier":     mapsWith(files, "matches.jsonl", bytes.Replace(files["matches.jsonl"], []byte(`"tier":"confirmed"`), []byte(`"tier":"possible"`), 1)),
		"an action gone":   line("actions.jsonl", 1, func(string) string { return "" }),
		"another notice":   mapsWith(files, "notice.json", bytes.Replace(files["notice.json"], []byte("A17"), []byte("A19"), 1)),
		"another leaf":     line("entries.jsonl", 2, func(s string) string { return strings.Replace(s, `"leaf":"`, `"leaf":"AA`, 1) }),
		"another table":    mapsWith(files, "matches.csv", bytes.Replace(files["matches.csv"], []byte("A17"), []byte("A18"), 1)),
		"another workbook": mapsWith(files, "actions.xlsx", files["matches.xlsx"]),
	} {
		pack := resign(changed)
		if r := o.verify(pack, o.store.VerifierKey()); len(r.Findings) == 0 {
			t.Errorf("%s: the node did not sign it, and nothing is found", what)
		}
		if r := o.verify(pack, both...); len(r.Findings) == 0 {
			t.Errorf("%s: the entries do not bear it out, and nothing is found", what)
		}
	}
	// Every entry is needed, but for those of patients, whom this pack does not name, and
	// of the catalogue, which a notice of a device identifier does not ask.
	for i, text := range strings.Split(strings.TrimSpace(string(files["entries.jsonl"])), "\n") {
		var x struct{ Leaf []byte }
		if err := json.Unmarshal([]byte(text), &x); err != nil {
			t.Fatal(err)
		}
		e := must[trace.Entry](t)(journal.NewCodec().Decode(x.Leaf))
		r := o.verify(resign(line("entries.jsonl", i, func(string) string { return "" })), both...)
		if len(r.Findings) == 0 && e.Fact.Kind() != trace.KindPatient && e.Fact.Kind() != trace.KindCatalogue {
			t.Errorf("an entry of kind %d is gone, and nothing is found", e.Fact.Kind())
		}
	}
	if r := o.verify(resign(files), both...); len(r.Findings) > 0 {
		t.Errorf("the forger changed nothing: %v", r.Findings)
	}
}

func TestADrillIsMarkedOnEveryFileForPeople(t *testing.T) {
	o := worked(t)
	o.maker.Drill = true
	_, files := unzip(t, o.pack(evidence.Ask{}))
	if !bytes.Contains(files["README.txt"], []byte("THIS WAS A DRILL")) || !bytes.Contains(files["manifest.json"], []byte(`"drill": true`)) {
		t.Error("a drill is not marked")
	}
}
