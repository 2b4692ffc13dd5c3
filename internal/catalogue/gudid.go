package catalogue

import (
	"errors"
	"io"
	"io/fs"
	"iter"
	"path"
	"slices"
	"strconv"
	"strings"

	"implantrace/internal/trace"
)

// The files of the delimited release that are read, and the columns asked of
// them. GUDID says neither the side nor the role of a component; nor does it say
// which of its sizes is the one that a head and a liner share.
const (
	deviceFile      = "device.txt"
	identifiersFile = "identifiers.txt"
	sizesFile       = "deviceSizes.txt"
	termsFile       = "gmdnTerms.txt"
)

var gudidColumns = map[string][]string{
	deviceFile: {"PrimaryDI", "brandName", "versionModelNumber", "catalogNumber", "companyName", "deviceDescription", "singleUse",
		"labeledContainsNRL", "labeledNoNRL", "MRISafetyStatus", "deviceSterile"},
	identifiersFile: {"PrimaryDI", "deviceId", "deviceIdType", "containsDINumber", "pkgQuantity"},
	sizesFile:       {"PrimaryDI", "sizeType", "size_unit", "size_value", "sizeText"},
	termsFile:       {"PrimaryDI", "implantable"},
}

// GUDIDOptions say what is taken of a release.
type GUDIDOptions struct {
	Dir             string // for what is sorted; "" is the system's
	ImplantableOnly bool   // rows whose GMDN term says "implantable", and no others
}

// ReadGUDID reads FDA's AccessGUDID delimited release (fields parted by "|", a
// header line in each file) out of a folder or an opened ZIP file, wherever its
// files lie in it, and gives its rows in the order of their identifiers.
// device.txt has to be there; identifiers.txt, deviceSizes.txt and
// gmdnTerms.txt are used when they are. A row of device.txt that cannot be read
// is a Line with an Err, and so is one of another file that says something of a
// device nobody has.
func ReadGUDID(release fs.FS, o GUDIDOptions) iter.Seq2[Line, error] {
	return func(yield func(Line, error) bool) {
		stopped := false
		refuse := func(l Line) bool {
			stopped = stopped || !yield(l, nil)
			return !stopped
		}
		var files [4]*pulled
		for i, name := range []string{deviceFile, identifiersFile, sizesFile, termsFile} {
			f, err := sortFile(release, name, o.Dir, refuse)
			if err == nil {
				defer f.Close()
				files[i] = f
				err = f.advance()
			}
			if err != nil {
				yield(Line{}, err)
			}
			if err != nil || stopped {
				return
			}
		}
		device, identifiers, sizes, terms := files[0], files[1], files[2], files[3]
		if o.ImplantableOnly && !terms.there {
			yield(Line{}, trace.Errorf(trace.Invalid, "The release has no %s, which says what is implantable.", termsFile))
			return
		}
		last := ""
		for device.more {
			rec := device.now
			l := Line{Number: rec.line, DI: rec.key}
			row := trace.CatalogueRow{DI: rec.key, Authority: trace.AuthorityFDA}
			err := device.fill(&row, gudidDevice)
			for _, f := range []struct {
				file *pulled
				fill func(*trace.CatalogueRow, []string) error
			}{{identifiers, gudidIdentifier}, {sizes, gudidSize}, {terms, gudidTerm}} {
				for f.file.more && f.file.now.key < rec.key {
					orphan := Line{Number: f.file.now.line, DI: f.file.now.key, Err: trace.Errorf(trace.Invalid, "%s: no device of the release has this identifier", f.file.name)}
					if !yield(orphan, nil) {
						return
					}
					if err := f.file.advance(); err != nil {
						yield(Line{}, err)
						return
					}
				}
				for f.file.more && f.file.now.key == rec.key {
					if ferr := f.file.fill(&row, f.fill); ferr != nil && err == nil {
						err = trace.Errorf(trace.Invalid, "%s, line %d: %w", f.file.name, f.file.now.line, ferr)
					}
					if err := f.file.advance(); err != nil {
						yield(Line{}, err)
						return
					}
				}
			}
			if err == nil {
				l.Row, err = checked(row)
			}
			if err == nil && l.Row.DI == last {
				err = trace.Errorf(trace.Invalid, "an earlier row of the file has this device identifier too")
			}
			if l.Err = err; err == nil {
				last = l.Row.DI
			}
			if !o.ImplantableOnly || row.Attributes.Implantable == trace.Yes {
				if !yield(l, nil) {
					return
				}
			}
			if err := device.advance(); err != nil {
				yield(Line{}, err)
				return
			}
		}
	}
}

