package demo

// maker is an invented maker.
type maker struct {
	number        int // under the prefix
	name, address string
}

var makers = []maker{
	{140, "Northmoor Orthopaedics", "4 Tannery Row, Northmoor NX4 2QQ"},
	{171, "Calder & Wye Joints", "Wye Works, Calderfold CW1 9ZZ"},
	{208, "Ashlar Optics", "The Lens House, Ashlar AS7 0XX"},
	{233, "Tarn Cardiac", "12 Tarnside, Eskmere EK2 5YY"},
	{289, "Brackendale Surgical", "Unit 3, Brackendale Mill BD8 1QZ"},
}

// kind is what a product is for.
type kind int

const (
	stem kind = iota
	head
	cup
	liner
	screw
	femoral
	tibial
	insert
	lens
	pacemaker
	lead
	mesh
)

// product is an item of the catalogue.
type product struct {
	kind        kind
	maker       maker
	di          string
	brand       string
	catalogueNo string
	description string
	shelf       int  // years from making to expiry
	serial      bool // each piece has its own number
	lot         bool
}

// line is a product in its sizes.
type line struct {
	kind        kind
	maker       int // index
	brand, code string
	description string
	sizes       []string
	shelf       int
	serial, lot bool
}

var lines = []line{
	{stem, 0, "Fellside", "FS", "Femoral stem, cemented, polished taper", []string{"37.5 mm offset, size 1", "44 mm offset, size 2", "44 mm offset, size 3"}, 10, false, true},
	{stem, 1, "Ryeholm", "RH", "Femoral stem, uncemented, hydroxyapatite coated", []string{"size 10", "size 12"}, 10, false, true},
	{head, 0, "Fellside", "FH", "Femoral head, cobalt chrome", []string{"28 mm", "32 mm"}, 10, false, true},
	{head, 1, "Ryeholm Ceramic", "RC", "Femoral head, ceramic", []string{"32 mm", "36 mm"}, 8, false, true},
	{cup, 1, "Scarth", "SC", "Acetabular shell, porous", []string{"50 mm", "52 mm", "54 mm"}, 10, false, true},
	{liner, 1, "Scarth", "SL", "Acetabular liner, cross-linked polyethylene", []string{"32 mm neutral", "36 mm neutral", "32 mm lipped"}, 5, false, true},
	{screw, 0, "Fellside", "SW", "Cancellous bone screw 6.5 mm", []string{"20 mm", "25 mm", "30 mm"}, 10, false, true},
	{femoral, 0, "Dunmallet", "DF", "Femoral component, cruciate retaining", []string{"size 4 left", "size 4 right", "size 5 left", "size 5 right"}, 10, false, true},
	{tibial, 0, "Dunmallet", "DT", "Tibial tray, cemented", []string{"size 3", "size 4"}, 10, false, true},
	{insert, 0, "Dunmallet", "DI", "Tibial insert, polyethylene", []string{"9 mm", "10 mm", "12 mm"}, 5, false, true},
	{lens, 2, "Clearwater", "CW", "Intraocular lens, hydrophobic acrylic", []string{"+19.5 D", "+20.0 D", "+20.5 D", "+21.0 D", "+21.5 D", "+22.0 D"}, 4, true, false},
	{pacemaker, 3, "Becksure", "BS", "Implantable pulse generator", []string{"single chamber", "dual chamber"}, 2, true, true},
	{lead, 3, "Becklead", "BL", "Pacing lead, active fixation", []string{"52 cm", "58 cm"}, 3, true, true},
	{mesh, 4, "Fernlight", "FM", "Hernia mesh, polypropylene, lightweight", []string{"6 x 11 cm", "10 x 15 cm", "15 x 15 cm"}, 5, false, true},
}

// catalogued lists every product; its order never changes.
func catalogued() []product {
	var all []product
	for i, l := range lines {
		for j, size := range l.sizes {
			m := makers[l.maker]
			item := 100*(i+1) + j + 1
			all = append(all, product{kind: l.kind, maker: m, di: gtin(m.number, item), brand: l.brand,
				catalogueNo: l.code + "-" + string(rune('1'+j)), description: l.description + ", " + size, shelf: l.shelf, serial: l.serial, lot: l.lot})
		}
	}
	return all
}
