package demo

import (
	"iter"
	"math/rand/v2"
	"time"

	"implantrace/internal/trace"
)

// labels are what is scanned in one operation after the other, without an end:
// a wristband, the place, staff, then devices. In each there is a device past
// its expiry or one whose check digit is wrong, and the right one after it.
// Dates are relative to clock, so that the labels are always fresh. Every text
// begins with its AIM identifier.
func labels(seed int64, clock trace.Clock) iter.Seq[string] {
	return func(yield func(string) bool) {
		r := rand.New(rand.NewPCG(uint64(seed), 0x1d)) // the patients of Rows
		h := hospital{now: clock().UTC(), rand: r, products: catalogued(), supplies: make(map[string]*supply)}
		h.patients = patients(r, patientCount, h.now)
		for n := 0; ; n++ {
			h.now = clock().UTC()
			for _, text := range h.theatre(n) {
				if !yield(text) {
					return
				}
			}
		}
	}
}

// theatre is what is scanned in the nth operation.
func (h *hospital) theatre(n int) []string {
	o := operations[[]int{0, 3, 4, 2, 5}[n%5]]
	t, p := teams[o.specialty], h.patients[(7*n)%len(h.patients)]
	symbology := "]d2"
	if n%2 == 1 {
		symbology = "]C1" // the linear code at the wristband's edge
	}
	scans := []string{
		symbology + wristband(p.nhs),
		"]C1" + "414" + t.place.gln + "254" + t.place.extension,
		"]d2" + "8017" + t.surgeons[n%len(t.surgeons)].badge,
		"]d2" + "8017" + t.scrub[n%len(t.scrub)].badge,
	}
	for i, k := range o.devices {
		if i == 0 && n%2 == 0 {
			scans = append(scans, "]d2"+h.expired(h.pick(k)).text())
		}
		if i == len(o.devices)-1 && n%3 != 1 {
			scans = append(scans, "]d2"+misprinted(h.take(h.pick(k), h.now)))
		}
		if k == stem && n%2 == 1 || n == 0 && k == stem {
			scans = append(scans, "]d2"+h.onShelf().text())
			continue
		}
		scans = append(scans, "]d2"+h.take(h.pick(k), h.now).text())
	}
	return scans
}

// expired is a pack that was left on the shelf.
func (h *hospital) expired(p product) pack {
	k := h.take(p, h.now)
	k.expiry = h.now.AddDate(0, -1, -3)
	k.made = k.expiry.AddDate(-p.shelf, 0, 0)
	return k
}

// misprinted is a label whose GTIN has a wrong check digit.
func misprinted(k pack) string {
	text := []byte(k.text())
	last := len("01") + len(k.product.di) - 1
	text[last] = '0' + (text[last]-'0'+1)%10
	return string(text)
}

// onShelf is a pack of the recalled lot that nobody has taken away.
func (h *hospital) onShelf() pack {
	k := h.recalledPack()
	if min := h.now.AddDate(1, 0, 0); k.expiry.Before(min) {
		k.expiry = min.Truncate(24 * time.Hour)
	}
	return k
}
