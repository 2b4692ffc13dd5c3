package casework

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"implantrace/internal/command"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// TraceFile is what a tracing service gave back: a table with one row a patient.
type TraceFile struct {
	command.Meta
	Day    string     `json:"day"`    // YYYY-MM-DD, of the trace
	Source string     `json:"source"` // who traced
	Rows   [][]string `json:"rows"`   // the first names the columns
}

// TracedRow is what became of one row.
type TracedRow struct {
	Line    int    `json:"line"` // from 1; the heading is 1
	Refused string `json:"refused,omitempty"`
}

// TraceReport is what became of a trace file.
type TraceReport struct {
	Rows     int         `json:"rows"`
	Recorded int         `json:"recorded"` // patients
	Died     int         `json:"died"`     // of them
	Unknown  int         `json:"unknown"`  // rows of nobody in this record
	Refused  []TracedRow `json:"refused"`
}

// TraceColumns are the columns of a trace file. Other columns are refused, so that
// nothing is left out unseen. Address lines and the parts of the practice are joined
// in the order of their columns.
func TraceColumns() []string {
	return []string{"nhs_number", "family_name", "given_name", "date_of_birth", "address_1", "address_2", "address_3", "address_4", "address_5", "postcode", "gp_name", "gp_address_1", "gp_address_2", "gp_address_3", "gp_address_4",
		"gp_postcode", "date_of_death", "died", "confirmed"}
}

// Trace records a trace file. A row is of the patient who has its NHS number, and is
// refused where the family name or the date of birth are not that patient's. Rows
// that are refused change nothing, and all others are recorded.
func (o *Office) Trace(ctx context.Context, c TraceFile) (r TraceReport, err error) {
	r.Refused = []TracedRow{}
	day, err := time.Parse(time.DateOnly, c.Day)
	if err != nil {
		return r, trace.Errorf(trace.Invalid, "Say the day of the trace (YYYY-MM-DD).")
	}
	if day.After(o.Clock().Add(24 * time.Hour)) {
		return r, trace.Errorf(trace.Invalid, "The day of the trace is in the future.")
	}
	if c.Source = strings.TrimSpace(c.Source); c.Source == "" || len(c.Source) > lineMost {
		return r, trace.Errorf(trace.Invalid, "Say who traced, in at most %d characters.", lineMost)
	}
	if len(c.Rows) < 2 {
		return r, trace.Errorf(trace.Invalid, "The file has no rows. Its columns are %s.", strings.Join(TraceColumns(), ", "))
	}
	columns := make([]string, len(c.Rows[0]))
	for i, h := range c.Rows[0] {
		columns[i] = strings.ReplaceAll(strings.ToLower(strings.TrimSpace(h)), " ", "_")
		if !slices.Contains(TraceColumns(), columns[i]) || slices.Index(columns, columns[i]) != i {
			return r, trace.Errorf(trace.Invalid, "There is no column %q, or it stands twice; the columns are %s.", columns[i], strings.Join(TraceColumns(), ", "))
		}
	}
	for _, must := range []string{"nhs_number", "family_name", "date_of_birth"} {
		if !slices.Contains(columns, must) {
			return r, trace.Errorf(trace.Invalid, "The column %s is missing: without it a row could be somebody else's.", must)
		}
	}
	if !slices.Contains(columns, "date_of_death") && !slices.Contains(columns, "died") {
		return r, trace.Errorf(trace.Invalid, "The file has neither date_of_death nor died: it does not say who lives.")
	}
	for i, cells := range c.Rows[1:] {
		if err := ctx.Err(); err != nil {
			return r, err
		}
		row := make(map[string]string)
		for j, cell := range cells {
			if j < len(columns) {
				row[columns[j]] = strings.TrimSpace(cell)
			}
		}
		if strings.Join(cells, "") == "" {
			continue
		}
		r.Rows++
		done, died, err := o.traced(ctx, c, row, strings.Join(cells, "\x00"))
		switch kind := trace.KindOf(err); {
		case err == nil && !done:
			r.Unknown++
		case err == nil:
			r.Recorded++
			if died {
				r.Died++
			}
		case kind == trace.Invalid || kind == trace.Conflict:
			r.Refused = append(r.Refused, TracedRow{i + 2, err.Error()})
		default:
			return r, err
		}
	}
	return r, nil
}

