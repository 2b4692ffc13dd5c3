package record

import (
	"bytes"
	"slices"

	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

func foldUsage(about []trace.Entry) trace.Usage {
	var u trace.Usage
	for _, e := range about {
		f := e.Fact.(trace.UsageFact)
		before := identity(u.Device)
		for _, name := range f.Amend.Clear {
			clearUsage(&u, name)
		}
		u.ID = f.Usage
		set(&u.Procedure, f.Procedure)
		if !f.Device.IsZero() {
			setDevice(&u.Device, f.Device)
			u.Provenance = e.Provenance
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
		keys  func(trace.Usage) [][]byte
	}{
		{ByProcedure, func(u trace.Usage) [][]byte {
			if u.Procedure.IsZero() {
				return nil
			}
			return [][]byte{join(u.Procedure[:], id[:])}
		}},
		{ByLot, func(u trace.Usage) (ks [][]byte) {
			for _, d := range identities(u) {
				ks = with(ks, numberKey(d.DI, d.Lot, id))
			}
			return ks
		}},
		{BySerial, func(u trace.Usage) (ks [][]byte) {
			for _, d := range identities(u) {
				if d.Serial != "" {
					ks = with(ks, numberKey(d.DI, d.Serial, id))
				}
			}
			return ks
		}},
		{ByTime, func(u trace.Usage) [][]byte { return [][]byte{join(TimeKey(u.Occurred), id[:])} }},
		{ByCatalogue, func(u trace.Usage) [][]byte {
			if u.Device.CatalogueNo == "" {
				return nil
			}
			return [][]byte{join(LabelNumberPrefix(u.Device.CatalogueNo), id[:])}
		}},
	} {
		var before [][]byte
		if had {
			before = ix.keys(old)
		}
		w.index(ix.table, before, ix.keys(now))
	}
	w.numbers(old, now, had)
	w.value(Usages, id[:], now)
}

// identities are what a usage is found by: what is recorded now, and what was
// before a correction.
func identities(u trace.Usage) []udi.Device {
	return append([]udi.Device{identity(u.Device)}, u.Was...)
}

// with adds a key that is not there yet.
func with(ks [][]byte, k []byte) [][]byte {
	if slices.ContainsFunc(ks, func(o []byte) bool { return bytes.Equal(o, k) }) {
		return ks
	}
	return append(ks, k)
}
