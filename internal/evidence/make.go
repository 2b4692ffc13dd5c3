package evidence

import (
	"archive/zip"
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"filippo.io/age"

	"implantrace/internal/casework"
	"implantrace/internal/journal"
	"implantrace/internal/recall"
	"implantrace/internal/seal"
	"implantrace/internal/sheet"
	"implantrace/internal/trace"
)

// Maker makes packs of the notices of one node.
type Maker struct {
	Office  *casework.Office
	Prover  trace.Prover
	Node    string // its name
	Program string // with its version
	Drill   bool
}

// Ask is what a pack is to be.
type Ask struct {
	Notice     trace.NoticeID
	Names      bool     // names patients, and has the notes
	Recipients []string // age public keys: the pack is encrypted to them
	By         string
}

// Pack is a pack that is ready to be written.
type Pack struct {
	manifest  Manifest
	prover    trace.Prover
	zone      *time.Location
	notice    trace.Notice
	body      recall.Notice
	raw       []byte
	board     casework.Board
	matches   []Match
	actions   []Action
	positions []trace.Position
	reveal    map[trace.Position]bool
	to        []age.Recipient
}

// Encrypted reports whether the pack will be encrypted.
func (p *Pack) Encrypted() bool { return len(p.to) > 0 }

// Name is a name for its file.
func (p *Pack) Name() string {
	name := "evidence-" + p.manifest.Made.Format("20060102-150405") + ".zip"
	if p.manifest.Drill {
		name = "drill-" + name
	}
	if p.Encrypted() {
		name += ".age"
	}
	return name
}

// Gather searches for the notice and gathers everything that its answer rests on.
func (m Maker) Gather(ctx context.Context, q Ask) (*Pack, error) {
	p := &Pack{prover: m.Prover, zone: m.Office.Zone(), reveal: make(map[trace.Position]bool)}
	for _, key := range q.Recipients {
		if key = strings.TrimSpace(key); key == "" {
			continue
		}
		r, err := seal.ParseRecipient(key)
		if err != nil {
			return nil, trace.Errorf(trace.Invalid, "%w", err)
		}
		p.to = append(p.to, r)
	}
	if q.Names && len(p.to) == 0 {
		return nil, trace.Errorf(trace.Invalid, "A pack that names patients is encrypted: say to whom (age public keys), or leave the names out.")
	}
	f := m.Office.Store
	var err error
	if p.notice, err = f.Notice(ctx, q.Notice); err != nil {
		return nil, err
	}
	if p.raw, err = f.NoticeBody(ctx, p.notice.BodyAt); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(p.raw, &p.body); err != nil {
		return nil, err
	}
	if p.board, err = m.Office.Board(ctx, q.Notice); err != nil {
		return nil, err
	}
	matcher, err := m.Office.Matcher(ctx, p.notice)
	if err != nil {
		return nil, err
	}
	now := m.Office.Clock()
	p.manifest = Manifest{Format: Format, Notice: q.Notice, Name: p.notice.Name, Node: f.Node(), By: q.By, Program: m.Program, Made: now.UTC().Truncate(time.Second), Zone: p.zone.String(), Names: q.Names, Drill: m.Drill}
	if err := p.search(ctx, f, matcher, now); err != nil {
		return nil, err
	}
	if err := p.work(ctx); err != nil {
		return nil, err
	}
	slices.SortFunc(p.positions, func(a, b trace.Position) int {
		return cmp.Or(bytes.Compare(a.Node[:], b.Node[:]), cmp.Compare(a.Seq, b.Seq))
	})
	p.positions = slices.Compact(p.positions)
	return p, nil
}

// search lists whom the notice means now.
func (p *Pack) search(ctx context.Context, f trace.Finder, m *recall.Matcher, now time.Time) error {
	products := make(map[string]bool)
	patients := make(map[trace.PatientID]bool)
	for found, err := range recall.Matches(ctx, f, m, now, &p.board.Coverage) {
		if err != nil {
			return err
		}
		switch {
		case found.Shelf != nil:
			p.matches = append(p.matches, matchOfShelf(*found.Shelf))
			for _, s := range found.Shelf.Line.Steps {
				p.rests(s.Stamp, false)
			}
			if err := p.product(ctx, f, found.Shelf.Line.Device.DI, products); err != nil {
				return err
			}
			for _, u := range found.Shelf.Used {
				used, err := f.Usage(ctx, u)
				if err != nil {
					return err
				}
				p.rests1(used.History, false)
			}
		case found.Unlinked != nil:
			p.matches = append(p.matches, matchOfReading(*found.Unlinked))
			p.positions = append(p.positions, found.Unlinked.At)
			if err := p.product(ctx, f, found.Unlinked.Device.DI, products); err != nil {
				return err
			}
		default:
			u := found.Match.UsageInFull
			p.matches = append(p.matches, matchOf(found.Match.Tier, found.Match.Why, u, p.manifest.Names))
			p.rests1(u.Usage.History, false)
			p.rests1(u.Procedure.History, false)
			if err := p.product(ctx, f, u.Usage.Device.DI, products); err != nil {
				return err
			}
			if !u.Patient.IsZero() && !patients[u.Patient] {
				patients[u.Patient] = true
				who, err := f.Patient(ctx, u.Patient)
				if err != nil && trace.KindOf(err) != trace.NotFound {
					return err
				}
				p.rests1(who.History, true)
			}
		}
	}
	return nil
}

