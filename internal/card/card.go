package card

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"

	"implantrace/gs1"
	"implantrace/internal/symbol"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// Institution is where the device was implanted.
type Institution struct{ Name, Address string }

// Card is what a patient is given about one procedure.
type Card struct {
	Title       string
	Patient     string // as the name is said: given, family
	Birth       string // YYYY-MM-DD
	Number      string // NHS number in groups, or the local number; "" where neither is recorded
	Institution Institution
	Day         string // of the implantation, YYYY-MM-DD; "" where it is not recorded
	Implants    []Implant
	Exempt      []string // devices that need no card (article 18(3)), by name
	Lacks       []string // what the card should say and the record does not, a sentence each
}

// Implant is one device.
type Implant struct {
	Name, Type          string
	Maker, Address      string
	Website             string
	CatalogueNo         string
	Lot, Serial, Expiry string
	Site, Side, MRI     string
	HRF                 string // human readable form of the UDI
	Symbol              symbol.Matrix
	Drawn               bool // there is a symbol
	Quantity            string
}

// kinds are what sort of device a patient is told it is.
var kinds = map[trace.ProductKind]string{
	trace.KindStem: "Hip stem", trace.KindHead: "Hip head", trace.KindCup: "Hip cup", trace.KindLiner: "Liner of a hip cup",
	trace.KindFemoral: "Femoral part of a knee", trace.KindTibial: "Tibial part of a knee", trace.KindInsert: "Bearing of a knee", trace.KindPatella: "Kneecap part",
	trace.KindCement: "Bone cement", trace.KindLens: "Lens of the eye", trace.KindGenerator: "Pulse generator", trace.KindLead: "Lead",
	trace.KindValve: "Heart valve", trace.KindStent: "Stent", trace.KindMesh: "Mesh", trace.KindBreast: "Breast implant",
}

// exempt are the kinds that need no card: all that article 18(3) of Regulation (EU)
// 2017/745 names. A kind counts where the product list has it; words of a description
// do not, so that a device of which nobody said the kind has a card.
func exempt(k trace.ProductKind) bool {
	switch k {
	case trace.KindSuture, trace.KindStaple, trace.KindFilling, trace.KindBrace, trace.KindCrown, trace.KindScrew, trace.KindWedge, trace.KindPlate,
		trace.KindWire, trace.KindPin, trace.KindClip, trace.KindConnector:
		return true
	}
	return false
}

// mri says what the label says of magnetic resonance.
var mri = map[trace.MRI]string{
	trace.MRISafe: "MR safe", trace.MRIConditional: "MR conditional: ask before a scan", trace.MRIUnsafe: "MR unsafe: no MRI scan", trace.MRINotStated: "The label says nothing of MRI",
}

// Of makes the card of a procedure. zone is where its day begins.
func Of(p trace.ProcedureInFull, at Institution, zone *time.Location) Card {
	who := p.Identity
	c := Card{Title: "Implant card", Birth: who.Birth, Institution: at,
		Patient: strings.TrimSpace(who.Given + " " + who.Family), Number: cmp.Or(udi.NHSNumber(who.NHSNumber).String(), who.LocalNumber)}
	if !p.Procedure.Start.IsZero() {
		c.Day = p.Procedure.Start.In(zone).Format(time.DateOnly)
	}
	lack := func(missing bool, format string, args ...any) {
		if missing {
			c.Lacks = append(c.Lacks, fmt.Sprintf(format, args...))
		}
	}
	lack(c.Patient == "", "The patient's name is not recorded.")
	lack(c.Day == "", "The day of the operation is not recorded.")
	lack(at.Name == "", "The hospital's name is not known here.")
	lack(at.Address == "", "The hospital's address is not known here.")
	for _, u := range p.Usages {
		if u.Usage.Withdrawn || u.Usage.InPatient() != "yes" {
			continue
		}
		name := nameOf(u)
		if exempt(u.Product.Attributes.Kind) {
			c.Exempt = append(c.Exempt, name)
			continue
		}
		i := implant(u, p.Procedure.Side)
		c.Implants = append(c.Implants, i)
		lack(i.Maker == "", "The maker of %s is not known.", name)
		lack(i.Address == "", "The address of the maker of %s is not known.", name)
		lack(i.Website == "", "The website for patients of %s is not known.", name)
		lack(i.Lot+i.Serial == "", "Neither a lot nor a serial number is recorded of %s.", name)
		lack(u.Usage.Device.DI == "", "The device identifier of %s is not recorded.", name)
		lack(i.MRI == "", "Whether %s may go into an MRI scanner is not known.", name)
		lack(!i.Drawn, "The code of %s cannot be drawn: what is recorded makes no whole code.", name)
		lack(u.Usage.Damaged, "The code of %s was damaged when it was read: compare the card with the label.", name)
	}
	return c
}

func nameOf(u trace.UsageInFull) string {
	return cmp.Or(u.Product.Brand, u.Product.Description, u.Usage.Described, u.Usage.Device.DI, "a device without an identifier")
}

func implant(u trace.UsageInFull, of trace.Side) Implant {
	d, a := u.Usage.Device, u.Product.Attributes
	side := cmp.Or(u.Usage.Side, of)
	if side == trace.SideNone {
		side = ""
	}
	i := Implant{
		Name: nameOf(u), Type: cmp.Or(kinds[a.Kind], u.Product.Description), Maker: u.Product.Maker, Address: u.Product.MakerAddress, Website: a.Website,
		CatalogueNo: cmp.Or(d.CatalogueNo, u.Product.CatalogueNo), Lot: d.Lot, Serial: d.Serial, Expiry: d.Expiry.String(),
		Site: u.Usage.Location, Side: string(side), MRI: mri[a.MRI], HRF: d.HRF(), Quantity: d.Quantity,
	}
	if i.Type == i.Name {
		i.Type = ""
	}
	i.Symbol, i.Drawn = drawn(u.Usage)
	return i
}

// drawn is the code of a usage: of a GS1 device, its identifiers as one GS1
// DataMatrix; of another, the barcode that was read, if it says the device whole.
func drawn(u trace.Usage) (m symbol.Matrix, ok bool) {
	if u.Device.DI == "" {
		return m, false
	}
	if u.Device.Agency == udi.AgencyGS1 {
		r := gs1.Parse(u.Device.HRF(), gs1.Options{Now: u.Occurred})
		if !r.Valid() || r.ElementString() == "" {
			return m, false
		}
		m, err := symbol.GS1(r.ElementString())
		return m, err == nil
	}
	for _, c := range u.Carriers {
		said := udi.Understand(c.Text, u.Occurred).Device
		if said.DI != u.Device.DI || said.Lot != u.Device.Lot || said.Serial != u.Device.Serial {
			continue
		}
		if m, err := symbol.Plain(c.Text); err == nil {
			return m, true
		}
	}
	return m, false
}

// ErrNoImplant means that no device of the procedure needs a card.
var ErrNoImplant = errors.New("no implanted device that needs a card is recorded in this procedure")
