package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"implantrace/gs1"
	"implantrace/internal/udi"
)

func parseCommand() subcommand {
	return subcommand{
		name: "parse", args: "[--jsonl] [TEXT...]", summary: "say what a barcode's text means",
		help: `
Says what the text of a barcode means: which device, patient, badge or place, and what is wrong with it. GS1 (element
strings, scan data with an AIM identifier, bracketed text, Digital Link), HIBC and ISBT 128 are read. Without TEXT it
reads lines. What readers and cables do to text is undone where that is certain, and listed; where separators were lost
the possible readings are listed, and none is chosen. Nothing is recorded.

Exit code 1 when a text was not understood, or is damaged; with --jsonl, when a line was rejected.

Examples:
  implantrace parse '(01)07611994064584(17)290322(10)90M4GRUBJJGA'
  implantrace parse ']d2010761199406458417290322109ABC<GS>21S77'
  implantrace parse '+A99912345/$$52001510X3/16D20111212/S77DEFG457'
  implantrace parse --jsonl < scans.jsonl

With --jsonl each input line is {"id", "raw": "..." or ["...", ...], "kind"?: "element_string"|"scan_data"|"bracketed"|
"dl_uri", "now"?: "YYYY-MM-DD"}, and each is answered by one line, in order, with the same id. Several raw texts are the
carriers of one pack. With --strict the verdict is that of GS1's own engine with its default options: nothing is
repaired, nothing is warned of, and a symbol that is not marked as GS1 has no elements.`,
		setup: func(fs *flag.FlagSet) func(context.Context, streams, []string) error {
			lines := fs.Bool("jsonl", false, "read and write JSON lines")
			strict := fs.Bool("strict", false, "with --jsonl: GS1's engine's verdict, without repairs and warnings")
			return func(ctx context.Context, s streams, args []string) error {
				if *lines {
					if err := noArguments(args); err != nil {
						return err
					}
					return parseLines(ctx, s, *strict)
				}
				if *strict {
					return usagef("--strict goes with --jsonl")
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
		printDevice(row, m.Device)
	case udi.KindPatient:
		fmt.Fprintln(w, "A patient's wristband")
		p := m.Patient
		row("NHS number", p.NHSNumber.String())
		if p.LocalNumber != "" {
			row("Local number", p.LocalNumber+" ("+p.LocalIssuer+")")
		}
		row("Family name", p.Family)
		row("Given name", p.Given)
		row("Born", strings.TrimSpace(p.Birth+" "+p.BirthTime))
		row("Baby", p.Baby)
		row("Mother", strings.TrimPrefix(strings.TrimSuffix(p.MotherFamily+", "+p.MotherGiven, ", "), ", "))
		row("Service", p.Service)
	case udi.KindStaff:
		fmt.Fprintln(w, "A member of staff")
		row("GSRN or code", m.Staff)
	case udi.KindPlace:
		fmt.Fprintln(w, "A place")
		row("GLN", m.Place.GLN)
		row("Extension", m.Place.Extension)
	case udi.KindProcedure:
		fmt.Fprintln(w, "A procedure's code")
		row("Code", m.Procedure.Code)
		row("System", m.Procedure.System)
	case udi.KindAction:
		action, argument := m.Action.Split()
		fmt.Fprintln(w, "A code for an action")
		row("Action", string(action))
		row("With", argument)
	default:
		fmt.Fprintln(w, "Not understood")
	}
	taken := map[string]string{"element_string": "element string", "scan_data": "scan data", "bracketed": "bracketed text", "dl_uri": "Digital Link",
		"plain": "plain text", "hibc": "HIBC, whole", "hibc_primary": "HIBC, primary", "hibc_secondary": "HIBC, secondary", "isbt": "ISBT 128"}[m.Form]
	row("Taken for", strings.TrimSpace(taken+" "+m.Symbology))
	for _, e := range m.Elements {
		mark := ""
		if e.Rejected {
			mark = "   (breaks a rule: not used)"
		}
		fmt.Fprintf(w, "  (%s) %q %s%s\n", e.AI, e.Value, e.Title, mark)
	}
	for n, r := range m.Readings {
		fmt.Fprintf(w, "  Possible reading %d:", n+1)
		for _, e := range r.Elements {
			fmt.Fprintf(w, " (%s)%s", e.AI, e.Value)
		}
		fmt.Fprintln(w)
	}
	for _, i := range m.Issues {
		at := ""
		if i.Length > 0 {
			at = fmt.Sprintf(" (at byte %d)", i.Offset)
		}
		fmt.Fprintf(w, "  %s: %s%s\n", severity(i.Severity), i.Message, at)
	}
}

func printDevice(row func(name, value string), d udi.Device) {
	row("DI", d.DI)
	row("Lot", d.Lot)
	row("Serial", d.Serial)
	row("Expires", d.Expiry.String())
	row("Made", d.Manufactured.String())
	row("Best before", d.BestBefore.String())
	row("Quantity", d.Quantity)
	row("Variant", d.Variant)
	row("Catalogue no", d.CatalogueNo)
	row("Donation", d.DonationID)
	row("Software", d.Software)
	row("Basic UDI-DI", d.BasicUDI)
	row("Shipping unit", d.SSCC)
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
	ID   json.RawMessage `json:"id"`
	Raw  texts           `json:"raw"`
	Kind string          `json:"kind"`
	Now  string          `json:"now"`
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
	Device   *device         `json:"device"`            // empty for what is no device
	Origins  []udi.Origin    `json:"origins,omitempty"` // where each value of the device comes from
	Errors   []issueLine     `json:"errors"`
	Warnings []issueLine     `json:"warnings"`
	Repairs  []repairLine    `json:"repairs"`
	Readings []readingLine   `json:"readings"`
}

type element struct {
	AI    string `json:"ai"`
	Value string `json:"value"`
}

// issueLine is an issue of one of the texts.
type issueLine struct {
	Code     string `json:"code"`
	Severity string `json:"severity"`
	AI       string `json:"ai"` // "" where the issue is of no field
	Offset   int    `json:"offset"`
	Length   int    `json:"length"`
	Message  string `json:"message"`
	Detail   string `json:"detail,omitempty"`
	Carrier  int    `json:"carrier,omitempty"` // which of the texts, from 0
}

func issueOf(i udi.Issue, carrier int) issueLine {
	return issueLine{i.Code, i.Severity, i.AI, i.Offset, i.Length, i.Message, i.Detail, carrier}
}

type repairLine struct {
	udi.Repair
	Carrier int `json:"carrier,omitempty"`
}

type readingLine struct {
	Device   *device   `json:"device"`
	Elements []element `json:"elements"`
}

// device is a device with its dates flat.
type device struct {
	DI                    string        `json:"di,omitempty"`
	Lot                   string        `json:"lot,omitempty"`
	Serial                string        `json:"serial,omitempty"`
	Expiry                string        `json:"expiry,omitempty"`
	ExpiryPrecision       udi.Precision `json:"expiry_precision,omitempty"`
	Manufactured          string        `json:"manufactured,omitempty"`
	ManufacturedPrecision udi.Precision `json:"manufactured_precision,omitempty"`
	BestBefore            string        `json:"best_before,omitempty"`
	BestBeforePrecision   udi.Precision `json:"best_before_precision,omitempty"`
	Quantity              string        `json:"quantity,omitempty"`
	Variant               string        `json:"variant,omitempty"`
	CatalogueNo           string        `json:"catalogue_no,omitempty"`
	DonationID            string        `json:"donation_id,omitempty"`
	Software              string        `json:"software,omitempty"`
	BasicUDI              string        `json:"basic_udi_di,omitempty"`
	SSCC                  string        `json:"sscc,omitempty"`
}

func flatDevice(d udi.Device) *device {
	return &device{DI: d.DI, Lot: d.Lot, Serial: d.Serial, Expiry: flatDate(d.Agency, d.Expiry), ExpiryPrecision: d.Expiry.Precision,
		Manufactured: flatDate(d.Agency, d.Manufactured), ManufacturedPrecision: d.Manufactured.Precision, BestBefore: flatDate(d.Agency, d.BestBefore), BestBeforePrecision: d.BestBefore.Precision,
		Quantity: d.Quantity, Variant: d.Variant, CatalogueNo: d.CatalogueNo, DonationID: d.DonationID, Software: d.Software, BasicUDI: d.BasicUDI, SSCC: d.SSCC}
}

// flatDate is a date as far as it is known. With GS1, day 00 means the last of the
// month, and that day is given.
func flatDate(agency udi.Agency, d udi.Date) string {
	if agency == udi.AgencyGS1 && d.Precision == udi.PrecisionMonth {
		return d.Day
	}
	return d.String()
}

// writtenElements are all of a reading, those that break a rule too.
func writtenElements(elements []udi.Element) []element {
	list := []element{}
	for _, e := range elements {
		list = append(list, element{e.AI, e.Value})
	}
	return list
}

func flatElements(elements []udi.Element) []element {
	list := []element{}
	for _, e := range elements {
		if !e.Rejected {
			list = append(list, element{e.AI, e.Value})
		}
	}
	return list
}

// lineMost is the longest line that is read.
const lineMost = 1 << 20

func parseLines(ctx context.Context, s streams, strict bool) error {
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
			a := parseLine(line, err, strict)
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

func parseLine(line []byte, err error, strict bool) parseAnswer {
	a := parseAnswer{ID: json.RawMessage("null"), Status: rejected, Kind: udi.KindText, Elements: []element{}, Device: &device{},
		Errors: []issueLine{}, Warnings: []issueLine{}, Repairs: []repairLine{}, Readings: []readingLine{}}
	refuse := func(message string) parseAnswer {
		a.Errors = append(a.Errors, issueLine{Code: "input", Severity: gs1.Hard.String(), Message: message})
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
	form, known := forms[q.Kind]
	switch {
	case !known:
		return refuse("The field kind is not one of element_string, scan_data, bracketed and dl_uri.")
	case len(q.Raw) == 0:
		return refuse("The field raw is missing or empty.")
	case strict:
		a.strict(q.Raw, gs1.Options{Now: now, Form: form, Strict: true})
	default:
		if other := a.understand(q, now); other != "" {
			return refuse(other)
		}
	}
	a.Status = status(a)
	if a.Status == rejected && len(a.Readings) == 0 && *a.Device != (device{}) {
		// What stands there and breaks no rule, for who compares it with the label.
		a.Readings = append(a.Readings, readingLine{a.Device, a.Elements})
	}
	return a
}

// forms are the values of the field kind.
var forms = map[string]gs1.Form{"": 0, gs1.FormElementString.String(): gs1.FormElementString, gs1.FormScanData.String(): gs1.FormScanData,
	gs1.FormBracketed.String(): gs1.FormBracketed, gs1.FormDigitalLink.String(): gs1.FormDigitalLink}

// understand answers with what the texts mean together; other says why they cannot
// be of one thing.
func (a *parseAnswer) understand(q parseRequest, now time.Time) (other string) {
	var carriers []udi.Meaning
	for n, raw := range q.Raw {
		m := udi.Understand(raw, now)
		if a.Kind != udi.KindText && m.Kind != udi.KindText && m.Kind != a.Kind {
			return fmt.Sprintf("The texts are not of one pack: one is a %s's, another a %s's.", a.Kind, m.Kind)
		}
		if a.Kind == udi.KindText {
			a.Kind = m.Kind
		}
		carriers = append(carriers, m)
		a.Elements = append(a.Elements, flatElements(m.Elements)...)
		for _, r := range m.Repairs {
			a.Repairs = append(a.Repairs, repairLine{r, n})
		}
		if q.Kind != "" && m.Form != q.Kind && !(q.Kind == gs1.FormScanData.String() && m.Symbology != "") {
			a.Warnings = append(a.Warnings, issueOf(udi.Issue{Code: "form", Severity: gs1.Warning.String(), Length: len(raw),
				Message: fmt.Sprintf("The text was taken for %s, not for %s.", m.Form, q.Kind)}, n))
		}
	}
	pack := udi.Join(carriers...)
	// Where one HIBC message has product and quantity, the quantity is given as a
	// number; a symbol of its own keeps its digits, as with GS1.
	flat := flatDevice
	together := slices.ContainsFunc(pack.Issues, func(i udi.PackIssue) bool { return i.Code == udi.CodeHIBCTogether })
	if len(carriers) == 1 && carriers[0].Form == "hibc" && !together {
		flat = func(d udi.Device) *device {
			if n := strings.TrimLeft(d.Quantity, "0"); n != "" {
				d.Quantity = n
			}
			return flatDevice(d)
		}
	}
	readings := pack.Readings
	if len(pack.Written) > 0 {
		readings = pack.Written
	}
	for _, r := range readings {
		a.Readings = append(a.Readings, readingLine{flat(r.Device), writtenElements(r.Elements)})
	}
	for _, i := range pack.Issues {
		switch {
		case slices.ContainsFunc(carriers[i.Carrier].Repairs, func(r udi.Repair) bool { return r.Code == i.Code && r.Offset == i.Offset }):
			// It is among the repairs.
		case i.Severity == gs1.Warning.String():
			a.Warnings = append(a.Warnings, issueOf(i.Issue, i.Carrier))
		default:
			a.Errors = append(a.Errors, issueOf(i.Issue, i.Carrier))
		}
	}
	if a.Kind == udi.KindDevice {
		a.Agency, a.Device, a.Origins = pack.Device.Agency, flat(pack.Device), pack.Origins
	}
	return ""
}

// strict answers with the verdict of GS1's engine.
func (a *parseAnswer) strict(raw []string, o gs1.Options) {
	var carriers []*gs1.Result
	for n, text := range raw {
		r := gs1.Parse(text, o)
		carriers = append(carriers, r)
		for e := range r.Elements() {
			a.Elements = append(a.Elements, element{string(e.AI), e.Value})
		}
		for _, i := range r.Issues {
			if i.Severity == gs1.Hard {
				a.Errors = append(a.Errors, issueOf(plainIssue(i), n))
			}
		}
		if a.Kind == udi.KindText {
			a.Kind = udi.Understand(text, o.Now).Kind
		}
	}
	for _, i := range gs1.Associations(carriers...) {
		a.Errors = append(a.Errors, issueOf(plainIssue(i.Issue), i.Carrier))
	}
	if len(a.Elements) > 0 {
		a.Agency = udi.AgencyGS1
	}
}

func plainIssue(i gs1.Issue) udi.Issue {
	return udi.Issue{Code: i.Code, Severity: i.Severity.String(), AI: string(i.AI), Offset: i.Offset, Length: i.Length, Message: i.Message, Detail: i.Detail}
}

func status(a parseAnswer) string {
	for _, e := range a.Errors {
		if e.Severity == gs1.Hard.String() {
			return rejected
		}
	}
	undone := slices.ContainsFunc(a.Repairs, func(r repairLine) bool { return r.Code != gs1.StepFraming })
	if len(a.Errors)+len(a.Warnings) > 0 || undone {
		return "warning"
	}
	return "ok"
}
