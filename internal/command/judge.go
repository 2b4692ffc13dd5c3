package command

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"implantrace/internal/check"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// Judged is what the rules are asked about.
type Judged struct {
	Meaning   udi.Meaning
	Procedure trace.Procedure // its zero ID: none is open
	Side      trace.Side      // the device goes into, where that is said of it
	Self      []trace.UsageID // the device's own usages
	At        time.Time       // as of when
	Picked    bool            // it was taken out of a set by choosing it: no code of it was read
	Scan      *check.Scan     // what only the desk knows at the moment of scanning
}

// Judge gathers the facts about a device and asks the rules.
func (r Recorder) Judge(ctx context.Context, j Judged) (trace.Verdict, error) {
	settings, err := r.CheckSettings(ctx)
	if err != nil {
		return trace.Verdict{}, err
	}
	f, err := r.facts(ctx, j)
	if err != nil {
		return trace.Verdict{}, err
	}
	return check.Device(f, settings), nil
}

// CheckSettings are what the site has set of the rules.
func (r Recorder) CheckSettings(ctx context.Context) (check.Settings, error) {
	all, err := r.Store.CheckSettings(ctx)
	if err != nil {
		return nil, err
	}
	s := make(check.Settings, len(all))
	for _, one := range all {
		s[one.Rule] = check.Setting{Level: one.Level, Off: one.Off}
	}
	return s, nil
}

func (r Recorder) facts(ctx context.Context, j Judged) (check.Facts, error) {
	m, p := j.Meaning, j.Procedure
	f := check.Facts{Now: j.At.In(r.Zone()), Meaning: m, Procedure: p, Scan: j.Scan, Picked: j.Picked}
	if m.Device.DI != "" {
		product, err := trace.ProductOf(ctx, r.Store, m.Device.DI)
		switch {
		case err == nil:
			f.Product = &product
		case errors.Is(err, trace.ErrRebuilding):
			f.Unready = true // recording goes on, and the verdict says what could not be checked
		case trace.KindOf(err) != trace.NotFound:
			return f, err
		}
		switch f.Earlier, err = r.earlier(ctx, m.Device, j.Self); {
		case errors.Is(err, trace.ErrRebuilding):
			f.Unready = true
		case err != nil:
			return f, err
		}
	}
	if err := r.lists(ctx, m.Device, &f); errors.Is(err, trace.ErrRebuilding) {
		f.Named, f.Lists = nil, nil // not asked, and the verdict says so
	} else if err != nil {
		return f, err
	}
	if p.ID.IsZero() {
		return f, nil
	}
	f.Side = sideOf(p, trace.Usage{Side: j.Side}, f.Product)
	plan, err := r.Store.Plan(ctx, p.ID)
	switch {
	case err == nil:
		f.Plan = &plan
	case trace.KindOf(err) != trace.NotFound:
		return f, err
	}
	if f.Product == nil || !joint(f.Product.Attributes.Kind) {
		return f, nil
	}
	f.With, f.Unplaced, err = r.with(ctx, j, f)
	return f, err
}

// earlier are the other usages of this very piece.
func (r Recorder) earlier(ctx context.Context, d udi.Device, self []trace.UsageID) (all []trace.UsageInFull, err error) {
	if d.Serial == "" {
		return nil, nil
	}
	for h, err := range r.Store.Candidates(ctx, trace.Query{DI: d.DI, Serial: d.Serial}) {
		if err != nil {
			return nil, err
		}
		if slices.Contains(self, h.Usage.ID) || h.Usage.Withdrawn || h.Usage.Device.DI != d.DI || h.Usage.Device.Serial != d.Serial {
			continue
		}
		full, err := trace.InFull(ctx, r.Store, h.Usage)
		if err != nil {
			return nil, err
		}
		all = append(all, full)
	}
	return all, nil
}

// lists asks everybody who keeps devices out of use.
func (r Recorder) lists(ctx context.Context, d udi.Device, f *check.Facts) error {
	f.Lists = append(f.Lists, trace.ByQuarantine)
	if d.DI != "" {
		for q, err := range r.Store.Quarantines(ctx, d.DI) {
			if err != nil {
				return err
			}
			if named := q.Names(d); named != "no" {
				f.Named = append(f.Named, trace.Named{By: trace.ByQuarantine, Title: q.Reason, Possible: named == "possible", Link: "/quarantine"})
			}
		}
	}
	for _, n := range r.Namers {
		found, err := n.Named(ctx, d)
		if err != nil {
			return err
		}
		f.Named, f.Lists = append(f.Named, found...), append(f.Lists, n.By())
	}
	return nil
}

// sideOf is the side that a device goes into: that of its procedure, or in a
// bilateral one what was said of the device, or where its location begins with
// a side, or the side that it is made for. "" where nobody can tell.
func sideOf(p trace.Procedure, u trace.Usage, product *trace.Product) trace.Side {
	if p.Side != trace.SideBilateral {
		if p.Side == trace.SideLeft || p.Side == trace.SideRight {
			return p.Side
		}
		return ""
	}
	if u.Side == trace.SideLeft || u.Side == trace.SideRight {
		return u.Side
	}
	for _, s := range []trace.Side{trace.SideLeft, trace.SideRight} {
		if strings.HasPrefix(strings.ToLower(u.Location), string(s)+" ") {
			return s
		}
	}
	return ""
}

