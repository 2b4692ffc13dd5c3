package history

import (
	"context"
	"slices"
	"strings"

	"implantrace/internal/command"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// patientRow says who a patient is.
type patientRow struct {
	head
	identity
}

func (p *patientRow) prepare(b batch) (t touches, err error) {
	// Ids are made of refs by a hash without a key: one made of an NHS number
	// could be turned back by trying them all.
	if n, err := udi.ParseNHSNumber(p.Ref); err == nil {
		if own, err := udi.ParseNHSNumber(p.NHSNumber); err == nil && own == n {
			return t, trace.Errorf(trace.Invalid, "The ref is the NHS number. Use a key that says nothing about the patient.")
		}
	}
	p.identity.touch(&t)
	return t, p.identity.check(b)
}

func (p *patientRow) record(ctx context.Context, a *attempt) error {
	_, before, err := a.registered(ctx, p.id)
	if err != nil {
		return err
	}
	if !before {
		if err := a.compare(ctx, p.id, p.who()); err != nil {
			return err
		}
	}
	found, err := a.recorder().RegisterPatient(ctx, command.RegisterPatient{Meta: a.meta(p.id), Who: p.who()})
	if err != nil || before || found.Patient == newPatient(p.id) {
		return err
	}
	// An import that was cut off here records the link when it is repeated.
	if err := a.link(ctx, p.id, found.Patient); err != nil {
		return err
	}
	a.patients.put(p.id, found.Patient)
	return nil
}

// compare holds an identity against what is recorded of the patient it finds.
// One thing that differs is noted and the row is recorded; where name and date
// of birth both differ, the number is more likely wrong than the person
// changed, and nobody is linked.
func (a *attempt) compare(ctx context.Context, id trace.EventID, who command.Who) error {
	found, err := a.r.Identify(ctx, id, who)
	if err != nil || len(found.Differs) == 0 {
		return err
	}
	if slices.Contains(found.Differs, "family") && slices.Contains(found.Differs, "birth") {
		return trace.Errorf(trace.Conflict, "The number belongs to a patient recorded with another family name and another date of birth. Nobody was linked: check the number.")
	}
	a.notice = "The patient is recorded otherwise: " + strings.Join(found.Differs, ", ") + ". What was recorded stays."
	return nil
}
