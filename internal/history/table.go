package history

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"implantrace/internal/command"
	"implantrace/internal/trace"
)

// Mapping says what the columns of a table mean: of an extract of a register or a
// theatre system, where each row is one device in one procedure of one patient. It
// is kept as a file, and used for each extract of that system.
type Mapping struct {
	// Columns gives the heading of the column for each field. A field may have
	// several: their cells are joined by a space.
	Columns map[string][]string `json:"columns"`
	// Fixed is what a field is in every row.
	Fixed map[string]string `json:"fixed,omitempty"`
	// Values gives what a cell of a field means in the record's words. A cell that is
	// not listed is refused.
	Values map[string]map[string]string `json:"values,omitempty"`
	// Dates is how days are written: YYYY-MM-DD (where nothing is said), DD/MM/YYYY,
	// DD.MM.YYYY or MM/DD/YYYY. A workbook's own dates are understood in any case.
	Dates string `json:"dates,omitempty"`
	// Row and Procedure are the columns that name a row and its procedure for good, and
	// nothing of a patient. Without them a row is named by its content, and a procedure
	// by its patient, day and code.
	Row       []string `json:"row,omitempty"`
	Procedure []string `json:"procedure,omitempty"`
}

// TableFields are the fields that a column may be of.
func TableFields() []string {
	return []string{"nhs_number", "local_number", "local_issuer", "family", "given", "birth", "code", "code_system", "code_text", "start", "end", "side", "place", "place_gln", "surgeon", "indication",
		"di", "lot", "serial", "expiry", "manufactured", "barcode", "status", "location", "occurred", "note"}
}

var dateFields = []string{"birth", "start", "end", "expiry", "manufactured", "occurred"}

var dateLayouts = map[string]string{"": time.DateOnly, "YYYY-MM-DD": time.DateOnly, "DD/MM/YYYY": "02/01/2006", "DD.MM.YYYY": "02.01.2006", "MM/DD/YYYY": "01/02/2006"}

// ReadMapping reads a mapping. The error is of kind Invalid.
func ReadMapping(b []byte) (m Mapping, err error) {
	if name, ok := twice(b); ok {
		return m, trace.Errorf(trace.Invalid, "The mapping has the name %q twice in one place.", name)
	}
	d := json.NewDecoder(strings.NewReader(string(b)))
	d.DisallowUnknownFields()
	if err := d.Decode(&m); err != nil {
		return m, trace.Errorf(trace.Invalid, "The mapping is refused: %w.", err)
	}
	for _, f := range slices.Concat(slices.Collect(maps.Keys(m.Columns)), slices.Collect(maps.Keys(m.Fixed)), slices.Collect(maps.Keys(m.Values))) {
		if !slices.Contains(TableFields(), f) {
			return m, trace.Errorf(trace.Invalid, "The mapping names a field %q; the fields are %s.", f, strings.Join(TableFields(), ", "))
		}
	}
	if _, ok := dateLayouts[m.Dates]; !ok {
		return m, trace.Errorf(trace.Invalid, "The mapping writes dates as %q; it is one of YYYY-MM-DD, DD/MM/YYYY, DD.MM.YYYY, MM/DD/YYYY.", m.Dates)
	}
	for f := range m.Fixed {
		if len(m.Columns[f]) > 0 {
			return m, trace.Errorf(trace.Invalid, "The field %q has a column and is fixed, too.", f)
		}
	}
	return m, nil
}

// twice finds a name that stands twice in one object: of the two, one would be
// left out unseen.
func twice(b []byte) (name string, ok bool) {
	type level struct {
		names map[string]bool // nil in an array
		value bool
	}
	var stack []level
	for d := json.NewDecoder(strings.NewReader(string(b))); ; {
		token, err := d.Token()
		if err != nil {
			return "", false // the end, or what the decoder will tell
		}
		if n := len(stack); n > 0 && stack[n-1].names != nil && !stack[n-1].value {
			if s, isName := token.(string); isName {
				if stack[n-1].names[s] {
					return s, true
				}
				stack[n-1].names[s], stack[n-1].value = true, true
				continue
			}
		}
		if n := len(stack); n > 0 {
			stack[n-1].value = false
		}
		if d, isDelim := token.(json.Delim); isDelim {
			switch d {
			case '{':
				stack = append(stack, level{names: make(map[string]bool)})
			case '[':
				stack = append(stack, level{})
			default:
				stack = stack[:len(stack)-1]
			}
		}
	}
}

