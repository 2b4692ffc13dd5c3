package record

import "implantrace/internal/trace"

func foldProduct(about []trace.Entry) trace.Product {
	var p trace.Product
	for _, e := range about {
		f := e.Fact.(trace.ProductFact)
		for _, name := range f.Amend.Clear {
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
			}
		}
		p.DI = f.DI
		set(&p.Maker, f.Maker)
		set(&p.MakerAddress, f.MakerAddress)
		set(&p.Brand, f.Brand)
		set(&p.CatalogueNo, f.CatalogueNo)
		set(&p.Description, f.Description)
		p.Withdrawn = withdrawn(p.Withdrawn, f.Amend)
		p.Provenance = e.Provenance
		p.History = append(p.History, amended(stamp(e), f.Amend))
	}
	return p
}