// IsGUDID reports whether a folder or ZIP file holds a release.
func IsGUDID(release fs.FS) bool {
	_, err := find(release, deviceFile)
	return err == nil
}

// find is the path of a file of the release: releases have them in a folder of
// their own.
func find(release fs.FS, name string) (found string, err error) {
	err = fs.WalkDir(release, ".", func(p string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.EqualFold(path.Base(p), name) && found == "" {
			found = p
		}
		return err
	})
	if err == nil && found == "" {
		err = fs.ErrNotExist
	}
	return found, err
}

// pulled is one sorted file, a record at a time.
type pulled struct {
	name  string
	there bool
	now   record
	more  bool

	sorter *sorter
	next   func() (record, error, bool)
	stop   func()
}

// sortFile sorts the wanted columns of a file by device identifier.
func sortFile(release fs.FS, name, dir string, refuse func(Line) bool) (*pulled, error) {
	p := &pulled{name: name, next: func() (record, error, bool) { return record{}, nil, false }, stop: func() {}}
	where, err := find(release, name)
	if errors.Is(err, fs.ErrNotExist) {
		if name == deviceFile {
			return p, trace.Errorf(trace.Invalid, "There is no %s: this is no AccessGUDID delimited release.", deviceFile)
		}
		return p, nil
	}
	if err != nil {
		return p, err
	}
	f, err := release.Open(where)
	if err != nil {
		return p, err
	}
	defer f.Close()
	p.there = true
	lines := newLineReader(f)
	at, err := gudidHeader(lines, name)
	if err != nil {
		return p, err
	}
	if p.sorter, err = newSorter(dir); err != nil {
		return p, err
	}
	for {
		text, err := lines.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil && !errors.Is(err, errLong) {
			return p, errors.Join(err, p.Close())
		}
		if err == nil && text == "" {
			continue
		}
		var cells []string
		if err == nil {
			if cells = pipes(text); len(cells) <= slices.Max(at) {
				err = trace.Errorf(trace.Invalid, "the row has %d fields, and the header more", len(cells))
			}
		}
		if err != nil {
			if !refuse(Line{Number: lines.at, Err: trace.Errorf(trace.Invalid, "%s: %w", name, err)}) {
				return p, nil
			}
			continue
		}
		wanted := make([]string, len(at))
		for i, c := range at {
			wanted[i] = cells[c]
		}
		if err := p.sorter.add(record{key: wanted[0], line: lines.at, text: strings.Join(wanted[1:], "\x1f")}); err != nil {
			return p, errors.Join(err, p.Close())
		}
	}
	p.next, p.stop = iter.Pull2(p.sorter.sorted())
	return p, nil
}

// gudidHeader finds the wanted columns in the header line.
func gudidHeader(lines *lineReader, name string) ([]int, error) {
	text, err := lines.next()
	if err != nil {
		return nil, trace.Errorf(trace.Invalid, "%s has no header line.", name)
	}
	header := pipes(text)
	var at []int
	for _, column := range gudidColumns[name] {
		i := slices.IndexFunc(header, func(h string) bool { return strings.EqualFold(strings.TrimSpace(h), column) })
		if i < 0 {
			return nil, trace.Errorf(trace.Invalid, "%s has no column %s: this is no AccessGUDID delimited release that is known here.", name, column)
		}
		at = append(at, i)
	}
	return at, nil
}

// pipes parts a line at its "|". A field may stand in quotes, and then may hold
// one; a quote that is not closed is a character as any other (3" screws).
func pipes(line string) []string {
	var cells []string
	for {
		if rest, ok := strings.CutPrefix(line, `"`); ok {
			end := 0
			for {
				i := strings.IndexByte(rest[end:], '"')
				if i < 0 {
					end = -1
					break
				}
				if end += i; strings.HasPrefix(rest[end:], `""`) {
					end += 2
					continue
				}
				break
			}
			if end >= 0 && (end+1 == len(rest) || rest[end+1] == '|') {
				cells = append(cells, strings.ReplaceAll(rest[:end], `""`, `"`))
				if end+1 == len(rest) {
					return cells
				}
				line = rest[end+2:]
				continue
			}
		}
		cell, rest, more := strings.Cut(line, "|")
		cells = append(cells, cell)
		if !more {
			return cells
		}
		line = rest
	}
}

