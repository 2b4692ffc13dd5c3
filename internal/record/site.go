package record

import (
	"slices"

	"implantrace/internal/trace"
)

// SettingRow is a row of [Settings].
type SettingRow struct {
	Fact  trace.CheckSettingFact  `cbor:"1,keyasint"`
	Stamp trace.Stamp             `cbor:"2,keyasint"`
	File  *trace.CheckSettingFact `cbor:"3,keyasint,omitempty"` // the last that the settings file said
}

func foldSetting(about []trace.Entry) (row SettingRow) {
	for _, e := range about {
		row.Fact, row.Stamp = e.Fact.(trace.CheckSettingFact), stamp(e)
		if e.By.Via == trace.FromFile {
			said := row.Fact
			row.File = &said
		}
	}
	return row
}

func foldQuarantine(about []trace.Entry) (q trace.Quarantine) {
	for _, e := range about {
		f := e.Fact.(trace.QuarantineFact)
		q.ID = f.Quarantine
		set(&q.DI, f.DI)
		if len(f.Lots) > 0 {
			q.Lots = slices.Clone(f.Lots)
		}
		if len(f.Serials) > 0 {
			q.Serials = slices.Clone(f.Serials)
		}
		set(&q.SerialFrom, f.SerialFrom)
		set(&q.SerialTo, f.SerialTo)
		if !f.Released { // why it was released stands in that entry
			set(&q.Reason, f.Reason)
			set(&q.Who, f.Who)
		}
		q.Released = f.Released
		q.History = append(q.History, stamp(e))
	}
	return q
}

func foldPlan(about []trace.Entry) (p trace.Plan) {
	for _, e := range about {
		f := e.Fact.(trace.PlanFact)
		p.Procedure = f.Procedure
		switch {
		case f.Confirms.IsZero():
			p.Items, p.Stays, p.ToConfirm, p.Who, p.Confirmed, p.Entry = f.Items, f.Stays, f.ToConfirm, f.Who, "", e.ID
		case f.Confirms == p.Entry:
			p.Confirmed = f.Who
		}
		p.History = append(p.History, stamp(e))
	}
	return p
}

// PackPrefix begins the rows of the quarantines that may name a device
// identifier.
func PackPrefix(di string) []byte { return append([]byte(trace.PackBody(di)), 0) }

func (w *writer) quarantine(id trace.QuarantineID, now trace.Quarantine) {
	var old trace.Quarantine
	var before, after rows
	if w.read(Quarantines, id[:], &old) {
		before.add(join(PackPrefix(old.DI), id[:]), nil)
	}
	after.add(join(PackPrefix(now.DI), id[:]), nil)
	w.move(ByPackBody, before, after)
	w.value(Quarantines, id[:], now)
}
