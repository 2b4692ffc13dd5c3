package record

import (
	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

func foldUsage(about []trace.Entry) trace.Usage {
	var u trace.Usage
	for _, e := range about {
		f := e.Fact.(trace.UsageFact)
		for _, name := range f.Amend.Clear {
			clearUsage(&u, name)
		}
		u.ID = f.Usage
		set(&u.Procedure, f.Procedure)
		if !f.Device.IsZero() {
			setDevice(&u.Device, f.Device)
			u.Provenance = e.Provenance
		}
		u.Carriers = append(u.Carriers, f.Carriers...)
		set(&u.Status, f.Status)
		if !f.Verdict.IsZero() {
			u.Verdict = f.Verdict
		}
		u.Override = u.Override || f.Override
		set(&u.Location, f.Location)
		u.Damaged = u.Damaged || f.Damaged
		u.Withdrawn = withdrawn(u.Withdrawn, f.Amend)
		if u.Occurred.IsZero() || e.Occurred.Before(u.Occurred) {
			u.Occurred = e.Occurred
		}
		s := amended(stamp(e), f.Amend)
		s.Status = f.Status
		u.History = append(u.History, s)
	}
	if u.Provenance == "" && len(about) > 0 {
		u.Provenance = about[0].Provenance
	}
	return u
}

func clearUsage(u *trace.Usage, name string) {
	switch name {
	case "lot":
		u.Device.Lot = ""
	case "serial":
		u.Device.Serial = ""
	case "expiry":
		u.Device.Expiry = udi.Date{}
	case "manufactured":
		u.Device.Manufactured = udi.Date{}
	case "status":
		u.Status = trace.Checked
	case "location":
		u.Location = ""
	case "damaged":
		u.Damaged = false
	}
}

func setDevice(d *udi.Device, said udi.Device) {
	set(&d.Agency, said.Agency)
	set(&d.DI, said.DI)
	set(&d.Lot, said.Lot)
	set(&d.Serial, said.Serial)
	set(&d.Expiry, said.Expiry)
	set(&d.Manufactured, said.Manufactured)
	set(&d.BestBefore, said.BestBefore)
	set(&d.Quantity, said.Quantity)
	set(&d.Variant, said.Variant)
	set(&d.CatalogueNo, said.CatalogueNo)
}

func (w *writer) usage(id trace.UsageID, now trace.Usage) {
	var old trace.Usage
	had := w.read(Usages, id[:], &old)
	for _, ix := range []struct {
		table Table
		key   func(trace.Usage) []byte // nil: not in this index
	}{
		{ByProcedure, func(u trace.Usage) []byte {
			if u.Procedure.IsZero() {
				return nil
			}
			return join(u.Procedure[:], id[:])
		}},
		{ByLot, func(u trace.Usage) []byte { return numberKey(u.Device.DI, u.Device.Lot, id) }},
		{BySerial, func(u trace.Usage) []byte {
			if u.Device.Serial == "" {
				return nil
			}
			return numberKey(u.Device.DI, u.Device.Serial, id)
		}},
		{ByTime, func(u trace.Usage) []byte { return join(TimeKey(u.Occurred), id[:]) }},
	} {
		var before, after [][]byte
		if k := ix.key(old); had && k != nil {
			before = [][]byte{k}
		}
		if k := ix.key(now); k != nil {
			after = [][]byte{k}
		}
		w.index(ix.table, before, after)
	}
	w.value(Usages, id[:], now)
}
