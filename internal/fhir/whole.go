package fhir

import (
	"encoding/json"
	"time"

	"implantrace/internal/trace"
)

// Piece is a resource as it stands in a file: as an entry of a Bundle, or as a line.
type Piece struct {
	Name   string // the same for the same thing: its fullUrl, or its type and id
	Shared bool   // other procedures refer to it as well: it stands in a file once
	JSON   json.RawMessage
}

// Entries gives what [WriteBundle] writes of a procedure: what it refers to, before
// what refers to it.
func Entries(p trace.ProcedureInFull, o Options) ([]Piece, error) {
	var all []Piece
	b := serving(new([]Resource), o)
	b.served, b.seen = nil, map[[16]byte]bool{}
	b.piece = func(one Piece) { all = append(all, one) }
	b.write(p)
	return all, b.err
}

// Lines gives a procedure and everything that it refers to, as a server answers them.
func Lines(p trace.ProcedureInFull, o Options) (all []Piece, err error) {
	add := func(r Resource, rerr error) {
		if err == nil {
			err = rerr
		}
		all = append(all, Piece{Name: r.Type + "/" + r.ID, Shared: true, JSON: r.JSON})
	}
	if !p.Procedure.Patient.IsZero() {
		add(PatientOf(trace.Patient{ID: p.Procedure.Patient}, p.Identity, nil, o))
	}
	if PlaceID(p.Procedure.Place) != "" {
		add(LocationOf(p.Procedure.Place, "", ""))
	}
	for _, one := range p.Procedure.People {
		if PersonID(one.Code) != "" {
			add(PractitionerOf(one))
		}
	}
	for _, u := range p.Usages {
		if di := u.Usage.Device.DI; u.Product.Maker != "" && MakerID(di) != "" {
			add(MakerOrganization(di, u.Product))
		}
	}
	own, oerr := Of(p, o)
	if err == nil {
		err = oerr
	}
	for _, r := range own {
		all = append(all, Piece{Name: r.Type + "/" + r.ID, JSON: r.JSON})
	}
	return all, err
}

// BundleHead begins a Bundle of type collection.
func BundleHead(at time.Time) string {
	head := `{"resourceType":"Bundle","type":"collection"`
	if text := dateTime(at); text != "" {
		head += `,"timestamp":"` + text + `"`
	}
	return head
}

// BundleBefore stands before an entry, after so many others.
func BundleBefore(others int) string {
	if others > 0 {
		return ",\n"
	}
	return ",\"entry\":[\n"
}

// BundleEnd ends a Bundle of so many entries.
func BundleEnd(entries int) string {
	if entries > 0 {
		return "\n]}\n"
	}
	return "}\n"
}
