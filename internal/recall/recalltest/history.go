package recalltest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// Day is about when the history ends.
var Day = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// Products of a maker and its rival. Of the last two the catalogue knows nothing.
var (
	Stem      = "09520140001039"
	StemBox   = "19520140001036" // of stems: another indicator
	Cup       = "09520140001145"
	Head      = "09520140001015"
	Lead      = "09520140002012"
	Knee      = "09520140002029"
	KneePlus  = "09520140002036"
	Mesh      = "A99912340" // HIBC, the unit
	MeshBox   = "A99912345" // the box of them
	Unlisted  = "09520140002043"
	Unlisted2 = "09520140002050"
)

// Catalogue is what the hospital knows of its products.
func Catalogue() map[string]Product {
	all := map[string]Product{}
	for _, p := range []Product{
		{Stem, "Northmoor Orthopaedics", "Fellside", "NM-100-05", "Femoral stem, cementless, size 5"},
		{Cup, "Northmoor Orthopaedics", "Fellside Cup", "NM-210-52", "Acetabular cup, 52 mm"},
		{Head, "Northmoor Orthopaedics", "Ridge", "NM-300-32", "Femoral head, ceramic, 32 mm"},
		{Lead, "Harrowgate Cardiac", "Pulse", "HC7001", "Pacing lead, bipolar, 52 cm"},
		{Knee, "Northmoor Orthopaedics", "Tarn", "NM-500-L3", "Knee femoral component, left, size 3"},
		{KneePlus, "Northmoor Orthopaedics", "Tarn Plus", "NM-501-L3", "Knee femoral component, posterior stabilised, left, size 3"},
		{Mesh, "Sallow Surgical", "Weft", "SW-15", "Hernia mesh, 15 by 15 cm"},
	} {
		all[p.DI] = p
	}
	return all
}

// pick is one of several.
func pick[T any](r *rand.Rand, of ...T) T { return of[r.IntN(len(of))] }

// History draws the usages of a hospital: always the same for one seed.
func History(seed uint64, n int) []Usage {
	r := rand.New(rand.NewPCG(seed, 9))
	products := []string{Stem, Stem, Stem, StemBox, Cup, Head, Lead, Lead, Knee, KneePlus, Mesh, MeshBox, Unlisted, Unlisted2}
	lots := func(di string) string {
		switch r.IntN(12) {
		case 0:
			return ""
		case 1:
			return fmt.Sprintf("k-44%02d-b", r.IntN(30))
		case 2:
			return fmt.Sprintf("K44%02dB21SN%d", r.IntN(30), r.IntN(100))
		case 3:
			return fmt.Sprintf("NM24-%04d", r.IntN(40))
		case 4:
			return fmt.Sprintf("nm24%04d", r.IntN(40))
		case 5:
			return fmt.Sprintf("%d", 98+r.IntN(10))
		case 6:
			return fmt.Sprintf("A%c", pick(r, '8', '9', 'A', 'Z', 'a'))
		case 7:
			return strings.NewReplacer("0", "O", "1", "I").Replace(fmt.Sprintf("K44%02dB", r.IntN(30)))
		}
		return fmt.Sprintf("K44%02dB", r.IntN(30))
	}
	serials := func() string {
		n := r.IntN(300)
		switch r.IntN(10) {
		case 0:
			return ""
		case 1:
			return fmt.Sprintf("SN-%d", n)
		case 2:
			return fmt.Sprintf("sn%04d", n)
		case 3:
			return fmt.Sprintf("SN-%04d%c", n, pick(r, 'A', 'K', 'O'))
		case 4:
			return fmt.Sprintf("%d%c", 70000+n, pick(r, 'A', 'C', 'X'))
		case 5:
			return fmt.Sprintf("%d", 70000+n)
		}
		return fmt.Sprintf("SN-%04d", n)
	}
	day := func(from, days int) time.Time { return Day.AddDate(0, 0, from+r.IntN(days)) }
	var all []Usage
	var p Usage
	for i := range n {
		if i%4 == 0 {
			p = Usage{Procedure: fmt.Sprintf("procedure %d", i/4), Patient: fmt.Sprintf("patient %d", i/5), Start: day(-1500, 1500).Add(time.Duration(r.IntN(600)) * time.Minute)}
			p.End = p.Start.Add(time.Duration(30+r.IntN(300)) * time.Minute)
			place := pick(r, [2]string{"9529900003016", "Theatre 4"}, [2]string{"", "Theatre 4"}, [2]string{"9529900003023", "Theatre 7"}, [2]string{"9529900003023", ""}, [2]string{"", ""})
			p.PlaceGLN, p.Place = place[0], place[1]
		}
		u := p
		if r.IntN(40) == 0 {
			u = Usage{} // in no procedure that the record has
		}
		u.ID = fmt.Sprintf("usage %d", i)
		di := pick(r, products...)
		u.Device = Identity{di, lots(di), serials()}
		if r.IntN(25) == 0 {
			u.Device.DI = ""
		}
		u.Status = pick(r, "implanted", "implanted", "implanted", "implanted", "explanted", "opened-not-used", "wasted", "returned", "trial", "checked", "opened")
		u.By = pick(r, "scanned", "scanned", "scanned", "scanned", "typed", "imported")
		u.Damaged = r.IntN(30) == 0
		u.WasImplanted = u.Status == "implanted"
		u.Occurred = u.Start.Add(time.Duration(r.IntN(200)) * time.Minute)
		if u.Procedure == "" {
			u.Occurred = day(-1500, 1500)
		}
		if r.IntN(3) > 0 {
			u.Expiry = day(-200, 1500).Format(pick(r, time.DateOnly, "2006-01"))
		}
		if r.IntN(3) > 0 {
			u.Made = day(-2500, 900).Format(pick(r, time.DateOnly, time.DateOnly, "2006-01"))
		}
		if r.IntN(20) == 0 {
			u.CatalogueNo = pick(r, "NM-100-05", "nm10005", "HC7001", "XX-1")
		}
		if r.IntN(30) == 0 {
			u.Before = append(u.Before, u.Device)
			u.Device.Lot, u.By = lots(di), "typed"
			if u.Device.Lot == "" || u.Device == u.Before[0] || u.Before[0].Lot == "" {
				u.Device, u.Before = u.Before[0], nil
			}
		}
		u.Withdrawn = r.IntN(50) == 0
		all = append(all, u)
	}
	return all
}

