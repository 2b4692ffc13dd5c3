package registry

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"implantrace/internal/registry/dictionary"
	"implantrace/internal/trace"
)

// Limits of a mapping.
const (
	MappingMost         = 64 << 10 // bytes
	mappingColumnsMost  = 100
	mappingValuesMost   = 500 // of one column's table
	mappingTextMost     = 1000
	mappingErrorsMost   = 50
	mappingBracketsMost = 2000 // each opens a list or table in one line
	mappingDashesMost   = 8    // lists within lists that begin in one line: the parser takes seconds for thousands
	mappingLineMost     = 4000 // characters
)

// Mapping says what a registry's file is made of. A person writes it, in YAML;
// docs/mapping.md describes it.
type Mapping struct {
	Name, Version string
	Format        string // formatCSV or formatXLSX
	Delimiter     byte   // of CSV
	Row           string // perDevice or perProcedure
	Outcomes      []trace.Status
	Without       bool   // a row for a procedure without such a device too
	Damaged       string // policyHold or policyWrite
	Columns       []MappedColumn
}

// MappedColumn is a column of the file.
type MappedColumn struct {
	Header   string
	From     string // a name of [MappedFields]; "": Constant
	Constant string
	Date     string // how days are written, as the mapping says it
	Required dictionary.Mandation
	Longest  int // characters; 0: any
	Line     int // of the mapping, where it stands

	field     *MappedField
	layout    string // Date as package time has it
	monthOnly string // policyHold, policyMonth or policyLastDay
	values    map[string]string
	keep      bool // a value that is in no table is written as it is
	pattern   *regexp.Regexp
}

// flagged reports whether the file has a column that says what a person must know of
// a row.
func (m *Mapping) flagged() bool {
	return slices.ContainsFunc(m.Columns, func(c MappedColumn) bool { return c.From == fieldFlags })
}

// Words of a mapping.
const (
	formatCSV  = "csv"
	formatXLSX = "xlsx"

	perDevice    = "device"
	perProcedure = "procedure"

	policyHold    = "hold"
	policyWrite   = "write"
	policyKeep    = "keep"
	policyMonth   = "month"
	policyLastDay = "last-day"

	wordYes = "yes"
	wordNo  = "no"
)

var delimiters = []struct {
	word string
	char byte
}{{"comma", ','}, {"semicolon", ';'}, {"tab", '\t'}, {"pipe", '|'}}

// dateLayouts are how a day is written. Years have four digits always: two leave
// the century to be guessed.
var dateLayouts = []struct{ words, layout string }{
	{"YYYY-MM-DD", "2006-01-02"}, {"DD/MM/YYYY", "02/01/2006"}, {"DD.MM.YYYY", "02.01.2006"}, {"DD-MM-YYYY", "02-01-2006"}, {"MM/DD/YYYY", "01/02/2006"},
	{"YYYYMMDD", "20060102"}, {"DDMMYYYY", "02012006"}, {"DD MMM YYYY", "02 Jan 2006"}, {"DD-MMM-YYYY", "02-Jan-2006"},
	{"YYYY-MM", "2006-01"}, {"MM/YYYY", "01/2006"}, {"YYYY", "2006"},
}

// timeLayouts are what may follow the whole day of a time, or stand alone.
var timeLayouts = []struct{ words, layout string }{
	{" HH:MM", " 15:04"}, {" HH:MM:SS", " 15:04:05"}, {"THH:MM", "T15:04"}, {"THH:MM:SS", "T15:04:05"},
}

// layoutOf is a layout of package time for words such as DD/MM/YYYY.
func layoutOf(words string, withTime bool) (string, bool) {
	for _, d := range dateLayouts {
		rest, ok := strings.CutPrefix(words, d.words)
		switch {
		case !ok:
		case rest == "":
			return d.layout, true
		case withTime && strings.Contains(d.words, "DD"):
			for _, t := range timeLayouts {
				if t.words == rest {
					return d.layout + t.layout, true
				}
			}
		}
	}
	for _, t := range timeLayouts[:2] {
		if withTime && strings.TrimSpace(t.words) == words {
			return strings.TrimSpace(t.layout), true
		}
	}
	return "", false
}

