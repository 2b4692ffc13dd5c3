package command

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// RecordSet says what a set is: its name, the barcode on the tray, and what is in it.
// It takes the place of what was said of it before.
type RecordSet struct {
	Meta
	Set     trace.SetID     `json:"set,omitzero"` // zero: the one with this barcode, or a new one
	Name    string          `json:"name"`
	Code    string          `json:"code"`
	Items   []trace.SetItem `json:"items"`
	Supply  trace.Supply    `json:"supply,omitzero"`
	Removed bool            `json:"removed,omitempty"`
}

// itemsMost bounds the kinds of piece of a set, and setPiecesMost the pieces of one.
const (
	itemsMost     = 500
	setPiecesMost = 999
)

// RecordSet carries the command out and gives the set.
func (r Recorder) RecordSet(ctx context.Context, c RecordSet) (trace.Set, error) {
	canon, receipt, done, err := r.Before(ctx, c.ID, "record set", c)
	if err != nil {
		return trace.Set{}, err
	}
	if done {
		for e, err := range r.Store.Entries(ctx, trace.Position{Node: receipt.Node, Seq: receipt.Seq}) {
			if err != nil {
				return trace.Set{}, err
			}
			if f, ok := e.Fact.(trace.SetFact); ok && e.Command == receipt.Command {
				return r.Store.Set(ctx, f.Set)
			}
			break
		}
		return trace.Set{}, trace.Errorf(trace.Conflict, "the id %s was used for something that is no set", c.ID)
	}
	f, err := r.set(ctx, c)
	if err != nil {
		return trace.Set{}, err
	}
	if _, err := r.record(ctx, c.Meta, canon, trace.Draft{Fact: f}); err != nil {
		return trace.Set{}, err
	}
	return r.Store.Set(ctx, f.Set)
}

// set checks what is said of a set, and finds which it is.
func (r Recorder) set(ctx context.Context, c RecordSet) (f trace.SetFact, err error) {
	f = trace.SetFact{Set: c.Set, Name: strings.TrimSpace(c.Name), Removed: c.Removed}
	if f.Supply, err = supply(c.Supply); err != nil {
		return f, err
	}
	if err := line("the name of the set", f.Name); err != nil {
		return f, err
	}
	m := r.Rules.Understand(c.Code, r.Clock())
	f.Code = m.PlainText()
	switch {
	case f.Name == "":
		return f, trace.Errorf(trace.Invalid, "The set wants a name.")
	case f.Code == "":
		return f, trace.Errorf(trace.Invalid, "The set wants the barcode on its tray.")
	case len(f.Code) > lineMost:
		return f, trace.Errorf(trace.Invalid, "The barcode of a set has at most %d characters.", lineMost)
	case m.Kind != udi.KindDevice && m.Kind != udi.KindText:
		return f, trace.Errorf(trace.Invalid, "This is the barcode of no tray but of a %s.", m.Kind)
	case len(c.Items) == 0 && !c.Removed:
		return f, trace.Errorf(trace.Invalid, "The set wants what is in it.")
	case len(c.Items) > itemsMost:
		return f, trace.Errorf(trace.Invalid, "A set has at most %d kinds of piece.", itemsMost)
	}
	seen := make(map[string]bool)
	for _, i := range c.Items {
		if i, err = setItem(i); err != nil {
			return f, err
		}
		key := f.ItemKey(i)
		if seen[key] {
			return f, trace.Errorf(trace.Invalid, "%s stands twice in the set: say once how many there are.", i.Words())
		}
		seen[key] = true
		f.Items = append(f.Items, i)
	}
	same, err := r.Store.SetsByCode(ctx, f.Code)
	if err != nil {
		return f, err
	}
	for _, s := range same {
		switch {
		case f.Set.IsZero():
			f.Set = s.Set
		case s.Set != f.Set:
			return f, trace.Errorf(trace.Conflict, "The set %q has this barcode already.", s.Name)
		}
	}
	if f.Set.IsZero() {
		f.Set = trace.NamedID[trace.OfSet]("set", f.Code)
		if old, err := r.Store.Set(ctx, f.Set); err == nil && !old.Removed { // its barcode was changed since
			f.Set = trace.DeriveID[trace.OfSet](c.ID, "set/"+f.Code)
		} else if err != nil && trace.KindOf(err) != trace.NotFound {
			return f, err
		}
	} else if _, err := r.Store.Set(ctx, f.Set); err != nil {
		return f, err
	}
	return f, nil
}