// traced records one row. done is false where the record has nobody of that number.
func (o *Office) traced(ctx context.Context, c TraceFile, row map[string]string, content string) (done, died bool, err error) {
	nhs, err := udi.ParseNHSNumber(row["nhs_number"])
	if err != nil {
		return false, false, trace.Errorf(trace.Invalid, "The NHS number is not right.")
	}
	patients, err := o.Store.PatientsBy(ctx, o.Store.Lookups(trace.LookupNHS, string(nhs))...)
	if err != nil || len(patients) == 0 {
		return false, false, err
	}
	died, deathDay, err := deathOf(row, c.Day)
	if err != nil {
		return false, false, err
	}
	if row["family_name"] == "" || row["date_of_birth"] == "" {
		return false, false, trace.Errorf(trace.Invalid, "The row has no family name or no date of birth: it could be somebody else's.")
	}
	birth, ok := dayOf(row["date_of_birth"])
	if !ok {
		return false, false, trace.Errorf(trace.Invalid, "The date of birth is no date (YYYY-MM-DD or DD/MM/YYYY).")
	}
	confirmed, ok := yesOrNo(row["confirmed"])
	if !ok {
		return false, false, trace.Errorf(trace.Invalid, "The column confirmed says yes, no or nothing.")
	}
	known := false
	for _, id := range patients {
		who, err := o.Store.Identity(ctx, id)
		if err != nil {
			return false, false, err
		}
		if who.Birth != "" && who.Birth != birth {
			return false, false, trace.Errorf(trace.Conflict, "The date of birth is not that of the patient with this NHS number: it may be another person.")
		}
		if who.Family != "" && letters(who.Family) != letters(row["family_name"]) {
			return false, false, trace.Errorf(trace.Conflict, "The family name is not that of the patient with this NHS number: it may be another person. Where the name has changed, correct the record first.")
		}
		known = known || who.Birth != "" || who.Family != ""
	}
	if !known {
		return false, false, trace.Errorf(trace.Conflict, "The record has neither name nor date of birth of the patient with this NHS number: nothing shows that the row is theirs.")
	}
	address := joined(row, "address_1", "address_2", "address_3", "address_4", "address_5", "postcode")
	gp := joined(row, "gp_name", "gp_address_1", "gp_address_2", "gp_address_3", "gp_address_4", "gp_postcode")
	for _, s := range []string{address, gp} {
		if len(s) > 1000 || strings.ContainsFunc(s, func(r rune) bool { return r != '\n' && unicode.In(r, unicode.Cc, unicode.Cf) || r == '\ufffd' }) {
			return false, false, trace.Errorf(trace.Invalid, "An address is too long, or has a character that cannot be printed.")
		}
	}
	var drafts []trace.Draft
	for _, id := range patients {
		d := trace.Draft{Subject: id, Fact: trace.TracingFact{Patient: id, Day: c.Day, Source: c.Source, Died: died, Address: address != "", GP: gp != "", Confirmed: confirmed && !died}}
		if address+gp+deathDay != "" {
			d.Secret = &trace.Secret{Address: address, GP: gp, Died: deathDay}
		}
		drafts = append(drafts, d)
	}
	m := c.Meta
	m.ID, m.Provenance = trace.DeriveID[trace.OfEvent](c.ID, content), trace.Imported
	canon, _, was, err := o.Before(ctx, m.ID, "trace", []string{c.Day, c.Source, content})
	if was {
		return true, died, err
	}
	_, err = o.Record(ctx, m, canon, drafts...)
	return true, died, err
}

// deathOf reads what a row says of death.
func deathOf(row map[string]string, traced string) (died bool, day string, err error) {
	said, ok := yesOrNo(row["died"])
	if !ok {
		return false, "", trace.Errorf(trace.Invalid, "The column died says yes, no or nothing.")
	}
	if text := row["date_of_death"]; text != "" {
		if day, ok = dayOf(text); !ok {
			return false, "", trace.Errorf(trace.Invalid, "The date of death is no date (YYYY-MM-DD or DD/MM/YYYY).")
		}
		if day > traced {
			return false, "", trace.Errorf(trace.Invalid, "The date of death is after the day of the trace.")
		}
	}
	if day != "" && strings.EqualFold(row["died"], "no") {
		return false, "", trace.Errorf(trace.Invalid, "The row has a date of death, and says that the patient has not died.")
	}
	return said || day != "", day, nil
}

func yesOrNo(s string) (yes, ok bool) {
	switch strings.ToLower(s) {
	case "yes", "y", "true", "1":
		return true, true
	case "", "no", "n", "false", "0":
		return false, true
	}
	return false, false
}

// dayOf reads a day as systems write it. Days before months: nothing of this comes
// from elsewhere.
func dayOf(s string) (string, bool) {
	for _, layout := range []string{time.DateOnly, "02/01/2006", "20060102"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.Format(time.DateOnly), true
		}
	}
	return "", false
}

func joined(row map[string]string, names ...string) string {
	var lines []string
	for _, n := range names {
		if row[n] != "" {
			lines = append(lines, row[n])
		}
	}
	return strings.Join(lines, "\n")
}

// letters are those of a name, in capitals and nothing else.
func letters(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) {
			return unicode.ToUpper(r)
		}
		return -1
	}, name)
}

// Whereabouts is what is known of where a person lives, and whether.
type Whereabouts struct {
	trace.Tracing
	trace.Where
}

// Whereabouts joins what traces said of all patients that are one person: the
// latest counts, and a death that any of them tells. An error of kind NotFound means
// that nobody was traced.
func (o *Office) Whereabouts(ctx context.Context, id trace.PatientID) (w Whereabouts, err error) {
	_, same, err := o.Store.Person(ctx, id)
	if err != nil {
		return w, err
	}
	found, died := false, false
	for _, p := range same {
		t, err := o.Store.Tracing(ctx, p)
		if trace.KindOf(err) == trace.NotFound {
			continue
		}
		if err != nil {
			return w, err
		}
		died = died || t.Died || t.Contradicted
		if found && t.Day < w.Day {
			continue
		}
		found = true
		w = Whereabouts{Tracing: t}
		s, err := o.Store.Secret(ctx, t.Stamp.Position)
		if err != nil {
			return w, fmt.Errorf("trace of a patient: %w", err)
		}
		if s != nil {
			w.Where = trace.Where{Address: s.Address, GP: s.GP, Died: s.Died}
		}
	}
	if !found {
		return w, trace.Errorf(trace.NotFound, "the patient was not traced")
	}
	w.Contradicted = w.Contradicted || died && !w.Tracing.Died
	return w, nil
}