// MappingError is one thing that is wrong with a mapping, and where.
type MappingError struct {
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Message string `json:"message"`
}

func (e MappingError) Error() string {
	return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Message)
}

// MappingErrors are all that is wrong with a mapping, in the order of its lines.
type MappingErrors []MappingError

func (e MappingErrors) Error() string {
	all := make([]string, len(e))
	for i, one := range e {
		all[i] = one.Error()
	}
	return "The mapping cannot be used: " + strings.Join(all, "; ") + "."
}

// ReadMapping reads a mapping. What is wrong with it is an error of kind
// [trace.Invalid] around [MappingErrors].
func ReadMapping(text []byte) (*Mapping, error) {
	r := mappingReader{}
	m := r.read(text)
	if len(r.errors) == 0 {
		return m, nil
	}
	slices.SortStableFunc(r.errors, func(a, b MappingError) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
	if len(r.errors) > mappingErrorsMost {
		r.errors = r.errors[:mappingErrorsMost]
	}
	return nil, &trace.Error{Kind: trace.Invalid, Message: r.errors.Error(), Offset: -1, Err: r.errors}
}

type mappingReader struct{ errors MappingErrors }

func (r *mappingReader) wrong(line, column int, format string, args ...any) {
	r.errors = append(r.errors, MappingError{max(line, 1), max(column, 1), fmt.Sprintf(format, args...)})
}

// at says what is wrong with a node.
func (r *mappingReader) at(n ast.Node, format string, args ...any) {
	line, column := placeOf(n)
	r.wrong(line, column, format, args...)
}

func placeOf(n ast.Node) (line, column int) {
	t := tokenOf(n)
	if t == nil || t.Position == nil {
		return 1, 1
	}
	return t.Position.Line, t.Position.Column
}

// tokenOf is where a node begins: that of a pair is its key, not its colon.
func tokenOf(n ast.Node) *token.Token {
	switch n := n.(type) {
	case nil:
		return nil
	case *ast.MappingNode:
		if len(n.Values) > 0 && !n.IsFlowStyle {
			return tokenOf(n.Values[0])
		}
	case *ast.MappingValueNode:
		return tokenOf(n.Key)
	}
	return n.GetToken()
}

func (r *mappingReader) read(text []byte) *Mapping {
	text = []byte(strings.ReplaceAll(strings.TrimPrefix(string(text), "\ufeff"), "\r\n", "\n"))
	if !r.sane(text) {
		return nil
	}
	root := r.parse(text)
	if root == nil {
		return nil
	}
	return r.mapping(root)
}

// sane refuses what no person writes, before the parser sees it.
func (r *mappingReader) sane(text []byte) bool {
	if len(text) > MappingMost {
		r.wrong(1, 1, "it has more than %d KB", MappingMost>>10)
		return false
	}
	line, column, brackets, dashes, before := 1, 0, 0, 0, true // before: nothing but dashes stands in the line so far
	for rest := text; len(rest) > 0; {
		c, size := utf8.DecodeRune(rest)
		rest = rest[size:]
		column++
		switch {
		case c == utf8.RuneError && size == 1:
			r.wrong(line, column, "it is not in UTF-8: save the file as UTF-8")
			return false
		case c == '\n':
			line, column, dashes, before = line+1, 0, 0, true
			continue
		case c == '\t':
			r.wrong(line, column, "there is a tab: use spaces")
			return false
		case unicode.IsControl(c), c == '\u2028', c == '\u2029':
			r.wrong(line, column, "there is a character that cannot be seen")
			return false
		case column > mappingLineMost:
			r.wrong(line, column, "the line is longer than %d characters", mappingLineMost)
			return false
		case c == '[' || c == '{':
			if brackets++; brackets > mappingBracketsMost {
				r.wrong(line, column, "there are too many brackets")
				return false
			}
		case before && (c == '-' || c == '?'):
			if dashes++; dashes > mappingDashesMost {
				r.wrong(line, column, "there are too many lists within lists")
				return false
			}
		}
		before = before && (c == '-' || c == '?' || c == ' ')
	}
	if strings.TrimSpace(string(text)) == "" {
		r.wrong(1, 1, "it is empty")
		return false
	}
	return true
}

// parse gives the mapping's outermost table.
func (r *mappingReader) parse(text []byte) (root *ast.MappingNode) {
	defer func() {
		// The parser is fed what people type; where it gives up, so does the mapping.
		if p := recover(); p != nil {
			root = nil
			r.wrong(1, 1, "it cannot be read as YAML")
		}
	}()
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		var at yaml.Error
		message, line, column := "it cannot be read as YAML", 1, 1
		if errors.As(err, &at) {
			message += ": " + strings.Join(strings.Fields(at.GetMessage()), " ")
			if t := at.GetToken(); t != nil && t.Position != nil {
				line, column = t.Position.Line, t.Position.Column
			}
		}
		r.wrong(line, column, "%s", message)
		return nil
	}
	var docs []*ast.DocumentNode
	for _, d := range file.Docs {
		if d.Body != nil {
			docs = append(docs, d)
		}
	}
	if len(docs) != 1 {
		r.wrong(1, 1, "it must be one document: there are %d", len(docs))
		return nil
	}
	root, ok := tableOf(docs[0].Body)
	if !ok {
		r.at(docs[0].Body, "it must be a table of names and values, such as name: My registry")
		return nil
	}
	return root
}

