package trace

import (
	"context"
	"iter"
	"time"
)

// UsageInFull is a usage with everything it belongs to. Parts that the record
// does not have are zero.
type UsageInFull struct {
	Usage     Usage     `json:"usage"`
	Procedure Procedure `json:"procedure,omitzero"`
	Patient   PatientID `json:"patient,omitzero"`
	Identity  Identity  `json:"identity,omitzero"` // as the person is shown: of a linked record, that of the surviving one
	Product   Product   `json:"product,omitzero"`
	// Inside are the products that the device's identifier is that of a pack of.
	Inside []string `json:"inside,omitempty"`
}

// When is the time the usage counts as: the start of its procedure, or what its
// own entries say where there is none.
func (u UsageInFull) When() time.Time {
	if !u.Procedure.Start.IsZero() {
		return u.Procedure.Start
	}
	return u.Usage.Occurred
}

// InFull gathers what a usage belongs to.
func InFull(ctx context.Context, f Finder, u Usage) (UsageInFull, error) {
	full := UsageInFull{Usage: u}
	var err error
	if !u.Procedure.IsZero() {
		if full.Procedure, err = f.Procedure(ctx, u.Procedure); err != nil && KindOf(err) != NotFound {
			return full, err
		}
	}
	if full.Procedure, err = full.Procedure.In(ctx, f); err != nil {
		return full, err
	}
	full.Patient = full.Procedure.Patient
	if full.Identity, err = identityOf(ctx, f, full.Patient); err != nil {
		return full, err
	}
	if full.Inside, err = f.Packed(ctx, u.Device.DI); err != nil {
		return full, err
	}
	full.Product, err = productOf(ctx, f, u.Device.DI)
	return full, err
}

// identityOf is who a patient is, as the record shows the person; nobody for one that
// the record does not have.
func identityOf(ctx context.Context, f Finder, id PatientID) (Identity, error) {
	if id.IsZero() {
		return Identity{}, nil
	}
	who, _, err := f.Person(ctx, id)
	if KindOf(err) == NotFound {
		err = nil
	}
	return who, err
}

// productOf is what a device identifier stands for; nothing for one that the
// catalogue does not have.
func productOf(ctx context.Context, f Finder, di string) (Product, error) {
	if di == "" {
		return Product{}, nil
	}
	p, err := ProductOf(ctx, f, di)
	if KindOf(err) == NotFound {
		err = nil
	}
	return p, err
}

// ProductOf is what a device identifier stands for: what is known of it, and where
// it is that of a pack, or of one piece of a pack, of the product inside. Then DI is the product's where
// nobody says anything of the pack itself. A pack of several products is none of
// them. What nobody knows is an error of kind NotFound.
func ProductOf(ctx context.Context, f Finder, di string) (Product, error) {
	p, err := f.Product(ctx, di)
	if err != nil && KindOf(err) != NotFound || p.Withdrawn {
		return p, err
	}
	inside, packed := f.Packed(ctx, di)
	if packed != nil {
		return p, packed
	}
	if len(inside) != 1 || inside[0] == di {
		return p, err
	}
	of, failed := f.Product(ctx, inside[0])
	switch {
	case failed != nil:
		return p, failed
	case err != nil:
		return of, nil
	}
	return p.Over(of), nil
}

// ProcedureInFull is a procedure with its patient and its usages.
type ProcedureInFull struct {
	Procedure Procedure     `json:"procedure"`
	Identity  Identity      `json:"identity"`
	Usages    []UsageInFull `json:"usages"`
}

// ProcedureWithUsages gathers what belongs to a procedure; withdrawn usages
// are among them, marked.
func ProcedureWithUsages(ctx context.Context, f Finder, p Procedure) (ProcedureInFull, error) {
	full := ProcedureInFull{Usages: []UsageInFull{}}
	var err error
	if p, err = p.In(ctx, f); err != nil {
		return full, err
	}
	full.Procedure = p
	if full.Identity, err = identityOf(ctx, f, p.Patient); err != nil {
		return full, err
	}
	for h, err := range f.Candidates(ctx, Query{Procedure: p.ID}) {
		if err != nil {
			return full, err
		}
		u := UsageInFull{Usage: h.Usage, Procedure: p, Patient: p.Patient, Identity: full.Identity}
		if u.Product, err = productOf(ctx, f, h.Usage.Device.DI); err != nil {
			return full, err
		}
		full.Usages = append(full.Usages, u)
	}
	return full, nil
}

// leaving takes from a procedure what others are not told of who the patient is.
func leaving(p ProcedureInFull, err error) (ProcedureInFull, error) {
	p.Identity = p.Identity.Leaving()
	for i := range p.Usages {
		p.Usages[i].Identity = p.Identity
	}
	return p, err
}

// ProceduresInFull gathers the procedures of a period, or the one named,
// latest first. Withdrawn procedures are left out. It is for exports: [Identity.Leaving].
func ProceduresInFull(ctx context.Context, f Finder, one ProcedureID, q ProcedureQuery) iter.Seq2[ProcedureInFull, error] {
	return func(yield func(ProcedureInFull, error) bool) {
		if !one.IsZero() {
			p, err := f.Procedure(ctx, one)
			if err != nil {
				yield(ProcedureInFull{}, err)
				return
			}
			yield(leaving(ProcedureWithUsages(ctx, f, p)))
			return
		}
		for h, err := range f.Procedures(ctx, q) {
			if err != nil {
				yield(ProcedureInFull{}, err)
				return
			}
			if h.Procedure.Withdrawn {
				continue
			}
			full, err := leaving(ProcedureWithUsages(ctx, f, h.Procedure))
			if !yield(full, err) || err != nil {
				return
			}
		}
	}
}