// GuessMapping makes a mapping of a table's headings, for a person to look at: what
// it does not recognise is left out.
func GuessMapping(heading []string) Mapping {
	m := Mapping{Columns: make(map[string][]string), Dates: "YYYY-MM-DD"}
	words := []struct {
		field string
		any   []string
	}{
		{"nhs_number", []string{"nhs"}}, {"family", []string{"surname", "family", "last name"}}, {"given", []string{"forename", "given", "first name"}}, {"birth", []string{"birth", "dob"}},
		{"local_number", []string{"hospital number", "mrn", "patient id", "hospital no"}}, {"end", []string{"end time", "finish"}}, {"start", []string{"operation date", "procedure date", "date of operation", "op date", "surgery date", "start"}},
		{"code", []string{"opcs", "procedure code"}}, {"code_text", []string{"procedure", "operation"}}, {"side", []string{"side", "laterality"}}, {"surgeon", []string{"surgeon", "consultant"}}, {"place", []string{"theatre", "hospital", "site", "unit"}},
		{"barcode", []string{"barcode", "udi", "scan"}}, {"di", []string{"gtin", "device identifier", "di"}}, {"lot", []string{"lot", "batch"}}, {"serial", []string{"serial"}}, {"expiry", []string{"expir", "use by"}}, {"manufactured", []string{"manufactur"}},
		{"status", []string{"status", "outcome"}}, {"note", []string{"comment", "note", "remark"}},
	}
	for _, h := range heading {
		low := strings.ToLower(strings.TrimSpace(h))
		for _, w := range words {
			if len(m.Columns[w.field]) == 0 && slices.ContainsFunc(w.any, func(s string) bool { return low == s || len(s) > 2 && strings.Contains(low, s) }) {
				m.Columns[w.field] = []string{h}
				break
			}
		}
	}
	// What a procedure needs, and no column has; the status is for a person to say: an
	// extract of implants lists what was implanted, one of stock use does not.
	m.Fixed = make(map[string]string)
	if len(m.Columns["code"])+len(m.Columns["code_text"]) == 0 {
		m.Fixed["code_text"] = "not recorded at the source"
	}
	return m
}

// TableReport is what became of a table.
type TableReport struct {
	Report Report   `json:"report"` // counts two rows for each: the procedure and the usage
	Rows   int      `json:"rows"`   // of the table
	Unused []string `json:"unused"` // columns that the mapping leaves out
}