func tableOf(n ast.Node) (*ast.MappingNode, bool) {
	switch n := n.(type) {
	case *ast.MappingNode:
		return n, true
	case *ast.MappingValueNode:
		return &ast.MappingNode{BaseNode: n.BaseNode, Start: n.Start, Values: []*ast.MappingValueNode{n}}, true
	}
	return nil, false
}

// scalar is the text of a value as it is written: 01 stays 01, and true is a word.
func (r *mappingReader) scalar(n ast.Node) (string, bool) {
	text := ""
	switch n := n.(type) {
	case *ast.StringNode:
		text = n.Value
	case *ast.LiteralNode:
		text = strings.TrimSuffix(n.Value.Value, "\n")
	case *ast.IntegerNode:
		text = n.Token.Value
	case *ast.FloatNode:
		text = n.Token.Value
	case *ast.BoolNode:
		text = n.Token.Value
	case *ast.InfinityNode:
		text = n.Token.Value
	case *ast.NanNode:
		text = n.Token.Value
	case *ast.NullNode:
		r.at(n, "there is no value; write \"\" for an empty one")
		return "", false
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode, *ast.MergeKeyNode:
		r.at(n, "a value may not begin with &, *, ! or <<; put it in quotes")
		return "", false
	default:
		r.at(n, "there must be one value here, not a list or table")
		return "", false
	}
	if len(text) > mappingTextMost {
		r.at(n, "it has more than %d bytes", mappingTextMost)
		return "", false
	}
	return text, true
}

// pair is one line of a table: its value, and where name and value stand.
type pair struct {
	key, value ast.Node
	used       bool
}

// table is a table of the mapping, by name.
type mappingTable struct {
	r    *mappingReader
	node ast.Node
	of   map[string]*pair
	in   []string // in their order
}

// table reads a table's names; one that stands twice is refused.
func (r *mappingReader) table(n ast.Node, what string) (*mappingTable, bool) {
	node, ok := tableOf(n)
	if !ok {
		r.at(n, "%s must be a table of names and values", what)
		return nil, false
	}
	t := &mappingTable{r: r, node: node, of: map[string]*pair{}}
	for _, v := range node.Values {
		name, ok := r.scalar(v.Key)
		switch {
		case !ok:
		case t.of[name] != nil:
			r.at(v.Key, "%q stands twice", name)
		default:
			t.of[name] = &pair{key: v.Key, value: v.Value}
			t.in = append(t.in, name)
		}
	}
	return t, true
}

// node is a name's value, or nil.
func (t *mappingTable) get(name string) ast.Node {
	p := t.of[name]
	if p == nil {
		return nil
	}
	p.used = true
	return p.value
}

// text is a name's value as text; ok is false where there is none that can be used.
func (t *mappingTable) text(name string) (text string, ok bool) {
	n := t.get(name)
	if n == nil {
		return "", false
	}
	return t.r.scalar(n)
}