// setItem checks one kind of piece.
func setItem(i trace.SetItem) (trace.SetItem, error) {
	for _, s := range []*string{&i.DI, &i.CatalogueNo, &i.Description, &i.Size} {
		*s = strings.TrimSpace(*s)
	}
	if i.DI != "" {
		di, err := udi.ParseDI(i.DI)
		if err != nil {
			return i, trace.Errorf(trace.Invalid, "The device identifier is not right: %w.", err)
		}
		i.DI = di
	}
	if err := lines("the catalogue number", i.CatalogueNo, "the description", i.Description, "the size", i.Size); err != nil {
		return i, err
	}
	switch {
	case i.DI == "" && i.CatalogueNo == "":
		return i, trace.Errorf(trace.Invalid, "A piece wants its catalogue number or its device identifier: nothing else finds it again.")
	case i.Quantity < 1 || i.Quantity > setPiecesMost:
		return i, trace.Errorf(trace.Invalid, "The number of pieces is from 1 to %d.", setPiecesMost)
	}
	return i, nil
}

// supply checks whose a device is.
func supply(s trace.Supply) (trace.Supply, error) {
	s.Supplier, s.Reference = strings.TrimSpace(s.Supplier), strings.TrimSpace(s.Reference)
	if err := oneOf("the supply", s.Kind, []trace.SupplyKind{"", trace.SupplyLoan, trace.SupplyConsignment}); err != nil {
		return s, err
	}
	if s.Kind == "" && s != (trace.Supply{}) {
		return s, trace.Errorf(trace.Invalid, "Say whether it is a loan or consignment.")
	}
	return s, lines("the supplier", s.Supplier, "the reference", s.Reference)
}

// SetColumns are the columns of a table of sets: one row for each kind of piece, with
// the set's own columns in each row or in its first.
func SetColumns() []string {
	return []string{"set", "code", "di", "catalogue_no", "description", "size", "quantity", "supply", "supplier", "reference"}
}

// SetReport is what a table of sets comes to.
type SetReport struct {
	Rows     int             `json:"rows"`
	Recorded int             `json:"recorded"` // sets
	Same     int             `json:"same"`     // sets that the record has so already
	Refused  []StockRow      `json:"refused"`
	Sets     []trace.SetFact `json:"sets"` // what the table says, those with a refused row left out
}