// ImportTable records a table as [Import] does rows: marked as imported, and
// unverified. The lines of refusals and notices are those of the table, from 1; the
// heading is 1.
func ImportTable(ctx context.Context, r command.Recorder, rows [][]string, m Mapping, o Options, refused func(Refusal)) (t TableReport, err error) {
	if err := source(o.Source); err != nil {
		return t, err
	}
	if len(rows) < 2 {
		return t, trace.Errorf(trace.Invalid, "The table has no rows.")
	}
	tr := table{m: m, source: o.Source, zone: r.Zone(), at: make(map[string][]int), seen: make(map[string]string)}
	if t.Unused, err = tr.head(rows[0]); err != nil {
		return t, err
	}
	var lineOf []int // of the table, for each line that is made
	var early []Refusal
	read, write := io.Pipe()
	made := make(chan struct{})
	go func() {
		defer close(made)
		e := json.NewEncoder(write)
		for i, cells := range rows[1:] {
			if strings.Join(cells, "") == "" {
				continue
			}
			t.Rows++
			objects, err := tr.row(cells)
			if err != nil {
				early = append(early, Refusal{Line: i + 2, Type: typeUsage, Reason: err.Error()})
				continue
			}
			for _, object := range objects {
				lineOf = append(lineOf, i+2)
				if e.Encode(object) != nil {
					return // the import has stopped
				}
			}
		}
		write.Close()
	}()
	if refused == nil {
		refused = func(Refusal) {}
	}
	var late []Refusal
	var odd []Notice
	told := o
	told.Notice = func(n Notice) { odd = append(odd, n) }
	t.Report, err = Import(ctx, r, read, told, func(x Refusal) { late = append(late, x) })
	read.CloseWithError(errors.New("the import has ended"))
	<-made
	line := func(n int) int {
		if n < 1 || n > len(lineOf) {
			return 0
		}
		return lineOf[n-1]
	}
	for i := range late {
		late[i].Line = line(late[i].Line)
	}
	all := slices.Concat(early, late)
	slices.SortStableFunc(all, func(a, b Refusal) int { return a.Line - b.Line })
	for _, x := range all {
		refused(x)
	}
	for _, n := range odd {
		if o.Notice != nil {
			n.Line = line(n.Line)
			o.Notice(n)
		}
	}
	t.Report.Lines, t.Report.Refused = t.Report.Lines+len(early), t.Report.Refused+len(early)
	return t, err
}

// table is a table on its way.
type table struct {
	m      Mapping
	source string
	zone   *time.Location
	at     map[string][]int // field -> columns
	row1   []int            // columns that name a row
	proc   []int            // and its procedure
	seen   map[string]string
}

func (t *table) head(heading []string) (unused []string, err error) {
	used := make(map[int]bool)
	find := func(names []string) (at []int, err error) {
		for _, n := range names {
			i := slices.IndexFunc(heading, func(h string) bool { return strings.EqualFold(strings.TrimSpace(h), strings.TrimSpace(n)) })
			if i < 0 {
				return nil, trace.Errorf(trace.Invalid, "The table has no column %q, which the mapping names.", n)
			}
			used[i] = true
			at = append(at, i)
		}
		return at, nil
	}
	for f, names := range t.m.Columns {
		if t.at[f], err = find(names); err != nil {
			return nil, err
		}
	}
	if t.row1, err = find(t.m.Row); err != nil {
		return nil, err
	}
	if t.proc, err = find(t.m.Procedure); err != nil {
		return nil, err
	}
	unused = []string{}
	for i, h := range heading {
		if !used[i] && strings.TrimSpace(h) != "" {
			unused = append(unused, h)
		}
	}
	return unused, nil
}