// needed is text, and wants one that is not empty.
func (t *mappingTable) needed(name, such string) string {
	v, ok := t.text(name)
	switch {
	case t.of[name] == nil:
		t.r.at(t.node, "there is no %s: say it, such as %s: %s", name, name, such)
	case ok && strings.TrimSpace(v) == "":
		t.r.at(t.of[name].value, "%s is empty", name)
	}
	return v
}

// word is one of a few words; the first is meant where none stands.
func (t *mappingTable) word(name string, words ...string) string {
	v, ok := t.text(name)
	switch {
	case !ok:
		return words[0]
	case !slices.Contains(words, v):
		t.r.at(t.of[name].value, "%s cannot be %q: it is %s", name, clipped(v), strings.Join(words, " or "))
		return words[0]
	}
	return v
}

// unknown refuses the names that nobody has asked for.
func (t *mappingTable) unknown(known string) {
	for _, name := range t.in {
		if p := t.of[name]; !p.used {
			t.r.at(p.key, "%q is not known here: there are %s", clipped(name), known)
		}
	}
}

func clipped(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "..."
	}
	return s
}

func (r *mappingReader) mapping(root *ast.MappingNode) *Mapping {
	t, ok := r.table(root, "the mapping")
	if !ok {
		return nil
	}
	m := &Mapping{Name: t.needed("name", "Northmoor registry"), Version: t.needed("version", "1")}
	r.visible(t, "name", m.Name)
	r.visible(t, "version", m.Version)
	t.needed("format", "csv, or xlsx")
	m.Format = t.word("format", formatCSV, formatXLSX)
	m.Delimiter = ','
	if d, ok := t.text("delimiter"); ok {
		i := slices.IndexFunc(delimiters, func(k struct {
			word string
			char byte
		}) bool {
			return k.word == d
		})
		switch {
		case m.Format != formatCSV:
			r.at(t.of["delimiter"].key, "a workbook has no delimiter: leave it out")
		case i < 0:
			r.at(t.of["delimiter"].value, "delimiter cannot be %q: it is comma, semicolon, tab or pipe", clipped(d))
		default:
			m.Delimiter = delimiters[i].char
		}
	}
	t.needed("row", "device, or procedure")
	m.Row = t.word("row", perDevice, perProcedure)
	r.outcomes(t, m)
	m.Without = t.word("procedures_without_device", wordNo, wordYes) == wordYes
	if m.Without && m.Row != perDevice {
		r.at(t.of["procedures_without_device"].key, "each procedure is a row already: leave procedures_without_device out")
	}
	m.Damaged = t.word("damaged", policyHold, policyWrite)
	r.columns(t, m)
	if m.Damaged == policyWrite && !m.flagged() {
		r.at(t.of["damaged"].value, "devices whose code was damaged are written only into a file that says so: add a column with from: %s", fieldFlags)
	}
	if i := slices.IndexFunc(m.Columns, func(c MappedColumn) bool { return c.From == fieldEither }); i >= 0 && !m.flagged() {
		r.wrong(m.Columns[i].Line, 1, "%s may be a serial number in the place of a lot, and the file has to say so: add a column with from: %s", fieldEither, fieldFlags)
	}
	t.unknown("name, version, format, delimiter, row, outcomes, procedures_without_device, damaged and columns")
	return m
}

// visible refuses a text with characters that cannot be seen.
func (r *mappingReader) visible(t *mappingTable, name, text string) bool {
	if strings.ContainsFunc(text, func(c rune) bool { return unicode.IsControl(c) || c == unicode.ReplacementChar }) {
		r.at(t.of[name].value, "%s must be one line of text", name)
		return false
	}
	return true
}

func (r *mappingReader) outcomes(t *mappingTable, m *Mapping) {
	n := t.get("outcomes")
	if n == nil {
		if m.Row == perDevice {
			r.at(t.node, "there are no outcomes: say which devices are rows, such as outcomes: [implanted, explanted]")
		}
		return
	}
	list, ok := n.(*ast.SequenceNode)
	if !ok || len(list.Values) == 0 {
		r.at(n, "outcomes must be a list, such as [implanted, explanted]")
		return
	}
	var words []string
	for _, s := range trace.Statuses() {
		words = append(words, string(s))
	}
	for _, v := range list.Values {
		word, ok := r.scalar(v)
		switch {
		case !ok:
		case !slices.Contains(words, word):
			r.at(v, "%q is no outcome: there are %s", clipped(word), strings.Join(words, ", "))
		case slices.Contains(m.Outcomes, trace.Status(word)):
			r.at(v, "%q stands twice", word)
		default:
			m.Outcomes = append(m.Outcomes, trace.Status(word))
		}
	}
}