// ImportSets records the sets of a table; with preview it records nothing and says
// what it would. A set with a row that is refused is left out whole: a list that
// lacks a piece would be taken for all of it.
func (r Recorder) ImportSets(ctx context.Context, m Meta, table [][]string, preview bool) (report SetReport, err error) {
	report.Refused, report.Sets = []StockRow{}, []trace.SetFact{}
	if len(table) < 2 {
		return report, trace.Errorf(trace.Invalid, "The table has no rows. Its columns are %s.", strings.Join(SetColumns(), ", "))
	}
	at := make(map[string]int)
	for i, h := range table[0] {
		h = strings.ToLower(strings.TrimSpace(h))
		if err := oneOf("a column", h, SetColumns()); err != nil {
			return report, err
		}
		if _, twice := at[h]; twice {
			return report, trace.Errorf(trace.Invalid, "The column %q stands twice.", h)
		}
		at[h] = i
	}
	for _, h := range []string{"set", "code", "quantity"} {
		if _, ok := at[h]; !ok {
			return report, trace.Errorf(trace.Invalid, "The table lacks the column %q.", h)
		}
	}
	type group struct {
		set   RecordSet
		lines []int
		bad   bool
	}
	var groups []*group
	refuse := func(g *group, line int, why string) {
		report.Refused = append(report.Refused, StockRow{line, why})
		if g != nil {
			g.bad = true
		}
	}
	for n, cells := range table[1:] {
		line := n + 2
		cell := func(name string) string {
			if i, ok := at[name]; ok && i < len(cells) {
				return strings.TrimSpace(cells[i])
			}
			return ""
		}
		if strings.Join(cells, "") == "" {
			continue
		}
		report.Rows++
		var g *group
		if code := cell("code"); code != "" {
			for _, o := range groups {
				if o.set.Code == code {
					g = o
				}
			}
			if g == nil {
				g = &group{set: RecordSet{Code: code}}
				groups = append(groups, g)
			}
		} else if len(groups) > 0 {
			g = groups[len(groups)-1]
		} else {
			refuse(nil, line, "The row names no set: its barcode is missing.")
			continue
		}
		g.lines = append(g.lines, line)
		for _, own := range []struct {
			to   *string
			name string
		}{{&g.set.Name, "set"}, {(*string)(&g.set.Supply.Kind), "supply"}, {&g.set.Supply.Supplier, "supplier"}, {&g.set.Supply.Reference, "reference"}} {
			v := cell(own.name)
			if own.name == "supply" {
				v = strings.ToLower(v)
			}
			if v != "" && *own.to != "" && *own.to != v {
				refuse(g, line, "The "+own.name+" is another than in the rows before: "+strconv.Quote(v)+".")
			} else if v != "" {
				*own.to = v
			}
		}
		item := trace.SetItem{DI: cell("di"), CatalogueNo: cell("catalogue_no"), Description: cell("description"), Size: cell("size")}
		var wrong error
		if item.Quantity, wrong = strconv.Atoi(cell("quantity")); wrong != nil {
			refuse(g, line, "The quantity is no number of pieces.")
			continue
		}
		if item, wrong = setItem(item); wrong != nil {
			refuse(g, line, wrong.Error())
			continue
		}
		g.set.Items = append(g.set.Items, item)
	}
	m.Provenance = trace.Imported
	for _, g := range groups {
		if g.bad {
			refuse(nil, g.lines[0], "The set "+strconv.Quote(g.set.Name)+" is left out whole, because a row of it was refused.")
			continue
		}
		g.set.Meta = m
		g.set.ID = trace.DeriveID[trace.OfEvent](m.ID, "set/"+g.set.Code)
		f, err := r.set(ctx, g.set)
		switch k := trace.KindOf(err); {
		case k == trace.Invalid && err != nil || k == trace.Conflict:
			refuse(nil, g.lines[0], err.Error())
			continue
		case err != nil:
			return report, err
		}
		report.Sets = append(report.Sets, f)
		if old, err := r.Store.Set(ctx, f.Set); err == nil && sameSet(old.SetFact, f) {
			report.Same++
			continue
		} else if err != nil && trace.KindOf(err) != trace.NotFound {
			return report, err
		}
		if !preview {
			g.set.Set = trace.SetID{}
			if _, err := r.RecordSet(ctx, g.set); err != nil {
				return report, err
			}
		}
		report.Recorded++
	}
	return report, nil
}

// sameSet reports whether both say the same.
func sameSet(a, b trace.SetFact) bool {
	return a.Name == b.Name && a.Code == b.Code && a.Supply == b.Supply && a.Removed == b.Removed && slices.Equal(a.Items, b.Items)
}

// SetTable is sets as a table that [Recorder.ImportSets] takes.
func SetTable(sets []trace.Set) [][]string {
	rows := [][]string{SetColumns()}
	for _, s := range sets {
		for _, i := range s.Items {
			rows = append(rows, []string{s.Name, s.Code, i.DI, i.CatalogueNo, i.Description, i.Size, strconv.Itoa(i.Quantity), string(s.Supply.Kind), s.Supply.Supplier, s.Supply.Reference})
		}
	}
	return rows
}
