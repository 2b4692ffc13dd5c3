package demo

import (
	"fmt"
	"time"

	"implantrace/internal/udi"
)

// supply is what the shelf holds of one product: a lot until it is used up or
// too old.
type supply struct {
	lot    string
	made   time.Time
	left   int
	serial int
}

// pack is one pack off the shelf.
type pack struct {
	product      product
	lot, serial  string
	made, expiry time.Time
}

// take takes a pack off the shelf on a day. Lots have 5 to 50 packs.
func (h *hospital) take(p product, day time.Time) pack {
	s := h.supplies[p.di]
	if s == nil {
		s = &supply{serial: 100000 + h.rand.IntN(800000)}
		h.supplies[p.di] = s
	}
	shelf := time.Duration(p.shelf) * 365 * 24 * time.Hour
	if s.left == 0 || day.Sub(s.made) > shelf*3/4 {
		s.left = 5 + h.rand.IntN(46)
		s.made = day.AddDate(0, 0, -30-h.rand.IntN(150))
		s.lot = fmt.Sprintf("%c%04d%c", 'A'+rune(h.rand.IntN(8)), h.rand.IntN(10000), 'A'+rune(h.rand.IntN(26)))
	}
	s.left--
	k := pack{product: p, made: s.made, expiry: s.made.AddDate(p.shelf, 0, 0)}
	if p.lot {
		k.lot = s.lot
	}
	if p.serial {
		s.serial += 1 + h.rand.IntN(40)
		k.serial = fmt.Sprintf("SN%06d", s.serial)
	}
	return k
}

// text is the Data Matrix of the pack, as a scanner sends it behind "]d2".
func (k pack) text() string {
	s := "01" + k.product.di + "11" + k.made.Format("060102") + "17" + k.expiry.Format("060102")
	if k.lot != "" {
		s += "10" + k.lot
		if k.serial != "" {
			s += "\x1d"
		}
	}
	if k.serial != "" {
		s += "21" + k.serial
	}
	return s
}

// wristband is the text of a patient's wristband behind "]d2" or "]C1".
func wristband(nhs udi.NHSNumber) string { return "8018" + wristbandGSRN(nhs) }
