package record

import (
	"fmt"
	"slices"

	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

func foldUsage(about []trace.Entry) trace.Usage {
	var u trace.Usage
	for _, e := range about {
		f := e.Fact.(trace.UsageFact)
		before, whole := identity(u.Device), u.Device
		for _, name := range f.Amend.Clear {
			clearUsage(&u, name)
		}
		u.ID = f.Usage
		set(&u.Procedure, f.Procedure)
		if !f.Device.IsZero() {
			setDevice(&u.Device, f.Device)
			u.Provenance = e.Provenance
			if e.Provenance == trace.Typed && !slices.Contains(u.TypedBy, e.By) {
				u.TypedBy = append(u.TypedBy, e.By)
			}
		}
		if whole != u.Device {
			u.Second = nil // it was of other values
		}
		if f.Second != (trace.SecondFact{}) && f.Second.Device == u.Device {
			u.Second = &trace.Second{Person: f.Second.Person, Account: f.Second.Account, Stamp: stamp(e)}
		}
		if now := identity(u.Device); changed(before.DI, now.DI) || changed(before.Lot, now.Lot) || changed(before.Serial, now.Serial) {
			u.Was = append(u.Was, before)
		}
		u.Carriers = append(u.Carriers, f.Carriers...)
		set(&u.Status, f.Status)
		if !f.Verdict.IsZero() {
			u.Verdict = f.Verdict
		}
		u.Override = u.Override || f.Override
		set(&u.Location, f.Location)
		set(&u.Side, f.Side)
		set(&u.Described, f.Described)
		set(&u.Explants, f.Explants)
		set(&u.Went, f.Went)
		set(&u.ExplantedBy, f.ExplantedBy)
		set(&u.Picked, f.Picked)
		set(&u.Supply, f.Supply)
		for _, o := range f.Overridden {
			u.Overridden = append(slices.DeleteFunc(slices.Clone(u.Overridden), func(was trace.Overridden) bool { return was.Rule == o.Rule }), o)
		}
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

// identity is what a device is found by.
func identity(d udi.Device) udi.Device { return udi.Device{DI: d.DI, Lot: d.Lot, Serial: d.Serial} }

// changed reports whether a value that was there is there no longer.
func changed(before, now string) bool { return before != "" && before != now }

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
	case "explants":
		u.Explants, u.Went = trace.UsageID{}, ""
	case "supply":
		u.Supply = trace.Supply{}
	case "explanted_by":
		u.ExplantedBy = trace.UsageID{}
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
	set(&d.DonationID, said.DonationID)
	set(&d.Software, said.Software)
	set(&d.BasicUDI, said.BasicUDI)
	set(&d.SSCC, said.SSCC)
}

// usage moves a usage's rows from what its entries came to before to what they
// come to now.
func (w *writer) usage(id trace.UsageID, before, now []trace.Entry) {
	var old trace.Usage
	if len(before) > 0 {
		old = foldUsage(before)
	}
	u := foldUsage(now)
	for _, ix := range []struct {
		table Table
		rows  func(trace.Usage) rows
	}{
		{ByProcedure, func(u trace.Usage) (rs rows) {
			if !u.Procedure.IsZero() {
				rs.add(join(u.Procedure[:], id[:]), nil)
			}
			return rs
		}},
		{ByLot, lotRows},
		{BySerial, func(u trace.Usage) (rs rows) {
			for i, d := range identities(u) {
				if d.Serial != "" {
					rs.add(numberKey(d.DI, d.Serial, id), holding(u, i > 0))
				}
			}
			return rs
		}},
		{ByOutcome, func(u trace.Usage) (rs rows) {
			rs.add(join([]byte{OutcomeKey(u.Status)}, TimeKey(u.Occurred), id[:]), nil)
			return rs
		}},
		{ByTime, func(u trace.Usage) (rs rows) { rs.add(join(TimeKey(u.Occurred), id[:]), nil); return rs }},
		{ByCatalogue, func(u trace.Usage) (rs rows) {
			if u.Device.CatalogueNo != "" {
				rs.add(join(LabelNumberPrefix(u.Device.CatalogueNo), id[:]), nil)
			}
			return rs
		}},
	} {
		var had rows
		if len(before) > 0 {
			had = ix.rows(old)
		}
		w.move(ix.table, had, ix.rows(u))
	}
	w.recount(ByExpiry, datedKey(old.Device, old.Device.Expiry), datedKey(u.Device, u.Device.Expiry))
	w.recount(ByManufactured, datedKey(old.Device, old.Device.Manufactured), datedKey(u.Device, u.Device.Manufactured))
}

// The flags of ByLot, BySerial and Procedures.
const (
	flagFormer    = 1 << 0 // recorded so before a correction, and so no longer
	flagWithdrawn = 1 << 1
	flagProcedure = 1 << 2 // it follows; of ByLot and BySerial, as the rest
	flagByHand    = 1 << 3
	flagUnsure    = 1 << 4
	flagLot       = 1 << 5 // it follows, because the key does not tell; of ByLot
)

// holding is the value in ByLot and BySerial.
func holding(u trace.Usage, former bool) []byte {
	f := flags(former, u.Withdrawn)
	if u.Provenance == trace.Typed || u.Provenance == trace.Imported {
		f |= flagByHand
	}
	if u.Damaged || u.NotVerbatim() {
		f |= flagUnsure
	}
	if u.Procedure.IsZero() {
		return []byte{f}
	}
	return append([]byte{f | flagProcedure}, u.Procedure[:]...)
}

func flags(former, withdrawn bool) (f byte) {
	if former {
		f |= flagFormer
	}
	if withdrawn {
		f |= flagWithdrawn
	}
	return f
}

// Holding reads a row of ByLot or BySerial.
func Holding(key, value []byte) (h trace.Holding, err error) {
	h, _, err = holdingOf(key, value)
	return h, err
}

// holdingOf is Holding, and what stands behind it.
func holdingOf(key, value []byte) (h trace.Holding, rest []byte, err error) {
	if len(key) < 16 || len(value) == 0 || value[0]&flagProcedure != 0 && len(value) < 17 {
		return h, nil, fmt.Errorf("record: a row of %d and %d bytes says of no usage whose it is", len(key), len(value))
	}
	h = trace.Holding{Key: key, Usage: ID[trace.OfUsage](key), Former: value[0]&flagFormer != 0, Withdrawn: value[0]&flagWithdrawn != 0}
	rest = value[1:]
	if value[0]&flagProcedure != 0 {
		h.Procedure, rest = trace.ProcedureID(rest[:16]), rest[16:]
	}
	return h, rest, nil
}

// identities are what a usage is found by: what is recorded now, and what was
// before a correction.
func identities(u trace.Usage) []udi.Device {
	return append([]udi.Device{identity(u.Device)}, u.Was...)
}
