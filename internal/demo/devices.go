package demo

import (
	"fmt"
	"slices"
	"time"

	"implantrace/internal/trace"
)

// The recalled lot was on the shelf from so many days ago to so many.
const recallFrom, recallTo = 900, 420

// operate puts devices into the procedures.
func (h *hospital) operate() {
	recalled := 0
	for i, p := range h.done {
		ago := int(h.now.Sub(p.start).Hours() / 24)
		var first kind = -1
		var stemBy, headOf string
		for _, k := range p.operation.devices {
			product := h.pickFitting(k, stemBy, headOf)
			switch k {
			case stem:
				stemBy = product.maker.name
				if h.isRecallDay(p, ago) {
					stemBy = h.product(RecallDI).maker.name
				}
			case head:
				headOf = product.attributes().Head.String()
			}
			if k == lens || k == mesh || k == first {
				h.spoilt(i, product)
			}
			first = k
			if k == femoral {
				product = h.sided(p.row.Side)
			}
			if k == stem && h.isRecallDay(p, ago) {
				h.recalled(i, recalled)
				recalled++
				continue
			}
			h.use(i, h.take(product, p.start))
		}
	}
	// A lot that nobody has is no demonstration: should the days have fallen
	// badly, the latest operations get it.
	for i := len(h.done) - 1; i >= 0 && recalled < recallUses; i-- {
		if p := h.done[i]; p.row.Code.Code == "W37.1" {
			ago := int(h.now.Sub(p.start).Hours() / 24)
			if ago > recallFrom || ago < recallTo {
				h.swap(i, recalled)
				recalled++
			}
		}
	}
}

// isRecallDay reports whether a procedure fell into the days on which the shelf
// had the recalled lot.
func (h *hospital) isRecallDay(p procedure, ago int) bool {
	return p.row.Code.Code == "W37.1" && ago <= recallFrom && ago >= recallTo
}

// pickFitting picks a product that an ordinary operation would take: a head by
// the maker of the stem for which there is a liner, and a liner of its diameter.
func (h *hospital) pickFitting(k kind, stemBy, headOf string) product {
	for {
		p := h.pick(k)
		a := p.attributes()
		switch {
		case k == head && stemBy != "" && (p.maker.name != stemBy || !h.hasLiner(a.Head.String())):
		case k == liner && headOf != "" && a.Inner.String() != headOf:
		default:
			return p
		}
	}
}

func (h *hospital) hasLiner(diameter string) bool {
	return slices.ContainsFunc(h.products, func(p product) bool { return p.kind == liner && p.attributes().Inner.String() == diameter })
}

// sided is a femoral component for the knee of this side.
func (h *hospital) sided(side trace.Side) product {
	for {
		p := h.pick(femoral)
		if n := len(p.description); p.description[n-len(side):] == string(side) {
			return p
		}
	}
}

// use records a pack as implanted, mostly as its code was read, now and then
// in fields.
func (h *hospital) use(procedure int, k pack) *usage {
	u := usage{procedure: procedure, product: k.product, row: usageRow{Type: "usage", Status: trace.Implanted, Location: h.where(procedure)}}
	switch n := h.rand.IntN(100); {
	case n < 70:
		u.row.Carriers = []carrierRow{{"]d2", k.text()}}
	default:
		u.row.DI, u.row.Lot, u.row.Serial, u.row.Expiry = k.product.di, k.lot, k.serial, k.expiry.Format(time.DateOnly)
		if n >= 98 && k.product.di != RecallDI {
			u.row.Lot = "" // nobody wrote it down
		}
		if n < 75 {
			u.row.Expiry = k.expiry.Format("2006-01")
		}
	}
	if h.rand.IntN(100) < 3 {
		u.row.Status = "" // nobody said what became of it
	}
	h.used = append(h.used, u)
	return &h.used[len(h.used)-1]
}

func (h *hospital) where(procedure int) string {
	p := h.done[procedure]
	if p.row.Side == trace.SideLeft || p.row.Side == trace.SideRight {
		return fmt.Sprint(p.row.Side, " ", p.operation.location)
	}
	return p.operation.location
}

// spoilt now and then takes a pack that does not go into the patient.
func (h *hospital) spoilt(procedure int, p product) {
	if h.rand.IntN(100) >= 12 {
		return
	}
	u := h.use(procedure, h.take(p, h.done[procedure].start))
	u.row.Status = []trace.Status{trace.NotUsed, trace.Wasted, trace.Returned}[h.rand.IntN(3)]
	u.row.Location = ""
}

const recallUses = 9

// recalled puts a stem of the recalled product into a procedure. Most have the
// recalled lot; some have no lot at all, one the lot in other writing, and one
// was opened and not used.
func (h *hospital) recalled(procedure, nth int) {
	u := h.use(procedure, h.recalledPack())
	u.row.Status = trace.Implanted
	h.vary(u, nth)
	if u.row.Status != trace.Implanted {
		h.use(procedure, h.take(h.product(RecallDI), h.done[procedure].start)).row.Status = trace.Implanted
	}
}

func (h *hospital) vary(u *usage, nth int) {
	expiry := h.recalledPack().expiry.Format(time.DateOnly)
	switch nth {
	case 3, 6:
		u.row.Carriers, u.row.DI, u.row.Lot, u.row.Expiry = nil, RecallDI, "", expiry
	case 5:
		u.row.Carriers, u.row.DI, u.row.Lot, u.row.Expiry = nil, RecallDI, recallWriting, expiry
	case 7:
		u.row.Status, u.row.Location = trace.NotUsed, ""
	}
}

// swap makes the stem of a procedure a recalled one.
func (h *hospital) swap(procedure, nth int) {
	for i := range h.used {
		u := &h.used[i]
		if u.procedure != procedure || u.product.kind != stem {
			continue
		}
		h.refit(procedure)
		u.product = h.product(RecallDI)
		u.row.DI, u.row.Lot, u.row.Serial, u.row.Expiry = "", "", "", ""
		u.row.Carriers, u.row.Status = []carrierRow{{"]d2", h.recalledPack().text()}}, trace.Implanted
		if nth != 7 { // that one would leave the patient without a stem
			h.vary(u, nth)
		}
		return
	}
}

// refit gives the other components of a hip that a stem of the recalled product
// goes with.
func (h *hospital) refit(procedure int) {
	by := h.product(RecallDI).maker.name
	for _, k := range []kind{head, liner} {
		for i := range h.used {
			u := &h.used[i]
			if u.procedure != procedure || u.product.kind != k {
				continue
			}
			fitting := h.pickFitting(k, by, "32 mm")
			if fitting.di == u.product.di {
				continue
			}
			status, location := u.row.Status, u.row.Location
			u.product = fitting
			u.row = usageRow{Type: "usage", Status: status, Location: location, Carriers: []carrierRow{{"]d2", h.take(fitting, h.done[procedure].start).text()}}}
		}
	}
}

func (h *hospital) recalledPack() pack {
	made := h.now.AddDate(0, 0, -recallFrom-60)
	return pack{product: h.product(RecallDI), lot: RecallLot, made: made, expiry: made.AddDate(10, 0, 0)}
}

func (h *hospital) product(di string) product {
	for _, p := range h.products {
		if p.di == di {
			return p
		}
	}
	panic("demo: the catalogue has no " + di) // a constant of this package
}