// product is what is said of a device identifier, and of what is inside.
func (p *Pack) product(ctx context.Context, f trace.Finder, di string, done map[string]bool) error {
	if di == "" || done[di] {
		return nil
	}
	done[di] = true
	inside, err := f.Packed(ctx, di)
	if err != nil {
		return err
	}
	for _, one := range append(inside, di) {
		is, err := f.Product(ctx, one)
		if err != nil && trace.KindOf(err) != trace.NotFound {
			return err
		}
		p.rests1(is.History, false)
	}
	return nil
}

// rests notes that the answer rests on an entry, whose sealed part is shown where
// the pack names patients.
func (p *Pack) rests(s trace.Stamp, sealed bool) {
	p.positions = append(p.positions, s.Position)
	if sealed && p.manifest.Names && s.Sealed {
		p.reveal[s.Position] = true
	}
}

func (p *Pack) rests1(all []trace.Stamp, sealed bool) {
	for _, s := range all {
		p.rests(s, sealed)
	}
}

// work lists what was done about the notice.
func (p *Pack) work(ctx context.Context) error {
	add := func(s trace.Stamp) error {
		p.rests(s, true)
		e, err := p.entry(ctx, s.Position)
		if err != nil {
			return err
		}
		if a, ok := actionsOf(e); ok {
			p.actions = append(p.actions, a)
		}
		return nil
	}
	for _, s := range p.notice.History {
		if err := add(s); err != nil {
			return err
		}
	}
	for _, c := range p.board.Cases {
		for _, s := range c.History {
			if err := add(s.Stamp); err != nil {
				return err
			}
		}
	}
	for _, on := range p.board.Shelf {
		for _, s := range on.Line.Steps {
			if err := add(s.Stamp); err != nil {
				return err
			}
		}
	}
	sortActions(p.actions)
	return nil
}

// entry reads an entry as whoever checks the pack will.
func (p *Pack) entry(ctx context.Context, at trace.Position) (e trace.Entry, err error) {
	proof, err := p.prover.Inclusion(ctx, at, 0)
	if err != nil {
		return e, err
	}
	if e, err = codec.Decode(proof.Leaf); err != nil || !p.reveal[at] {
		return e, err
	}
	opened, err := p.prover.Reveal(ctx, at)
	if err != nil || opened == nil {
		return e, err
	}
	secret, err := seal.Revealed(*opened, e.Commitment)
	e.Secret = &secret
	return e, err
}

func sortActions(all []Action) {
	slices.SortFunc(all, func(a, b Action) int {
		return cmp.Or(a.At.Compare(b.At), bytes.Compare(a.Entry.Node[:], b.Entry.Node[:]), cmp.Compare(a.Entry.Seq, b.Entry.Seq))
	})
}

// Write writes the pack, encrypted where it has recipients.
func (p *Pack) Write(ctx context.Context, w io.Writer) error {
	if len(p.to) == 0 {
		return p.zip(ctx, w)
	}
	sealed, err := age.Encrypt(w, p.to...)
	if err != nil {
		return err
	}
	if err := p.zip(ctx, sealed); err != nil {
		return err
	}
	return sealed.Close()
}

func (p *Pack) zip(ctx context.Context, w io.Writer) error {
	z := zip.NewWriter(w)
	put := func(name string, write func(io.Writer) error) error {
		f, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: p.manifest.Made})
		if err != nil {
			return err
		}
		h := sha256.New()
		n := &counter{w: io.MultiWriter(f, h)}
		if err := write(n); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if name != fileManifest && name != fileSigned {
			p.manifest.Files = append(p.manifest.Files, File{name, n.n, trace.Hash(h.Sum(nil))})
		}
		return nil
	}
	// The checkpoints are taken after everything was gathered: all of it is in them.
	checks, sizes, err := p.checkpoints(ctx)
	if err != nil {
		return err
	}
	for _, name := range files() {
		if err := put(name, func(w io.Writer) error { return p.file(ctx, name, checks, sizes, w) }); err != nil {
			return err
		}
	}
	manifest, err := json.MarshalIndent(p.manifest, "", "  ")
	if err != nil {
		return err
	}
	if err := put(fileManifest, bytesOf(manifest)); err != nil {
		return err
	}
	sum := sha256.Sum256(manifest)
	signed, err := p.prover.Attest(statement, fmt.Appendf(nil, "%x", sum))
	if err != nil {
		return err
	}
	if err := put(fileSigned, bytesOf(signed)); err != nil {
		return err
	}
	return z.Close()
}