// row makes the rows of a procedure and of a usage out of one of the table.
func (t *table) row(cells []string) ([]map[string]any, error) {
	get := func(field string) (string, error) {
		if v, ok := t.m.Fixed[field]; ok {
			return v, nil
		}
		var parts []string
		for _, i := range t.at[field] {
			if i < len(cells) && cells[i] != "" {
				parts = append(parts, cells[i])
			}
		}
		v := strings.Join(parts, " ")
		if of, ok := t.m.Values[field]; ok && v != "" {
			is, known := of[v]
			if !known {
				return "", trace.Errorf(trace.Invalid, "The mapping does not say what the value of %s in this row means.", field)
			}
			v = is
		}
		if v != "" && slices.Contains(dateFields, field) {
			return t.day(field, v)
		}
		return v, nil
	}
	f := make(map[string]string)
	for _, field := range TableFields() {
		v, err := get(field)
		if err != nil {
			return nil, err
		}
		f[field] = v
	}
	patient := filled("nhs_number", f["nhs_number"], "local_number", f["local_number"], "local_issuer", f["local_issuer"], "family", f["family"], "given", f["given"], "birth", f["birth"])
	procedure := map[string]any{"type": typeProcedure, "patient": patient, "start": f["start"]}
	code := filled("system", f["code_system"], "code", f["code"], "text", f["code_text"])
	if len(code) > 0 {
		procedure["code"] = code
	}
	for k, v := range filled("end", f["end"], "side", f["side"], "indication", f["indication"]) {
		procedure[k] = v
	}
	if f["end"] == "" {
		procedure["end"] = f["start"] // history: nobody closes it any more
	}
	if place := filled("name", f["place"], "gln", f["place_gln"]); len(place) > 0 {
		procedure["place"] = place
	}
	if f["surgeon"] != "" {
		procedure["people"] = []map[string]string{{"name": f["surgeon"], "role": "surgeon"}}
	}
	name := joinCells(cells, t.proc)
	if name == "" {
		name = strings.Join([]string{f["nhs_number"], f["local_number"], f["local_issuer"], f["family"], f["birth"], f["start"], f["code"], f["code_text"], f["side"]}, "\x00")
	}
	procedure["ref"] = t.ref("procedure", name)
	usage := map[string]any{"type": typeUsage, "procedure": procedure["ref"]}
	for k, v := range filled("di", f["di"], "lot", f["lot"], "serial", f["serial"], "expiry", f["expiry"], "manufactured", f["manufactured"], "status", f["status"], "location", f["location"], "occurred", f["occurred"], "note", f["note"]) {
		usage[k] = v
	}
	if f["barcode"] != "" {
		usage["carriers"] = []map[string]string{{"text": f["barcode"]}}
	}
	name = joinCells(cells, t.row1)
	if name == "" {
		name = strings.Join(cells, "\x00")
		// Two rows that say the same are two devices: two screws of one lot.
		n := t.seen["row "+name]
		t.seen["row "+name] = n + "+"
		name += n
	}
	usage["ref"] = t.ref("row", name)
	ref := procedure["ref"].(string)
	same, err := json.Marshal(procedure)
	if err != nil {
		return nil, err
	}
	if was, ok := t.seen["procedure "+ref]; ok && was == string(same) {
		return []map[string]any{usage}, nil
	}
	t.seen["procedure "+ref] = string(same)
	return []map[string]any{procedure, usage}, nil
}

// ref names a row without saying anything of a patient.
func (t *table) ref(of, name string) string {
	h := sha256.Sum256([]byte("implantrace table\x00" + t.source + "\x00" + of + "\x00" + name))
	return of + "-" + hex.EncodeToString(h[:12])
}

func joinCells(cells []string, at []int) string {
	var parts []string
	for _, i := range at {
		if i < len(cells) && cells[i] != "" {
			parts = append(parts, cells[i])
		}
	}
	if len(parts) < len(at) {
		return "" // one of them is empty: it names nothing
	}
	return strings.Join(parts, "\x00")
}

func filled(pairs ...string) map[string]any {
	out := make(map[string]any)
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			out[pairs[i]] = pairs[i+1]
		}
	}
	return out
}

// day reads a day as the table writes it, or as a workbook keeps it: days since the
// end of 1899.
func (t *table) day(field, v string) (string, error) {
	if n, err := strconv.ParseFloat(v, 64); err == nil && n > 1000 && n < 80_000 && !strings.HasPrefix(v, "0") {
		whole, part := math.Modf(n)
		at := time.Date(1899, 12, 30, 0, 0, 0, 0, t.zone).AddDate(0, 0, int(whole))
		if part == 0 || field != "start" && field != "end" && field != "occurred" {
			return at.Format(time.DateOnly), nil
		}
		return at.Add(time.Duration(math.Round(part*86400)) * time.Second).Format(time.RFC3339), nil
	}
	layout := dateLayouts[t.m.Dates]
	for _, more := range []string{"", " 15:04", " 15:04:05", "T15:04:05"} {
		at, err := time.ParseInLocation(layout+more, v, t.zone)
		if err != nil {
			continue
		}
		if more == "" || field != "start" && field != "end" && field != "occurred" {
			return at.Format(time.DateOnly), nil
		}
		return at.Format(time.RFC3339), nil
	}
	if _, err := time.Parse("2006-01", v); err == nil && (field == "expiry" || field == "manufactured") {
		return v, nil
	}
	return "", trace.Errorf(trace.Invalid, "%s is no day as the mapping writes it.", field)
}