// UsageID is the record's id of a usage.
func UsageID(name string) trace.UsageID { return trace.NamedID[trace.OfUsage]("recalltest", name) }

// Fill records usages, and the catalogue, in a store.
func Fill(ctx context.Context, s trace.Store, products map[string]Product, usages []Usage) error {
	var batch []trace.Command
	add := func(drafts ...trace.Draft) {
		id := trace.NewEventID()
		batch = append(batch, trace.Command{ID: id, Canonical: id[:], By: trace.Actor{Via: "test"}, Drafts: drafts})
	}
	flush := func(most int) error {
		if len(batch) < most {
			return nil
		}
		results, err := s.Append(ctx, batch...)
		for i := 0; err == nil && i < len(results); i++ {
			err = results[i].Err
		}
		batch = nil
		return err
	}
	for _, p := range products {
		add(trace.Draft{Provenance: trace.Typed, Fact: trace.ProductFact{DI: p.DI, Maker: p.Maker, Brand: p.Brand, CatalogueNo: p.CatalogueNo, Description: p.Description}})
	}
	there := map[string]bool{}
	for _, u := range usages {
		var drafts []trace.Draft
		patient := trace.NamedID[trace.OfPatient]("recalltest", u.Patient)
		procedure := trace.NamedID[trace.OfProcedure]("recalltest", u.Procedure)
		if u.Patient != "" && !there[u.Patient] {
			there[u.Patient] = true
			drafts = append(drafts, trace.Draft{Provenance: trace.Scanned, Fact: trace.PatientFact{Patient: patient}, Subject: patient, Secret: &trace.Secret{Family: "Testwell", Given: u.Patient}})
		}
		if u.Procedure != "" && !there[u.Procedure] {
			there[u.Procedure] = true
			drafts = append(drafts, trace.Draft{Provenance: trace.Scanned, Occurred: u.Start, Fact: trace.ProcedureFact{Procedure: procedure, Patient: patient,
				Start: u.Start, End: u.End, Place: trace.Place{GLN: u.PlaceGLN, Name: u.Place}, Code: trace.Code{Text: "Operation"}}})
		}
		first, by := u.Device, u.By
		if len(u.Before) > 0 {
			first, by = u.Before[0], "scanned"
		}
		f := trace.UsageFact{Usage: UsageID(u.ID), Status: trace.Status(u.Status), Damaged: u.Damaged, Device: udi.Device{DI: first.DI, Lot: first.Lot, Serial: first.Serial,
			CatalogueNo: u.CatalogueNo, Manufactured: date(u.Made), Expiry: date(u.Expiry)}}
		if u.WasImplanted && u.Status != "implanted" {
			f.Status = trace.Implanted
		}
		if u.Procedure != "" {
			f.Procedure = procedure
		}
		drafts = append(drafts, trace.Draft{Provenance: trace.Provenance(by), Occurred: u.Occurred, Fact: f})
		for _, is := range append(u.Before[min(1, len(u.Before)):], u.Device) {
			if len(u.Before) > 0 {
				drafts = append(drafts, trace.Draft{Provenance: trace.Provenance(u.By), Occurred: u.Occurred, Fact: amended(u, is)})
			}
		}
		if f.Status != trace.Status(u.Status) {
			drafts = append(drafts, trace.Draft{Provenance: trace.Typed, Occurred: u.Occurred, Fact: trace.UsageFact{Usage: UsageID(u.ID), Status: trace.Status(u.Status)}})
		}
		if u.Withdrawn {
			drafts = append(drafts, trace.Draft{Provenance: trace.Typed, Occurred: u.Occurred, Fact: trace.UsageFact{Usage: UsageID(u.ID), Amend: trace.Amend{Withdraw: true}}})
		}
		add(drafts...)
		if err := flush(500); err != nil {
			return err
		}
	}
	return flush(1)
}

// amended is the correction that makes a usage another device.
func amended(u Usage, is Identity) trace.UsageFact {
	f := trace.UsageFact{Usage: UsageID(u.ID), Device: udi.Device{DI: is.DI, Lot: is.Lot, Serial: is.Serial}}
	if is.Lot == "" {
		f.Amend.Clear = append(f.Amend.Clear, "lot")
	}
	if is.Serial == "" {
		f.Amend.Clear = append(f.Amend.Clear, "serial")
	}
	return f
}

// date is a day, or the last day of a month.
func date(s string) udi.Date {
	if len(s) != len("2006-01") {
		if s == "" {
			return udi.Date{}
		}
		return udi.Date{Day: s, Precision: udi.PrecisionDay}
	}
	t, _ := time.Parse("2006-01", s)
	return udi.Date{Day: t.AddDate(0, 1, -1).Format(time.DateOnly), Precision: udi.PrecisionMonth}
}