func (p *pulled) advance() (err error) {
	p.now, err, p.more = p.next()
	return err
}

// fill reads the record at hand into a row.
func (p *pulled) fill(r *trace.CatalogueRow, read func(*trace.CatalogueRow, []string) error) error {
	return read(r, strings.Split(p.now.text, "\x1f"))
}

// Close lets go of the sorted file.
func (p *pulled) Close() error {
	p.stop()
	if p.sorter == nil {
		return nil
	}
	return p.sorter.Close()
}

func gudidDevice(r *trace.CatalogueRow, c []string) error {
	if len(c) != 10 {
		return trace.Errorf(trace.Invalid, "the row has a character that cannot be printed")
	}
	r.Brand, r.CatalogueNo, r.Maker, r.Description = c[0], c[2], c[3], c[4]
	r.Attributes.Model = c[1]
	if r.CatalogueNo == "" {
		r.CatalogueNo = c[1]
	}
	r.Attributes.SingleUse = truth(c[5])
	contains, without := truth(c[6]) == trace.Yes, truth(c[7]) == trace.Yes
	switch {
	case contains && without:
		return trace.Errorf(trace.Invalid, "the label is said to name latex and to be free of it")
	case contains:
		r.Attributes.Latex = trace.Yes
	case without:
		r.Attributes.Latex = trace.No
	}
	switch status := strings.ToLower(strings.TrimSpace(c[8])); {
	case status == "":
	case status == "mr safe":
		r.Attributes.MRI = trace.MRISafe
	case status == "mr conditional":
		r.Attributes.MRI = trace.MRIConditional
	case status == "mr unsafe":
		r.Attributes.MRI = trace.MRIUnsafe
	case strings.HasPrefix(status, "labeling does not contain"):
		r.Attributes.MRI = trace.MRINotStated
	default:
		return trace.Errorf(trace.Invalid, "the MRI status is one that nobody here knows")
	}
	r.Attributes.Sterile = truth(c[9])
	return nil
}

// truth is a yes or no; anything else says nothing.
func truth(s string) trace.Answer {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "true", "y", "yes", "t", "1":
		return trace.Yes
	case "false", "n", "no", "f", "0":
		return trace.No
	}
	return ""
}

func gudidIdentifier(r *trace.CatalogueRow, c []string) error {
	if len(c) != 4 {
		return trace.Errorf(trace.Invalid, "the row has a character that cannot be printed")
	}
	switch strings.ToLower(strings.TrimSpace(c[1])) {
	case "package":
		n, err := strconv.Atoi(strings.TrimSpace(c[3]))
		if err != nil {
			return trace.Errorf(trace.Invalid, "the quantity of a pack is no number")
		}
		p := trace.PackLevel{DI: c[0], Quantity: n}
		if c[2] != r.DI {
			p.Contains = c[2]
		}
		r.Attributes.Packs = append(r.Attributes.Packs, p)
	case "unit of use":
		r.Attributes.UnitOfUse = c[0]
	}
	return nil
}

// gudidSize takes lengths and diameters that have a number and a unit; text is
// the maker's own size.
func gudidSize(r *trace.CatalogueRow, c []string) error {
	if len(c) != 4 {
		return trace.Errorf(trace.Invalid, "the row has a character that cannot be printed")
	}
	at := map[string]*trace.Measure{"length": &r.Attributes.Length, "outer diameter": &r.Attributes.Outer, "lumen/inner diameter": &r.Attributes.Inner}[strings.ToLower(strings.TrimSpace(c[0]))]
	switch text := strings.TrimSpace(c[3]); {
	case at != nil && strings.TrimSpace(c[2]) != "":
		m, err := trace.ParseMeasure(c[2]+" "+c[1], trace.Millimetre)
		if err == nil { // French and other units say nothing that is compared here
			*at = m
		}
	case text != "" && r.Attributes.Size == "" && len(text) <= nameMost:
		r.Attributes.Size = text
	}
	return nil
}

func gudidTerm(r *trace.CatalogueRow, c []string) error {
	if a := truth(c[0]); a == trace.Yes || r.Attributes.Implantable == "" {
		r.Attributes.Implantable = a
	}
	return nil
}
