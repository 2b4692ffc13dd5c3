package command

import (
	"context"
	"slices"
	"strings"

	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// Explant says that a device which the record has as implanted was taken out in a
// later procedure. Its id becomes that of the usage that says so; the implant's own
// usage stays, and is linked to it.
type Explant struct {
	Meta
	Procedure trace.ProcedureID `json:"procedure"`      // in which it was taken out
	Usage     trace.UsageID     `json:"usage"`          // that implanted it
	Reason    string            `json:"reason"`         // why; sealed
	Went      trace.Went        `json:"went,omitempty"` // where it went; "": nobody said
}

// Explant carries the command out and gives the usage. A device that is not in this
// patient, as the record has it, is an error of kind Conflict.
func (r Recorder) Explant(ctx context.Context, c Explant) (trace.UsageID, error) {
	id := trace.UsageID(c.ID)
	canon, err := canonical("explant", c)
	if err != nil {
		return id, err
	}
	if _, done, err := r.before(ctx, c.ID, canon); done {
		return id, err
	}
	p, err := r.standing(ctx, c.Procedure)
	if err != nil {
		return id, err
	}
	if err := plausible("the time", c.Occurred, r.Clock()); err != nil {
		return id, err
	}
	if c.Reason = strings.TrimSpace(c.Reason); c.Reason == "" {
		return id, trace.Errorf(trace.Invalid, "Say why the device was taken out.")
	}
	if err := note(c.Reason); err != nil {
		return id, err
	}
	if err := oneOf("where it went", c.Went, append(trace.WentTo(), "")); err != nil {
		return id, err
	}
	in, err := r.Implants(ctx, p)
	if err != nil {
		return id, err
	}
	i := slices.IndexFunc(in, func(u trace.Usage) bool { return u.ID == c.Usage })
	if i < 0 {
		if _, err := r.Store.Usage(ctx, c.Usage); err != nil {
			return id, err
		}
		return id, trace.Errorf(trace.Conflict, "The record does not have this device in this patient: it was taken out already, was not implanted, or is another's.")
	}
	_, err = r.record(ctx, c.Meta, canon,
		trace.Draft{Subject: p.Patient, Secret: &trace.Secret{Note: c.Reason}, Fact: trace.UsageFact{Usage: id, Procedure: p.ID, Device: in[i].Device, Status: trace.Explanted,
			Side: in[i].Side, Location: in[i].Location, Verdict: takenOut, Explants: c.Usage, Went: c.Went, Damaged: in[i].Damaged}},
		trace.Draft{Fact: trace.UsageFact{Usage: c.Usage, ExplantedBy: id}})
	return id, err
}

// takenOut is the verdict on a device that is taken out: the rules for what goes in
// are not asked.
var takenOut = trace.Judge("Taken out", trace.Check{Rule: "explant", Level: trace.Pass, Message: "It was taken from the list of this patient's implants."})

// Implants are the devices that the patient of a procedure has from other
// procedures, as the record knows, the latest first.
func (r Recorder) Implants(ctx context.Context, p trace.Procedure) (in []trace.Usage, err error) {
	if p.Patient.IsZero() {
		return nil, nil
	}
	same, err := trace.SamePatients(ctx, r.Store, p.Patient)
	if trace.KindOf(err) == trace.NotFound {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	for _, patient := range same {
		for h, err := range r.Store.Procedures(ctx, trace.ProcedureQuery{Patient: patient}) {
			if err != nil {
				return nil, err
			}
			if h.Procedure.ID == p.ID || h.Procedure.Withdrawn {
				continue
			}
			for c, err := range r.Store.Candidates(ctx, trace.Query{Procedure: h.Procedure.ID}) {
				if err != nil {
					return nil, err
				}
				if u := c.Usage; !u.Withdrawn && u.InPatient() == "yes" {
					in = append(in, u)
				}
			}
		}
	}
	slices.SortStableFunc(in, func(a, b trace.Usage) int { return b.Occurred.Compare(a.Occurred) })
	return in, nil
}

// implantOf finds the implant that a device is which was scanned when it came out:
// the one of this patient with the same identifier, lot and serial number. Zero where
// the record has none, or several that nothing tells apart.
func (r Recorder) implantOf(ctx context.Context, p trace.Procedure, d udi.Device) (trace.UsageID, error) {
	if d.DI == "" || d.Lot == "" && d.Serial == "" {
		return trace.UsageID{}, nil
	}
	in, err := r.Implants(ctx, p)
	if err != nil {
		return trace.UsageID{}, err
	}
	in = slices.DeleteFunc(in, func(u trace.Usage) bool {
		return u.Device.DI != d.DI || u.Device.Lot != d.Lot || u.Device.Serial != d.Serial
	})
	if len(in) != 1 {
		return trace.UsageID{}, nil
	}
	return in[0].ID, nil
}

// unlinked takes back that a usage took its implant out: what the implant is told.
func (r Recorder) unlinked(ctx context.Context, u trace.Usage) (trace.Amend, error) {
	implant, err := r.Store.Usage(ctx, u.Explants)
	if err != nil {
		return trace.Amend{}, err
	}
	return trace.Amend{Corrects: implant.History[0].Event, Clear: []string{"explanted_by"}}, nil
}
