package directory

import (
	"context"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"implantrace/gs1"
	"implantrace/internal/command"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// Staff says who a badge's bearer is. It is the whole of what the directory says
// of the badge.
type Staff struct {
	command.Meta
	trace.StaffFact
}

// Place says what a location number stands for, likewise.
type Place struct {
	command.Meta
	trace.PlaceFact
}

// Code says what a procedure code means, likewise.
type Code struct {
	command.Meta
	trace.CodeFact
}

// ListStaff carries the command out and gives what was recorded.
func ListStaff(ctx context.Context, r command.Recorder, c Staff) (trace.StaffFact, error) {
	f, err := staff(c.StaffFact)
	if err != nil {
		return f, err
	}
	return f, record(ctx, r, c.Meta, "list staff", c, f)
}

// ListPlace carries the command out and gives what was recorded.
func ListPlace(ctx context.Context, r command.Recorder, c Place) (trace.PlaceFact, error) {
	f, err := place(c.PlaceFact)
	if err != nil {
		return f, err
	}
	return f, record(ctx, r, c.Meta, "list place", c, f)
}

// ListCode carries the command out and gives what was recorded.
func ListCode(ctx context.Context, r command.Recorder, c Code) (trace.CodeFact, error) {
	f, err := code(c.CodeFact)
	if err != nil {
		return f, err
	}
	return f, record(ctx, r, c.Meta, "list code", c, f)
}

func record(ctx context.Context, r command.Recorder, m command.Meta, name string, c any, f trace.Fact) error {
	canon, _, done, err := r.Before(ctx, m.ID, name, c)
	if done {
		return err
	}
	_, err = r.Record(ctx, m, canon, trace.Draft{Fact: f})
	return err
}

// numbers are how the registers write theirs.
var numbers = map[trace.Register]*regexp.Regexp{
	trace.RegisterGMC:  regexp.MustCompile(`^[0-9]{7}$`),
	trace.RegisterNMC:  regexp.MustCompile(`^[0-9]{2}[A-L][0-9]{4}[A-Z]$`),
	trace.RegisterHCPC: regexp.MustCompile(`^[A-Z]{2,3}[0-9]{4,6}$`),
}

var ods = regexp.MustCompile(`^[A-Z0-9]{3,6}$`)

// staff checks an entry and gives it in its fixed form.
func staff(f trace.StaffFact) (trace.StaffFact, error) {
	err := tidy("the badge", &f.Badge, "the name", &f.Name, "the role", &f.Role, "the number in the register", &f.Number)
	switch {
	case err != nil:
		return f, err
	case f.Badge == "":
		return f, trace.Errorf(trace.Invalid, "A member of staff wants the code of a badge, as a scan gives it.")
	case f.Name == "" && !f.Removed:
		return f, trace.Errorf(trace.Invalid, "A member of staff wants a name.")
	}
	if len(f.Badge) == 18 && digits(f.Badge) {
		if _, err := gs1.ParseGSRN(f.Badge); err != nil {
			return f, trace.Errorf(trace.Invalid, "The badge's number is not right: %w.", err)
		}
	}
	f.Register, f.Number = trace.Register(strings.ToUpper(strings.TrimSpace(string(f.Register)))), strings.ToUpper(f.Number)
	form, known := numbers[f.Register]
	switch {
	case f.Register == "" && f.Number == "":
	case !known:
		return f, trace.Errorf(trace.Invalid, "The register is GMC, NMC or HCPC.")
	case !form.MatchString(f.Number):
		return f, trace.Errorf(trace.Invalid, "%q is no number as the %s writes them.", f.Number, f.Register)
	}
	return f, nil
}

func place(f trace.PlaceFact) (trace.PlaceFact, error) {
	err := tidy("the location number", &f.GLN, "the extension", &f.Extension, "the name", &f.Name, "the site", &f.Site, "the ODS code", &f.ODS)
	if err != nil {
		return f, err
	}
	if _, err := gs1.ParseGLN(f.GLN); err != nil {
		return f, trace.Errorf(trace.Invalid, "The location number is not right: %w.", err)
	}
	f.ODS = strings.ToUpper(f.ODS)
	switch {
	case len(f.Extension) > 20 || strings.ContainsFunc(f.Extension, func(r rune) bool { return r <= ' ' || r > '~' }):
		return f, trace.Errorf(trace.Invalid, "The extension has up to 20 letters and digits.") // AI 254
	case f.Name == "" && !f.Removed:
		return f, trace.Errorf(trace.Invalid, "A place wants a name.")
	case f.ODS != "" && !ods.MatchString(f.ODS):
		return f, trace.Errorf(trace.Invalid, "%q is no ODS code: three to six letters and digits.", f.ODS)
	}
	return f, nil
}

func code(f trace.CodeFact) (trace.CodeFact, error) {
	if err := tidy("the system", &f.System, "the code", &f.Code, "the text", &f.Text); err != nil {
		return f, err
	}
	switch f.System = trace.CodeSystem(f.System); {
	case sheetSystem(f.System) == "":
		return f, trace.Errorf(trace.Invalid, "The system is one of %s.", strings.Join(trace.Systems(), ", "))
	case f.Code == "" || !sheetCode(f.Code):
		return f, trace.Errorf(trace.Invalid, "A procedure code has one to twenty letters, digits, points and hyphens.")
	case f.System == trace.SystemSNOMED && !digits(f.Code):
		return f, trace.Errorf(trace.Invalid, "A SNOMED CT code has digits only.")
	case f.Text == "" && !f.Removed:
		return f, trace.Errorf(trace.Invalid, "A procedure code wants what it means in words.")
	case f.Side != "" && f.Side != trace.Yes && f.Side != trace.No:
		return f, trace.Errorf(trace.Invalid, "Whether it is of one side is yes or no.")
	}
	return f, nil
}

// tidy takes spaces off fields (what, field, what, field...) and checks that they
// can be printed in a line.
func tidy(pairs ...any) error {
	for i := 0; i+1 < len(pairs); i += 2 {
		field := pairs[i+1].(*string)
		*field = strings.TrimSpace(*field)
		switch {
		case len(*field) > 200:
			return trace.Errorf(trace.Invalid, "%s is longer than 200 characters", pairs[i])
		case !utf8.ValidString(*field) || strings.ContainsFunc(*field, func(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) }):
			return trace.Errorf(trace.Invalid, "%s has a character that cannot be printed", pairs[i])
		}
	}
	return nil
}

func digits(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r < '0' || r > '9' })
}

// sheetSystem is a system's name in the symbol of a sheet; "" for one that sheets
// do not have.
func sheetSystem(system string) string {
	return map[string]string{trace.SystemOPCS4: udi.SystemOPCS4, trace.SystemSNOMED: udi.SystemSNOMED, trace.SystemLocal: udi.SystemLocal}[system]
}

// sheetCode reports whether a sheet's symbol can hold a code: our own reader says.
func sheetCode(s string) bool {
	return udi.Understand(udi.Procedure{System: udi.SystemLocal, Code: s}.SheetText(), time.Time{}).Procedure.Code == s
}
