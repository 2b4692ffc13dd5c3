package trace

import (
	"slices"
	"time"
)

// Product is a row of the catalogue.
type Product struct {
	DI           string     `json:"di" cbor:"1,keyasint"`
	Maker        string     `json:"maker,omitempty" cbor:"2,keyasint,omitempty"`
	MakerAddress string     `json:"maker_address,omitempty" cbor:"3,keyasint,omitempty"`
	Brand        string     `json:"brand,omitempty" cbor:"4,keyasint,omitempty"`
	CatalogueNo  string     `json:"catalogue_no,omitempty" cbor:"5,keyasint,omitempty"`
	Description  string     `json:"description,omitempty" cbor:"6,keyasint,omitempty"`
	Withdrawn    bool       `json:"withdrawn,omitempty" cbor:"7,keyasint,omitempty"`
	Provenance   Provenance `json:"provenance" cbor:"8,keyasint"`
	History      []Stamp    `json:"history" cbor:"9,keyasint"`
	Attributes   Attributes `json:"attributes,omitzero" cbor:"10,keyasint,omitzero"`
	Verified     []string   `json:"verified,omitempty" cbor:"11,keyasint,omitempty"` // fields that a person vouches for
	Vouched      []Vouched  `json:"vouched,omitempty" cbor:"13,keyasint,omitempty"`  // who, for each of them
	Cleared      []string   `json:"-" cbor:"12,keyasint,omitempty"`                  // fields that a correction has emptied, and nobody filled since
	// Authorities are those whose databases of UDIs list it, each once, in their order.
	Authorities []Authority `json:"authorities,omitempty" cbor:"14,keyasint,omitempty"`
}

// Vouched is who has compared a field with the label or the maker's word.
type Vouched struct {
	Field string    `json:"field" cbor:"1,keyasint"`
	Who   string    `json:"who,omitempty" cbor:"2,keyasint,omitempty"` // as it was typed; "": the entry's own actor alone
	At    time.Time `json:"at" cbor:"3,keyasint"`
	Entry EventID   `json:"entry" cbor:"4,keyasint"`
}

// Over is what people said of a product laid over what a catalogue says: what
// they did not say, the catalogue says, unless they have emptied it.
func (p Product) Over(c Product) Product {
	for _, name := range p.Cleared {
		c.clear(name)
	}
	lay(&p.Maker, c.Maker)
	lay(&p.MakerAddress, c.MakerAddress)
	lay(&p.Brand, c.Brand)
	lay(&p.CatalogueNo, c.CatalogueNo)
	lay(&p.Description, c.Description)
	p.Attributes = p.Attributes.Over(c.Attributes)
	p.History = append(slices.Clone(c.History), p.History...)
	p.Authorities = sorted(slices.Concat(c.Authorities, p.Authorities))
	return p
}

// clear empties a field by its name.
func (p *Product) clear(name string) {
	switch name {
	case "maker":
		p.Maker = ""
	case "maker_address":
		p.MakerAddress = ""
	case "brand":
		p.Brand = ""
	case "catalogue_no":
		p.CatalogueNo = ""
	case "description":
		p.Description = ""
	default:
		if f, ok := FieldOf(name); ok {
			_ = f.Set(&p.Attributes, "") // empties; there is nothing to refuse
		}
	}
}

// Say is what is known of a product after a fact.
func (p Product) Say(f ProductFact) Product {
	said := Product{DI: f.DI, Maker: f.Maker, MakerAddress: f.MakerAddress, Brand: f.Brand, CatalogueNo: f.CatalogueNo, Description: f.Description,
		Attributes: f.Attributes}
	vouched := slices.Clone(p.Verified)
	cleared := slices.Clone(p.Cleared)
	for _, name := range f.Amend.Clear {
		p.clear(name)
		cleared = append(cleared, name)
		vouched = slices.DeleteFunc(vouched, func(v string) bool { return v == name })
	}
	// A value that is said anew has to be vouched for anew.
	vouched = slices.DeleteFunc(vouched, func(name string) bool { return said.Value(name) != "" })
	now := said.Over(p)
	now.Withdrawn, now.Provenance, now.History, now.Vouched = p.Withdrawn, p.Provenance, p.History, p.Vouched
	now.Verified = sorted(append(vouched, f.Verified...))
	now.Cleared = sorted(slices.DeleteFunc(cleared, func(name string) bool { return now.Value(name) != "" }))
	return now
}

// sorted gives names in their order, each once; nil for none.
func sorted[S ~string](names []S) []S {
	slices.Sort(names)
	if names = slices.Compact(names); len(names) == 0 {
		return nil
	}
	return names
}

// Value is a field of the product by its name, as text.
func (p Product) Value(name string) string {
	switch name {
	case "maker":
		return p.Maker
	case "maker_address":
		return p.MakerAddress
	case "brand":
		return p.Brand
	case "catalogue_no":
		return p.CatalogueNo
	case "description":
		return p.Description
	}
	if f, ok := FieldOf(name); ok {
		return f.Get(p.Attributes)
	}
	return ""
}

// ProductNames are the fields of a product beside its [Fields], by name, in the
// order of a form.
func ProductNames() []string {
	return []string{"maker", "maker_address", "brand", "catalogue_no", "description"}
}

// Set says a field by its name; an empty value says nothing.
func (f *ProductFact) Set(name, value string) error {
	switch name {
	case "maker":
		f.Maker = value
	case "maker_address":
		f.MakerAddress = value
	case "brand":
		f.Brand = value
	case "catalogue_no":
		f.CatalogueNo = value
	case "description":
		f.Description = value
	default:
		field, ok := FieldOf(name)
		if !ok {
			return Errorf(Invalid, "%q is no field of a product.", clip(name, 40))
		}
		return field.Set(&f.Attributes, value)
	}
	return nil
}
