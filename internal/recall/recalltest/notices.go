package recalltest

// Notice is a notice in the shape of a real one: what it means, and what it
// finds at the least.
type Notice struct {
	Name string
	JSON string
	Has  string // tiers of which History has some, parted by spaces
}

// Notices are synthetic, and in the shape of real ones.
func Notices() []Notice {
	n := func(name, has, criteria string) Notice {
		return Notice{name, `{"references":[{"of":"FSCA","number":"2026-` + name[:2] + `"}],"title":"` + name + `","criteria":` + criteria + `}`, has}
	}
	const all = "confirmed possible"
	return []Notice{
		n("01 every stem", all, `{"di":"09520140001039"}`),
		n("02 one lot", all, `{"di":["09520140001039"],"lot":["K4417B"]}`),
		n("03 a GTIN as the label prints it", all, `{"di":["9520140001039"],"lot":"K4417B"}`),
		n("04 four lots under one code", all, `{"di":["09520140001039"],"lot":["K4401B","K4402B","K4403B","K4404B"]}`),
		n("05 lots by their beginning", all, `{"di":["09520140001039"],"lot":[{"prefix":"NM24-00"}]}`),
		n("06 a range of lots", all, `{"di":["09520140001039"],"lot":[{"from":"K4405B","to":"K4412B"}]}`),
		n("07 a range and lots of another kind", all, `{"di":["09520140001145"],"lot":[{"from":"NM24-0010","to":"NM24-0019"},"K4400B"]}`),
		n("08 lots counted past a hundred", all, `{"di":["09520140001145"],"lot":[{"from":"98","to":"103"}]}`),
		n("09 lots of letters and digits", all, `{"di":["09520140001039"],"lot":[{"from":"A9","to":"AZ"}]}`),
		n("10 one serial number", all, `{"di":["09520140002012"],"serial":["SN-0042"]}`),
		n("11 a range of serial numbers", all, `{"di":["09520140002012"],"serial":[{"from":"SN-0100","to":"SN-0149"}]}`),
		n("12 serial numbers with check letters", all, `{"di":["09520140002012"],"serial":[{"from":"70010A","to":"70099X"}]}`),
		n("13 serial numbers with one letter behind", all, `{"di":["09520140002012"],"serial":[{"from":"SN-0001K","to":"SN-0250K"}]}`),
		n("14 bare serial numbers", all, `{"di":["09520140002012"],"serial":[{"from":"70050","to":"70120"}]}`),
		n("15 lots or serial numbers", all, `{"di":["09520140002012"],"lot":["K4407B"],"serial":[{"from":"SN-0200","to":"SN-0210"}]}`),
		n("16 several products", all, `{"di":["09520140001039","09520140001145","09520140001015"],"lot":["K4411B","K4412B"]}`),
		n("17 each product has its lots", all, `{"any":[{"di":["09520140001039"],"lot":["K4401B"]},{"di":["09520140001145"],"lot":["K4402B","K4403B"]},{"di":["09520140001015"],"lot":[{"prefix":"NM24"}]}]}`),
		n("18 the box of stems", all, `{"di":["19520140001036"],"lot":["K4417B"]}`),
		n("19 a box of mesh, HIBC", all, `{"di":["A99912345"],"lot":["K4420B","K4421B"]}`),
		n("20 by catalogue number", all, `{"catalogue_no":["NM-100-05"]}`),
		n("21 a catalogue number written another way", "possible", `{"catalogue_no":["nm 100 05"]}`),
		n("22 catalogue number and lot", all, `{"catalogue_no":["NM-100-05","NM-210-52"],"lot":["K4409B"]}`),
		n("23 a family", "precautionary", `{"family":[{"brand":"Tarn"}]}`),
		n("24 a family of one maker, by words", "precautionary", `{"family":[{"maker":"Northmoor Orthopaedics","words":"knee posterior"}]}`),
		n("25 a family, and its variants that are not affected", "precautionary", `{"family":[{"brand":"Tarn"}],"except":[{"catalogue_no":["NM-501-L3"]}]}`),
		n("26 lots confirmed and a family besides", "confirmed possible precautionary", `{"any":[{"di":["09520140002029"],"lot":["K4401B","K4402B"]},{"family":[{"brand":"Tarn"}]}]}`),
		n("27 a family in a period", "precautionary", `{"family":[{"brand":"Tarn"}],"implanted":{"from":"2023-01-01","to":"2024-12-31"}}`),
		n("28 used in a period", all, `{"di":["09520140001039"],"implanted":{"from":"2024-01-01","to":"2024-06-30"}}`),
		n("29 used until a day", all, `{"di":["09520140001145"],"implanted":{"to":"2023-03-31"}}`),
		n("30 used since a day", all, `{"di":["09520140001145"],"lot":["K4405B"],"implanted":{"from":"2025-01-01"}}`),
		n("31 made in a period", all, `{"di":["09520140002012"],"made":{"from":"2020-01-01","to":"2021-06-15"}}`),
		n("32 expiring in a period", all, `{"di":["09520140002012"],"expiry":{"from":"2027-01-10","to":"2028-01-20"}}`),
		n("33 made before a day, of some lots", all, `{"di":["09520140001015"],"made":{"to":"2022-12-31"},"lot":[{"prefix":"K44"}]}`),
		n("34 at one theatre, by name", all, `{"di":["09520140001039"],"place":[{"name":"Theatre 4"}]}`),
		n("35 at one theatre, by GLN", all, `{"di":["09520140001039"],"place":[{"gln":"9529900003023"}]}`),
		n("36 all lots but two", all, `{"di":["09520140001145"],"except":[{"lot":["K4417B","K4418B"]}]}`),
		n("37 a range but what was made later", all, `{"di":["09520140002012"],"serial":[{"from":"SN-0000","to":"SN-0299"}],"except":[{"made":{"from":"2023-01-01"}}]}`),
		n("38 a maker's lots, whatever the product", all, `{"maker":["Northmoor Orthopaedics"],"lot":["K4413B"]}`),
		n("39 lots that need both", all, `{"all":[{"di":["09520140002012"]},{"lot":["K4407B","K4408B","K4409B"]},{"serial":[{"prefix":"SN-"}]}]}`),
		n("40 a product that the catalogue does not have", all, `{"di":["09520140002043"],"lot":["K4402B"]}`),
		n("41 amended: the lots of 04 and four more", all, `{"di":["09520140001039"],"lot":["K4401B","K4402B","K4403B","K4404B","K4405B","K4406B","K4407B","K4408B"]}`),
		n("42 amended: the range of 11, extended", all, `{"di":["09520140002012"],"serial":[{"from":"SN-0100","to":"SN-0149"},{"from":"SN-0150","to":"SN-0175"}]}`),
		n("43 nothing that was ever used, but for what nobody recorded", "possible", `{"di":["09520140002067"],"lot":["ZZ-1"]}`),
		n("44 several criteria within another", all, `{"all":[{"any":[{"di":["09520140001039"]},{"di":["09520140001015"]}]},{"any":[{"lot":["K4401B"]},{"made":{"from":"2024-01-01","to":"2024-12-31"}}]}],"except":[{"place":[{"name":"Theatre 7"}]}]}`),
		n("45 a lot with a word in front", all, `{"di":["09520140001039"],"lot":["K4419B"],"serial":["SN-0007"]}`),
		n("46 catalogue numbers of leads, in a period, but some", all, `{"catalogue_no":["HC7001"],"implanted":{"from":"2022-06-01"},"except":[{"serial":[{"from":"SN-0000","to":"SN-0099"}]}]}`),
	}
}
