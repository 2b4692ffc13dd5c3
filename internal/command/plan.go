package command

import (
	"context"

	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// SetPlan says the whole of what is planned for a procedure, and what stays in
// from before that is in no record here. It takes the place of an earlier plan.
type SetPlan struct {
	Meta
	Procedure trace.ProcedureID `json:"procedure"`
	Items     []trace.PlanItem  `json:"items,omitempty"`
	Stays     []trace.StaysItem `json:"stays,omitempty"`
}

// planMost bounds the items of a plan.
const planMost = 100

// SetPlan carries the command out.
func (r Recorder) SetPlan(ctx context.Context, c SetPlan) error {
	canon, err := canonical("set plan", c)
	if err != nil {
		return err
	}
	if _, done, err := r.before(ctx, c.ID, canon); done {
		return err
	}
	p, err := r.Store.Procedure(ctx, c.Procedure)
	if err != nil {
		return err
	}
	if p.Withdrawn {
		return withdrawn
	}
	if len(c.Items)+len(c.Stays) > planMost {
		return trace.Errorf(trace.Invalid, "More than %d items are too many for one plan.", planMost)
	}
	f := trace.PlanFact{Procedure: c.Procedure}
	for _, i := range c.Items {
		if i, err = planItem(i); err != nil {
			return err
		}
		f.Items = append(f.Items, i)
	}
	for _, s := range c.Stays {
		i, err := planItem(trace.PlanItem(s))
		if err != nil {
			return err
		}
		f.Stays = append(f.Stays, trace.StaysItem(i))
	}
	_, err = r.record(ctx, c.Meta, canon, trace.Draft{Fact: f})
	return err
}

func planItem(i trace.PlanItem) (trace.PlanItem, error) {
	var err error
	if i.DI != "" {
		if i.DI, err = udi.ParseDI(i.DI); err != nil {
			return i, trace.Errorf(trace.Invalid, "The device identifier is not right: %w.", err)
		}
	}
	if err := oneOf("the side", i.Side, []trace.Side{"", trace.SideLeft, trace.SideRight}); err != nil {
		return i, err
	}
	if err := line("the maker", i.Maker); err != nil {
		return i, err
	}
	if i.Attributes, err = Attributes(i.Attributes); err != nil {
		return i, err
	}
	if i.DI == "" && i.Attributes.Kind == "" {
		return i, trace.Errorf(trace.Invalid, "What is planned, or stays in, wants a device identifier or a kind of component.")
	}
	return i, nil
}
