package command

import (
	"context"
	"slices"
	"strings"

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
	ToConfirm bool              `json:"to_confirm,omitempty"` // a second person has to confirm it before a device is opened
	Who       string            `json:"who,omitempty"`        // plans it
	// After is the entry of the plan that the sender has seen; zero: it asks for none.
	// Another plan that came in since is a conflict.
	After trace.EventID `json:"after,omitzero"`
}

// planMost bounds the items of a plan.
const planMost = 100

// SetPlan carries the command out. Devices that were scanned before are judged
// again.
func (r Recorder) SetPlan(ctx context.Context, c SetPlan) error {
	canon, err := canonical("set plan", c)
	if err != nil {
		return err
	}
	if done, err := r.planned(ctx, c.Meta, canon, c.Procedure); done {
		return err
	}
	if !c.After.IsZero() {
		if now, err := r.Store.Plan(ctx, c.Procedure); err != nil {
			return err
		} else if now.Entry != c.After {
			return trace.Errorf(trace.Conflict, "Somebody changed the plan in the meantime. Look at it again.")
		}
	}
	return r.setPlan(ctx, c, canon)
}

// setPlan checks a plan and records it.
func (r Recorder) setPlan(ctx context.Context, c SetPlan, canon []byte) (err error) {
	if len(c.Items)+len(c.Stays) > planMost {
		return trace.Errorf(trace.Invalid, "More than %d items are too many for one plan.", planMost)
	}
	c.Who = strings.TrimSpace(c.Who)
	if err := line("the name", c.Who); err != nil {
		return err
	}
	if c.ToConfirm && c.Who == "" {
		return trace.Errorf(trace.Invalid, "Say who planned it: somebody else has to confirm it.")
	}
	f := trace.PlanFact{Procedure: c.Procedure, ToConfirm: c.ToConfirm, Who: c.Who}
	for _, i := range c.Items {
		if i, err = PlanItem(i); err != nil {
			return err
		}
		f.Items = append(f.Items, i)
	}
	for _, s := range c.Stays {
		i, err := PlanItem(trace.PlanItem(s))
		if err != nil {
			return err
		}
		f.Stays = append(f.Stays, trace.StaysItem(i))
	}
	return r.recordPlan(ctx, c.Meta, canon, f)
}

// ChangePlan changes one thing of a plan: what is left out stays as it is.
type ChangePlan struct {
	Meta
	Procedure trace.ProcedureID `json:"procedure"`
	// After is the entry of the plan that the sender has seen; zero: there was none.
	After     trace.EventID   `json:"after,omitzero"`
	Add       *trace.PlanItem `json:"add,omitempty"`
	Remove    *int            `json:"remove,omitempty"` // the number of the item, from 0
	Stays     bool            `json:"stays,omitempty"`  // Add and Remove are of what stays in
	ToConfirm *bool           `json:"to_confirm,omitempty"`
	Who       string          `json:"who,omitempty"`
}

// ChangePlan carries the command out.
func (r Recorder) ChangePlan(ctx context.Context, c ChangePlan) error {
	canon, err := canonical("change plan", c)
	if err != nil {
		return err
	}
	if done, err := r.planned(ctx, c.Meta, canon, c.Procedure); done {
		return err
	}
	now, err := r.Store.Plan(ctx, c.Procedure)
	if err != nil && trace.KindOf(err) != trace.NotFound {
		return err
	}
	if now.Entry != c.After {
		return trace.Errorf(trace.Conflict, "Somebody changed the plan in the meantime. Look at it again.")
	}
	next := SetPlan{Meta: c.Meta, Procedure: c.Procedure, Items: slices.Clone(now.Items), Stays: slices.Clone(now.Stays), ToConfirm: now.ToConfirm, Who: now.Who}
	if c.Who != "" {
		next.Who = c.Who
	}
	if c.ToConfirm != nil {
		next.ToConfirm = *c.ToConfirm
	}
	switch {
	case c.Add != nil && c.Stays:
		next.Stays = append(next.Stays, trace.StaysItem(*c.Add))
	case c.Add != nil:
		next.Items = append(next.Items, *c.Add)
	}
	if c.Remove != nil {
		n := *c.Remove
		switch {
		case n < 0, c.Stays && n >= len(next.Stays), !c.Stays && n >= len(next.Items):
			return trace.Errorf(trace.Invalid, "The plan has no such line.")
		case c.Stays:
			next.Stays = slices.Delete(next.Stays, n, n+1)
		default:
			next.Items = slices.Delete(next.Items, n, n+1)
		}
	}
	return r.setPlan(ctx, next, canon)
}

// ConfirmPlan is a second person's word that a plan is right.
type ConfirmPlan struct {
	Meta
	Procedure trace.ProcedureID `json:"procedure"`
	Plan      trace.EventID     `json:"plan"` // the entry that says it: a plan that was changed since is another
	Who       string            `json:"who"`
}

// ConfirmPlan carries the command out, and judges again what was scanned.
func (r Recorder) ConfirmPlan(ctx context.Context, c ConfirmPlan) error {
	canon, err := canonical("confirm plan", c)
	if err != nil {
		return err
	}
	if done, err := r.planned(ctx, c.Meta, canon, c.Procedure); done {
		return err
	}
	plan, err := r.Store.Plan(ctx, c.Procedure)
	if err != nil {
		return err
	}
	c.Who = strings.TrimSpace(c.Who)
	if err := line("the name", c.Who); err != nil {
		return err
	}
	by := plan.History[slices.IndexFunc(plan.History, func(s trace.Stamp) bool { return s.Event == plan.Entry })].By
	switch {
	case c.Plan != plan.Entry:
		return trace.Errorf(trace.Conflict, "Somebody changed the plan in the meantime. Look at it again before you confirm it.")
	case !plan.ToConfirm:
		return trace.Errorf(trace.Conflict, "This plan asks for no confirmation.")
	case plan.Confirmed != "":
		return trace.Errorf(trace.Conflict, "This plan was confirmed already, by %s.", plan.Confirmed)
	case c.Who == "":
		return trace.Errorf(trace.Invalid, "Say who confirms it.")
	case trace.FoldName(c.Who) == trace.FoldName(plan.Who), !by.Account.IsZero() && by.Account == c.By.Account:
		return trace.Errorf(trace.Conflict, "Whoever planned it cannot confirm it: that takes a second person.")
	}
	return r.recordPlan(ctx, c.Meta, canon, trace.PlanFact{Procedure: c.Procedure, Confirms: c.Plan, Who: c.Who})
}

// planned begins a command about a plan: whether it was carried out before, and
// whether its procedure is there.
func (r Recorder) planned(ctx context.Context, m Meta, canon []byte, id trace.ProcedureID) (done bool, err error) {
	if _, done, err := r.before(ctx, m.ID, canon); done {
		return true, err
	}
	_, err = r.standing(ctx, id)
	return err != nil, err
}

func (r Recorder) recordPlan(ctx context.Context, m Meta, canon []byte, f trace.PlanFact) error {
	if _, err := r.record(ctx, m, canon, trace.Draft{Fact: f}); err != nil {
		return err
	}
	return r.judgeProcedure(ctx, f.Procedure, m)
}

// PlanItem checks one device of a plan, and gives it in its fixed form.
func PlanItem(i trace.PlanItem) (trace.PlanItem, error) {
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
