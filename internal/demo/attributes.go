package demo

import (
	"fmt"
	"slices"
	"strings"

	"implantrace/internal/trace"
)

// CatalogueSource is the name under which [CatalogueCSV] is meant to be brought
// in.
const CatalogueSource = "demo"

// CatalogueCSV is what the makers say of the products of [Rows] beyond their
// names, as package catalogue reads it: what the checks go by.
func CatalogueCSV() string {
	var b strings.Builder
	columns := trace.Fields()
	b.WriteString("di")
	for _, f := range columns {
		b.WriteString("," + f.Name)
	}
	for _, p := range catalogued() {
		a := p.attributes()
		b.WriteString("\n" + p.di)
		for _, f := range columns {
			v := f.Get(a)
			if strings.HasPrefix(v, "+") || strings.HasPrefix(v, "-") {
				v = "'" + v // as a spreadsheet wants it
			}
			fmt.Fprintf(&b, ",%q", v)
		}
	}
	return b.String() + "\n"
}

// AuthorityCSV are extracts of the authorities' databases of UDIs, as they would be if
// the products were any: of the pulse generators and leads the FDA's, of meshes the
// European Commission's, and of lenses both.
func AuthorityCSV() map[trace.Authority]string {
	all := map[trace.Authority]string{}
	for _, a := range trace.Authorities() {
		all[a] = "di,maker,description\n"
	}
	for _, p := range catalogued() {
		for a, kinds := range map[trace.Authority][]kind{trace.AuthorityFDA: {pacemaker, lead, lens}, trace.AuthorityEU: {mesh, lens}} {
			if slices.Contains(kinds, p.kind) {
				all[a] += fmt.Sprintf("%s,%q,%q\n", p.di, p.maker.name, p.description)
			}
		}
	}
	return all
}

func (p product) attributes() trace.Attributes {
	a := trace.Attributes{Side: trace.SideNone, SingleUse: trace.Yes, Sterile: trace.Yes, Latex: trace.No, Implantable: trace.Yes, MRI: trace.MRIConditional}
	_, size, _ := strings.Cut(p.description, ", ")
	if i := strings.LastIndex(p.description, ", "); i >= 0 {
		size = p.description[i+2:]
	}
	mm := func(s string) trace.Measure {
		number, _, _ := strings.Cut(s, " ")
		m, err := trace.ParseMeasure(number, trace.Millimetre)
		if err != nil {
			panic("demo: " + err.Error()) // a constant of this package
		}
		return m
	}
	switch p.kind {
	case stem:
		a.Kind, a.Taper, a.Size = trace.KindStem, "12/14", size
	case head:
		a.Kind, a.Taper, a.Head, a.Bearing = trace.KindHead, "12/14", mm(size), trace.BearingMetal
		if strings.Contains(p.description, "ceramic") {
			a.Bearing, a.MRI = trace.BearingCeramic, trace.MRISafe
		}
	case cup:
		a.Kind, a.Outer = trace.KindCup, mm(size)
	case liner:
		a.Kind, a.Inner, a.Bearing, a.MRI = trace.KindLiner, mm(size), trace.BearingPolyethylene, trace.MRISafe
	case screw:
		a.Kind, a.Length = trace.KindScrew, mm(size)
	case femoral:
		a.Kind, a.Size, a.Side = trace.KindFemoral, size, trace.SideLeft
		if strings.HasSuffix(size, "right") {
			a.Side = trace.SideRight
		}
	case tibial:
		a.Kind, a.Size = trace.KindTibial, size
	case insert:
		a.Kind, a.Size, a.MRI = trace.KindInsert, size, trace.MRISafe
	case lens:
		a.Kind, a.Model, a.MRI = trace.KindLens, p.brand, trace.MRISafe
		power, err := trace.ParseMeasure(size, trace.Dioptre)
		if err != nil {
			panic("demo: " + err.Error()) // a constant of this package
		}
		a.Power = power
	case pacemaker:
		a.Kind = trace.KindGenerator
	case lead:
		a.Kind, a.Length = trace.KindLead, trace.Measure{}
	case mesh:
		a.Kind, a.Size, a.MRI = trace.KindMesh, size, trace.MRISafe
	}
	return a
}
