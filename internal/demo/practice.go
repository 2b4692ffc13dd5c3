package demo

import (
	"slices"

	"implantrace/internal/trace"
)

// PracticeProduct is a product of the hospital that people practise with.
type PracticeProduct struct {
	DI, Maker, Brand, Description, CatalogueNumber string
}

// Practice is what people practise with: somebody who does not exist, one who is
// not that patient, who works here and where, and packs off the shelf. Nothing of it
// changes from day to day, so that a sheet that was printed once stays right.
type Practice struct {
	Wristband, OtherWristband string // behind "]d2"
	Badge, BadgeOf            string
	Place, PlaceIs            string
	Procedure                 trace.Code

	Stem, Head, Shell, Liner, Recalled PracticeProduct
}

// Practise gives it.
func Practise() Practice {
	t, o := teams[joints], operations[1]
	first := func(k kind) PracticeProduct {
		all := catalogued()
		i := slices.IndexFunc(all, func(p product) bool { return p.kind == k && p.maker == makers[1] })
		return practised(all[i])
	}
	all := catalogued()
	recalled := all[slices.IndexFunc(all, func(p product) bool { return p.di == RecallDI })]
	return Practice{
		Wristband: wristband("9990000018") + "\x1d93Practice,Patricia,14-Mar-1951", OtherWristband: wristband("9990000026") + "\x1d93Otherby,Oliver,02-Jul-1948",
		Badge: "8017" + t.assistant[0].badge, BadgeOf: t.assistant[0].name,
		Place: "414" + t.place.gln + "254" + t.place.extension, PlaceIs: t.place.name,
		Procedure: o.code,
		Stem:      first(stem), Head: first(head), Shell: first(cup), Liner: first(liner), Recalled: practised(recalled),
	}
}

func practised(p product) PracticeProduct {
	return PracticeProduct{DI: p.di, Maker: p.maker.name, Brand: p.brand, Description: p.description, CatalogueNumber: p.catalogueNo}
}