func (r *mappingReader) columns(t *mappingTable, m *Mapping) {
	n := t.get("columns")
	if n == nil {
		r.at(t.node, "there are no columns")
		return
	}
	list, ok := n.(*ast.SequenceNode)
	if !ok || len(list.Values) == 0 {
		r.at(n, "columns must be a list, each beginning with \"- header: \"")
		return
	}
	if len(list.Values) > mappingColumnsMost {
		r.at(list.Values[mappingColumnsMost], "there are more than %d columns", mappingColumnsMost)
		return
	}
	headers := map[string]int{}
	for _, v := range list.Values {
		c, at, ok := r.column(v, m)
		if !ok {
			continue
		}
		if line, twice := headers[c.Header]; twice {
			r.at(at, "the header %q stands in line %d already", clipped(c.Header), line)
		}
		headers[c.Header] = c.Line
		m.Columns = append(m.Columns, c)
	}
}

// column reads one column; at is where its header stands.
func (r *mappingReader) column(n ast.Node, m *Mapping) (c MappedColumn, at ast.Node, ok bool) {
	t, ok := r.table(n, "a column")
	if !ok {
		return c, nil, false
	}
	before := len(r.errors)
	c.Line, _ = placeOf(t.node)
	c.Header = t.needed("header", "Operation date")
	if p := t.of["header"]; p != nil {
		at = p.value
		switch {
		case !r.visible(t, "header", c.Header):
		case formula(c.Header):
			r.at(at, "a spreadsheet takes the header %q for a formula", clipped(c.Header))
		}
	}
	r.source(t, &c, m)
	r.dates(t, &c)
	r.values(t, &c)
	if _, given := t.text("required"); t.of["required"] == nil {
		r.at(t.node, "there is no required: say M (the row is held back without it), R (named where it is missing) or O (optional)")
	} else if given {
		c.Required = dictionary.Mandation(t.word("required", "M", "R", "O")[0])
	}
	if text, ok := t.text("longest"); ok {
		v := t.of["longest"].value
		if n, err := strconv.Atoi(text); err != nil || n < 1 || n > mappingTextMost*10 || strconv.Itoa(n) != text {
			r.at(v, "longest must be a number of characters from 1 to %d", mappingTextMost*10)
		} else {
			c.Longest = n
		}
	}
	if text, ok := t.text("pattern"); ok {
		p, err := regexp.Compile("^(?:" + text + ")$")
		if _, alone := regexp.Compile(text); err != nil || alone != nil {
			r.at(t.of["pattern"].value, "the pattern cannot be read as a regular expression")
		}
		c.pattern = p
	}
	if c.From == "" && c.field == nil {
		r.fits(t, c)
	}
	t.unknown("header, from, constant, date, month_only, values, otherwise, required, longest and pattern")
	return c, at, len(r.errors) == before
}

// source reads where a column's values come from.
func (r *mappingReader) source(t *mappingTable, c *MappedColumn, m *Mapping) {
	from, constant := t.of["from"], t.of["constant"]
	switch {
	case from == nil && constant == nil:
		r.at(t.node, "there is neither from nor constant: say where the column's values come from")
	case from != nil && constant != nil:
		t.get("from")
		t.get("constant")
		r.at(constant.key, "a column has from or constant, not both")
	case constant != nil:
		c.Constant, _ = t.text("constant")
		if r.visible(t, "constant", c.Constant) && formula(c.Constant) {
			r.at(constant.value, "a spreadsheet takes %q for a formula", clipped(c.Constant))
		}
	default:
		name, ok := t.text("from")
		if !ok {
			return
		}
		f, ok := mappedField(name)
		switch {
		case !ok:
			r.at(from.value, "there is no field %q%s", clipped(name), nearest(name))
		case f.OfDevice && m.Row != perDevice:
			r.at(from.value, "%s is of one device, and a row of this file is a procedure", name)
		case f.OfProcedure && m.Row != perProcedure:
			r.at(from.value, "%s is of all devices of a procedure, and a row of this file is one device", name)
		}
		c.From, c.field = name, f
	}
}

