package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"time"

	"implantrace/gs1"
	"implantrace/internal/command"
	"implantrace/internal/udi"
)

func parseCommand() subcommand {
	return subcommand{
		name: "parse", args: "[--jsonl] [TEXT...]", summary: "say what a barcode's text means",
		help: `
Says what the text of a barcode means: which device, patient, badge or place, and what is wrong with it. Without TEXT it
reads lines. FNC1 may be written as the character 0x1D; in an argument also as <GS> or {GS}, and this is said.
Nothing is recorded.

Exit code 1 when a text was not understood, or is damaged; with --jsonl, when a line was rejected.

Examples:
  implantrace parse '(01)07611994064584(17)290322(10)90M4GRUBJJGA'
  implantrace parse ']d2010761199406458417290322109ABC<GS>21S77'
  implantrace parse --jsonl < scans.jsonl

With --jsonl each input line is {"id", "raw": "..." or ["...", ...], "now"?: "YYYY-MM-DD"}, and each is answered by one
line, in order, with the same id. Several raw texts are the carriers of one pack.`,
		setup: func(fs *flag.FlagSet) func(context.Context, streams, []string) error {
			lines := fs.Bool("jsonl", false, "read and write JSON lines")
			return func(ctx context.Context, s streams, args []string) error {
				if *lines {
					if err := noArguments(args); err != nil {
						return err
					}
					return parseLines(ctx, s)
				}
				if len(args) > 0 {
					return parseTexts(s, args)
				}
				var texts []string
				in := bufio.NewScanner(s.in)
				in.Buffer(nil, 1<<20)
				for in.Scan() {
					texts = append(texts, in.Text())
				}
				if err := in.Err(); errors.Is(err, bufio.ErrTooLong) {
					return errLong
				} else if err != nil {
					return err
				}
				return parseTexts(s, texts)
			}
		},
	}
}

func parseTexts(s streams, texts []string) error {
	var err error
	for i, text := range texts {
		if i > 0 {
			fmt.Fprintln(s.out)
		}
		if written := strings.NewReplacer("<GS>", "\x1d", "{GS}", "\x1d").Replace(text); written != text {
			fmt.Fprintln(s.out, "<GS> was taken for the separator, 0x1D.")
			text = written
		}
		m := udi.Understand(text, time.Now())
		printMeaning(s.out, m)
		if m.Kind == udi.KindText || m.Damaged() {
			err = errNegative
		}
	}
	return err
}

// printMeaning is a meaning for people.
func printMeaning(w io.Writer, m udi.Meaning) {
	row := func(name, value string) {
		if value != "" {
			fmt.Fprintf(w, "  %-14s %s\n", name, value)
		}
	}
	switch m.Kind {
	case udi.KindDevice:
		fmt.Fprintln(w, "A device")
		d := m.Device
		row("DI", d.DI)
		row("Lot", d.Lot)
		row("Serial", d.Serial)
		row("Expires", d.Expiry.String())
		row("Made", d.Manufactured.String())
		row("Best before", d.BestBefore.String())
		row("Quantity", d.Quantity)
		row("Variant", d.Variant)
		row("Catalogue no", d.CatalogueNo)
	case udi.KindPatient:
		fmt.Fprintln(w, "A patient's wristband")
		p := m.Patient
		row("NHS number", p.NHSNumber.String())
		if p.LocalNumber != "" {
			row("Local number", p.LocalNumber+" ("+p.LocalIssuer+")")
		}
		row("Family name", p.Family)
		row("Given name", p.Given)
		row("Born", p.Birth)
	case udi.KindStaff:
		fmt.Fprintln(w, "A member of staff")
		row("GSRN", m.Staff)
	case udi.KindPlace:
		fmt.Fprintln(w, "A place")
		row("GLN", m.Place.GLN)
		row("Extension", m.Place.Extension)
	default:
		fmt.Fprintln(w, "Not understood")
	}
	taken := map[string]string{"element_string": "element string", "scan_data": "scan data", "bracketed": "bracketed text", "plain": "a plain number"}[m.Form]
	row("Taken for", strings.TrimSpace(taken+" "+m.Symbology))
	for _, e := range m.Elements {
		mark := ""
		if e.Rejected {
			mark = "   (breaks a rule: not used)"
		}
		fmt.Fprintf(w, "  (%s) %q %s%s\n", e.AI, e.Value, e.Title, mark)
	}
	for _, i := range m.Issues {
		at := ""
		if i.Length > 0 {
			at = fmt.Sprintf(" (at byte %d)", i.Offset)
		}
		fmt.Fprintf(w, "  %s: %s%s\n", severity(i.Severity), i.Message, at)
	}
}

func severity(s string) string {
	switch s {
	case gs1.Hard.String():
		return "Wrong"
	case gs1.Association.String():
		return "Incomplete"
	}
	return "Note"
}

// parseRequest is an input line.
type parseRequest struct {
	ID  json.RawMessage `json:"id"`
	Raw texts           `json:"raw"`
	Now string          `json:"now"`
}

// texts is one string or several.
type texts []string

func (t *texts) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		*t = texts{""}
		return json.Unmarshal(b, &(*t)[0])
	}
	return json.Unmarshal(b, (*[]string)(t))
}

// parseAnswer is an output line.
type parseAnswer struct {
	ID       json.RawMessage `json:"id"`
	Status   string          `json:"status"` // ok, warning or rejected
	Kind     udi.Kind        `json:"kind"`
	Agency   udi.Agency      `json:"agency"`
	Elements []element       `json:"elements"`
	Device   *device         `json:"device,omitempty"`
	Errors   []udi.Issue     `json:"errors"`
	Warnings []udi.Issue     `json:"warnings"`
}