func bytesOf(b []byte) func(io.Writer) error {
	return func(w io.Writer) error { _, err := w.Write(b); return err }
}

type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.n += int64(n)
	return n, err
}

func (p *Pack) checkpoints(ctx context.Context) (c checkpoints, sizes map[trace.NodeID]uint64, err error) {
	c.Key, sizes = p.prover.VerifierKey(), make(map[trace.NodeID]uint64)
	for _, at := range p.positions {
		if sizes[at.Node] > 0 {
			continue
		}
		signed, err := p.prover.Checkpoint(ctx, at.Node)
		if err != nil {
			return c, nil, err
		}
		check, _, err := journal.OpenCheckpoint(signed)
		if err != nil && !errors.Is(err, journal.ErrSignature) {
			return c, nil, err
		}
		sizes[at.Node] = check.Size
		c.Notes = append(c.Notes, string(signed))
	}
	return c, sizes, nil
}

// file writes one file of the pack.
func (p *Pack) file(ctx context.Context, name string, checks checkpoints, sizes map[trace.NodeID]uint64, w io.Writer) error {
	table := func(rows [][]string, csv bool, title string) error {
		b, err := sheet.CSV(rows)
		if !csv {
			b, err = sheet.XLSX(title, rows, p.manifest.Made)
		}
		if err == nil {
			_, err = w.Write(b)
		}
		return err
	}
	switch name {
	case fileReadme:
		_, err := io.WriteString(w, p.readme())
		return err
	case fileSummary:
		b, err := p.summary(checks)
		if err == nil {
			_, err = w.Write(b)
		}
		return err
	case fileNotice:
		_, err := w.Write(p.raw)
		return err
	case fileCoverage:
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(p.board.Coverage)
	case fileMatches:
		return lines(w, p.matches)
	case fileMatchesCSV, fileMatchesXL:
		return table(matchTable(p.matches, p.manifest.Names, p.zone), name == fileMatchesCSV, "Matches")
	case fileActions:
		return lines(w, p.actions)
	case fileActionsCSV, fileActionsXL:
		return table(actionTable(p.actions, p.manifest.Names, p.zone), name == fileActionsCSV, "Actions")
	case fileEntries:
		return p.entries(ctx, sizes, w)
	case fileChecks:
		return json.NewEncoder(w).Encode(checks)
	}
	return fmt.Errorf("there is no file %s in a pack", name)
}

func lines[V any](w io.Writer, all []V) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	for _, v := range all {
		if err := e.Encode(v); err != nil {
			return err
		}
	}
	return nil
}

func (p *Pack) entries(ctx context.Context, sizes map[trace.NodeID]uint64, w io.Writer) error {
	out := json.NewEncoder(w)
	for _, at := range p.positions {
		proof, err := p.prover.Inclusion(ctx, at, sizes[at.Node])
		if err != nil {
			return err
		}
		e := entry{Log: at.Node, Seq: at.Seq, Leaf: proof.Leaf, Proof: [][]byte{}}
		for _, h := range proof.Proof {
			e.Proof = append(e.Proof, h[:])
		}
		if p.reveal[at] {
			if e.Opened, err = p.prover.Reveal(ctx, at); err != nil {
				return err
			}
		}
		if err := out.Encode(e); err != nil {
			return err
		}
	}
	return nil
}

func (p *Pack) readme() string {
	names := "It names no patient: they stand under the ids that the record has for them."
	if p.manifest.Names {
		names = "It names patients. Keep it as you keep a patient's record."
	}
	drill := ""
	if p.manifest.Drill {
		drill = "\nTHIS WAS A DRILL on a copy of the record. Nothing of it was done to a patient.\n"
	}
	return fmt.Sprintf(`Evidence pack of a recall notice
%s
%s
%s
Made %s by %s.

summary.pdf           how the notice stands
notice.json           the notice with its criteria
coverage.json         what the answer rests on, and what it does not know
matches.csv, .xlsx    every device that the notice means or that cannot be excluded, and why (the same for programs: matches.jsonl)
actions.csv, .xlsx    what was done, by whom and when (actions.jsonl)
entries.jsonl         the entries of the journal that all this is worked out from, each with its proof (RFC 6962); of what is sealed, salt and fields
checkpoints.json      the signed state of each log that the proofs are for, and the key that signed
manifest.json, .note  every file with its SHA-256, and the node's signature over that

To check it, without the database:

    implantrace verify --evidence FILE --key KEY

KEY is the verifier key of the node, as you noted it before. It shows that no file was changed, that every entry stands in
the journal, and that matches and actions are what these entries say. It cannot show that nobody is missing: that takes
the journal (implantrace verify).
`, drill, p.manifest.Name, names, p.manifest.Made.In(p.zone).Format("2 January 2006, 15:04 MST"), p.manifest.Program)
}