// fits holds a constant against what its own column asks for.
func (r *mappingReader) fits(t *mappingTable, c MappedColumn) {
	p := t.of["constant"]
	switch {
	case p == nil:
	case c.Constant == "" && c.Required == dictionary.Mandatory:
		r.at(p.value, "the constant is empty, and the column is mandatory")
	case c.Longest > 0 && utf8.RuneCountInString(c.Constant) > c.Longest:
		r.at(p.value, "the constant is longer than %d characters", c.Longest)
	case c.pattern != nil && c.Constant != "" && !c.pattern.MatchString(c.Constant):
		r.at(p.value, "the constant does not have the column's own pattern")
	}
}

// dates reads how a column's days are written.
func (r *mappingReader) dates(t *mappingTable, c *MappedColumn) {
	words, said := t.text("date")
	month, monthSaid := t.of["month_only"], t.of["month_only"] != nil
	c.monthOnly = t.word("month_only", policyHold, policyMonth, policyLastDay)
	if c.field == nil {
		if t.of["date"] != nil && t.of["from"] == nil {
			r.at(t.of["date"].key, "a constant has no date")
		}
		return
	}
	dated := c.field.Kind == FieldDay || c.field.Kind == FieldTime
	switch {
	case !dated && t.of["date"] != nil:
		r.at(t.of["date"].key, "%s is no day", c.From)
	case dated && t.of["date"] == nil:
		r.at(t.node, "there is no date: say how the day is written, such as date: DD/MM/YYYY")
	case dated && said:
		layout, ok := layoutOf(words, c.field.Kind == FieldTime)
		if !ok {
			r.at(t.of["date"].value, "date cannot be %q: it is %s", clipped(words), datesKnown(c.field.Kind == FieldTime))
		}
		c.Date, c.layout = words, layout
	}
	if monthSaid && c.field.Kind != FieldDay {
		r.at(month.key, "%s is no day of a label", c.From)
	}
}

func datesKnown(withTime bool) string {
	var all []string
	for _, d := range dateLayouts {
		all = append(all, d.words)
	}
	s := strings.Join(all, ", ")
	if withTime {
		s += "; HH:MM or HH:MM:SS alone; or a day followed by HH:MM or HH:MM:SS after a space or a T"
	}
	return s
}

// values reads a column's table of codes: ours, and theirs.
func (r *mappingReader) values(t *mappingTable, c *MappedColumn) {
	otherwise := t.of["otherwise"]
	c.keep = t.word("otherwise", policyHold, policyKeep) == policyKeep
	n := t.get("values")
	if n == nil {
		if otherwise != nil {
			r.at(otherwise.key, "otherwise belongs to values")
		}
		return
	}
	table, ok := r.table(n, "values")
	switch {
	case !ok:
		return
	case c.field == nil && t.of["from"] == nil:
		r.at(t.of["values"].key, "a constant has no values")
	case c.field != nil && (c.field.Kind == FieldDay || c.field.Kind == FieldTime):
		r.at(t.of["values"].key, "%s is a day: it has no values", c.From)
	case len(table.in) > mappingValuesMost:
		r.at(n, "there are more than %d values", mappingValuesMost)
	}
	c.values = map[string]string{}
	for _, ours := range table.in {
		p := table.of[ours]
		theirs, ok := r.scalar(p.value)
		if !ok {
			continue
		}
		switch {
		case c.field != nil && c.field.Codes != nil && ours != "" && !slices.Contains(c.field.Codes, ours):
			r.at(p.key, "%s is never %q: it is %s", c.From, clipped(ours), strings.Join(c.field.Codes, ", "))
		case strings.ContainsFunc(theirs, unicode.IsControl):
			r.at(p.value, "a value must be one line of text")
		case formula(theirs):
			r.at(p.value, "a spreadsheet takes %q for a formula", clipped(theirs))
		}
		c.values[ours] = theirs
	}
}