type element struct {
	AI    string `json:"ai"`
	Value string `json:"value"`
}

// device is a device with its dates flat.
type device struct {
	DI              string        `json:"di,omitempty"`
	Lot             string        `json:"lot,omitempty"`
	Serial          string        `json:"serial,omitempty"`
	Expiry          string        `json:"expiry,omitempty"`
	ExpiryPrecision udi.Precision `json:"expiry_precision,omitempty"`
	Manufactured    string        `json:"manufactured,omitempty"`
	BestBefore      string        `json:"best_before,omitempty"`
	Quantity        string        `json:"quantity,omitempty"`
	Variant         string        `json:"variant,omitempty"`
	CatalogueNo     string        `json:"catalogue_no,omitempty"`
}

// lineMost is the longest line that is read.
const lineMost = 1 << 20

func parseLines(ctx context.Context, s streams) error {
	out := bufio.NewWriter(s.out)
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	in := bufio.NewReader(s.in)
	var negative error
	for ctx.Err() == nil {
		line, err := readLine(in)
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, errLong) {
			return err
		}
		if len(strings.TrimSpace(string(line))) > 0 || errors.Is(err, errLong) {
			a := parseLine(line, err)
			if a.Status == rejected {
				negative = errNegative
			}
			if eerr := enc.Encode(a); eerr != nil {
				return eerr
			}
			// An answer leaves before the next question is waited for.
			if in.Buffered() == 0 {
				if ferr := out.Flush(); ferr != nil {
					return ferr
				}
			}
		}
		if errors.Is(err, io.EOF) {
			break
		}
	}
	if err := errors.Join(out.Flush(), ctx.Err()); err != nil {
		return err
	}
	return negative
}

// rejected is the status of an input that was not understood, or is damaged.
const rejected = "rejected"

var errLong = errors.New("the line is longer than 1 MiB")

// readLine reads to the end of a line; of a line that is too long nothing is
// kept.
func readLine(in *bufio.Reader) (line []byte, err error) {
	long := false
	for {
		part, err := in.ReadSlice('\n')
		if !long {
			line = append(line, part...)
		}
		if len(line) > lineMost {
			long, line = true, nil
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case long && err == nil:
			return nil, errLong
		}
		return line, err
	}
}

func parseLine(line []byte, err error) parseAnswer {
	a := parseAnswer{ID: json.RawMessage("null"), Status: rejected, Kind: udi.KindText, Elements: []element{}, Errors: []udi.Issue{}, Warnings: []udi.Issue{}}
	refuse := func(message string) parseAnswer {
		a.Errors = append(a.Errors, udi.Issue{Code: "input", Severity: gs1.Hard.String(), Message: message})
		return a
	}
	if errors.Is(err, errLong) {
		return refuse("The input line is longer than 1 MiB.")
	}
	var q parseRequest
	if err := json.Unmarshal(line, &q); err != nil {
		var named struct {
			ID json.RawMessage `json:"id"`
		}
		if json.Unmarshal(line, &named) == nil && named.ID != nil {
			a.ID = named.ID
		}
		return refuse("The input line is not JSON of the form {\"id\", \"raw\"}.")
	}
	if q.ID != nil {
		a.ID = q.ID
	}
	now := time.Now()
	if q.Now != "" {
		if now, err = time.Parse(time.DateOnly, q.Now); err != nil {
			return refuse("The field now is not a date (YYYY-MM-DD).")
		}
	}
	if len(q.Raw) == 0 {
		return refuse("The field raw is missing or empty.")
	}
	var joined udi.Device
	for i, raw := range q.Raw {
		m := udi.Understand(raw, now)
		if a.Kind != udi.KindText && m.Kind != udi.KindText && m.Kind != a.Kind {
			return refuse(fmt.Sprintf("The texts are not of one pack: one is a %s's, another a %s's.", a.Kind, m.Kind))
		}
		if i == 0 || a.Kind == udi.KindText {
			a.Kind = m.Kind
		}
		for _, e := range m.Elements {
			if !e.Rejected {
				a.Elements = append(a.Elements, element{e.AI, e.Value})
			}
		}
		for _, issue := range m.Issues {
			if issue.Severity == gs1.Warning.String() {
				a.Warnings = append(a.Warnings, issue)
			} else {
				a.Errors = append(a.Errors, issue)
			}
		}
		var jerr error
		if joined, jerr = command.Join(joined, m.Device); jerr != nil {
			return refuse(jerr.Error())
		}
	}
	if a.Kind == udi.KindDevice {
		a.Agency = joined.Agency
		a.Device = &device{DI: joined.DI, Lot: joined.Lot, Serial: joined.Serial, Expiry: joined.Expiry.Day, ExpiryPrecision: joined.Expiry.Precision,
			Manufactured: joined.Manufactured.Day, BestBefore: joined.BestBefore.Day, Quantity: joined.Quantity, Variant: joined.Variant, CatalogueNo: joined.CatalogueNo}
	}
	a.Status = status(a)
	return a
}

func status(a parseAnswer) string {
	for _, e := range a.Errors {
		if e.Severity == gs1.Hard.String() {
			return rejected
		}
	}
	if len(a.Errors)+len(a.Warnings) > 0 {
		return "warning"
	}
	return "ok"
}