// joint reports whether a component is compared with the others of its joint.
func joint(k trace.ProductKind) bool {
	switch k {
	case trace.KindStem, trace.KindHead, trace.KindCup, trace.KindLiner, trace.KindFemoral, trace.KindTibial, trace.KindInsert:
		return true
	}
	return false
}

// with are the other components of the device's joint and side: those of this
// procedure, and of each kind that it does not have, what stays in from before.
// unplaced: there is one of which nobody said the side.
func (r Recorder) with(ctx context.Context, j Judged, f check.Facts) (all []check.Component, unplaced bool, err error) {
	p := j.Procedure
	fresh := map[trace.ProductKind]bool{f.Product.Attributes.Kind: true}
	var out []udi.Device // explanted
	for h, err := range r.Store.Candidates(ctx, trace.Query{Procedure: p.ID}) {
		if err != nil {
			return nil, false, err
		}
		u := h.Usage
		if u.Withdrawn || slices.Contains(j.Self, u.ID) {
			continue
		}
		if u.Status == trace.Explanted {
			out = append(out, u.Device)
		}
		if in := u.InPatient(); in == "no" || in == "was" {
			continue
		}
		product, err := trace.ProductOf(ctx, r.Store, u.Device.DI)
		if trace.KindOf(err) == trace.NotFound {
			continue
		} else if err != nil {
			return nil, false, err
		}
		if product.Withdrawn || !joint(product.Attributes.Kind) {
			continue
		}
		switch side := sideOf(p, u, &product); {
		case p.Side == trace.SideBilateral && side == "":
			unplaced = true
		case side == f.Side:
			fresh[product.Attributes.Kind] = true
			all = append(all, check.Component{Product: product})
		}
	}
	stays, err := r.stays(ctx, j, f, fresh, out)
	return append(all, stays...), unplaced, err
}

// stays are the components of this joint and side that stay in: entered by hand,
// and from the patient's earlier procedures the latest of each kind that was not
// taken out since.
func (r Recorder) stays(ctx context.Context, j Judged, f check.Facts, fresh map[trace.ProductKind]bool, out []udi.Device) (all []check.Component, err error) {
	if f.Side == "" {
		return nil, nil
	}
	if f.Plan != nil {
		for _, s := range f.Plan.Stays {
			product := trace.Product{DI: s.DI, Maker: s.Maker, Attributes: s.Attributes}
			if s.DI != "" {
				known, err := trace.ProductOf(ctx, r.Store, s.DI)
				if err != nil && trace.KindOf(err) != trace.NotFound {
					return nil, err
				}
				product = product.Over(known)
			}
			if s.Side != "" && s.Side != f.Side || fresh[product.Attributes.Kind] {
				continue
			}
			fresh[product.Attributes.Kind] = true
			all = append(all, check.Component{Product: product, Stays: true})
		}
	}
	if j.Procedure.Patient.IsZero() {
		return all, nil
	}
	same, err := trace.SamePatients(ctx, r.Store, j.Procedure.Patient)
	if trace.KindOf(err) == trace.NotFound {
		return all, nil
	} else if err != nil {
		return nil, err
	}
	var before []trace.Procedure
	for _, patient := range same {
		for h, err := range r.Store.Procedures(ctx, trace.ProcedureQuery{Patient: patient}) {
			if err != nil {
				return nil, err
			}
			if o := h.Procedure; o.ID != j.Procedure.ID && !o.Withdrawn && o.Start.Before(j.Procedure.Start) {
				before = append(before, o)
			}
		}
	}
	slices.SortStableFunc(before, func(a, b trace.Procedure) int { return b.Start.Compare(a.Start) })
	for _, o := range before {
		kinds := make(map[trace.ProductKind]bool)
		for h, err := range r.Store.Candidates(ctx, trace.Query{Procedure: o.ID}) {
			if err != nil {
				return nil, err
			}
			u := h.Usage
			if u.Withdrawn {
				continue
			}
			if u.Status == trace.Explanted {
				out = append(out, u.Device)
			}
			if u.InPatient() != "yes" || slices.ContainsFunc(out, func(d udi.Device) bool {
				return d.DI == u.Device.DI && d.Lot == u.Device.Lot && d.Serial == u.Device.Serial
			}) {
				continue
			}
			product, err := trace.ProductOf(ctx, r.Store, u.Device.DI)
			if trace.KindOf(err) == trace.NotFound {
				continue
			} else if err != nil {
				return nil, err
			}
			if k := product.Attributes.Kind; joint(k) && !fresh[k] && sideOf(o, u, &product) == f.Side {
				kinds[k] = true
				all = append(all, check.Component{Product: product, Stays: true})
			}
		}
		for k := range kinds {
			fresh[k] = true
		}
	}
	return all, nil
}
