package udi_test

import (
	"testing"
	"time"

	"implantrace/internal/udi"
)

// UDIs that were found in the world, by where they stood (issues of parsers,
// photographs, guidance), with what they say. Those that are damaged give the
// values that are certain, and a flag.
func TestUDIStringsFoundInTheWorld(t *testing.T) {
	now := time.Date(2020, 6, 1, 0, 0, 0, 0, time.UTC)
	day := func(d string) udi.Date { return udi.Date{Day: d, Precision: udi.PrecisionDay} }
	month := func(d string) udi.Date { return udi.Date{Day: d, Precision: udi.PrecisionMonth} }
	for _, c := range []struct {
		name, in string
		want     udi.Device
		damaged  bool
	}{
		{"biip 296", "0104062102661738112401241727072410S230091624\x1d2400523000302NNN003",
			udi.Device{DI: "04062102661738", Manufactured: day("2024-01-24"), Expiry: day("2027-07-24"), Lot: "S230091624", CatalogueNo: "0523000302NNN003"}, false},
		{"brackets, own field", "(01)09001432002380(21)5ahbhn(93)lMv9", udi.Device{DI: "09001432002380", Serial: "5ahbhn"}, false},
		{"brackets, all", "(01)09506000117843(11)141231(17)201231(10)1234AB(21)5678CD",
			udi.Device{DI: "09506000117843", Manufactured: day("2014-12-31"), Expiry: day("2020-12-31"), Lot: "1234AB", Serial: "5678CD"}, false},
		{"a lot with a point", "(01)00643169358430(10)3.6A", udi.Device{DI: "00643169358430", Lot: "3.6A"}, false},
		{"serial last", "01006139947416081719011421NWU092663G", udi.Device{DI: "00613994741608", Expiry: day("2019-01-14"), Serial: "NWU092663G"}, false},
		{"lot with zeros in front", "010064316926546217191212100008918409", udi.Device{DI: "00643169265462", Expiry: day("2019-12-12"), Lot: "0008918409"}, false},
		{"lot, GS, expiry, serial", "0108025153000365101096438\x1d172206172155H02AE137",
			udi.Device{DI: "08025153000365", Lot: "1096438", Expiry: day("2022-06-17"), Serial: "55H02AE137"}, false},
		{"variant first, national number last", "]d220BL0103574661451947301\x1d9915489\x1d9815647\x1d24040600199T\x1d71025862471",
			udi.Device{DI: "03574661451947", Quantity: "1", CatalogueNo: "40600199T"}, true},
		{"pack of packs", "0110304094903115101724847.1\x1d1721033121118165795226",
			udi.Device{DI: "10304094903115", Lot: "1724847.1", Expiry: day("2021-03-31"), Serial: "118165795226"}, false},
		{"best before", "]C1011234567890123115991231", udi.Device{DI: "12345678901231", BestBefore: day("1999-12-31")}, false},
		{"framed by CR LF", "]d20108025153000365101096438\x1d172206172155H02AE137\r\n",
			udi.Device{DI: "08025153000365", Lot: "1096438", Expiry: day("2022-06-17"), Serial: "55H02AE137"}, false},
		{"framed by STX ETX", "\x02]d20108025153000365101096438\x1d172206172155H02AE137\x03",
			udi.Device{DI: "08025153000365", Lot: "1096438", Expiry: day("2022-06-17"), Serial: "55H02AE137"}, false},
		{"a GS behind the last", "0108025153000365101096438\x1d172206172155H02AE137\x1d",
			udi.Device{DI: "08025153000365", Lot: "1096438", Expiry: day("2022-06-17"), Serial: "55H02AE137"}, false},
		{"secondary symbol alone", "1720090010171011", udi.Device{Expiry: month("2020-09-30"), Lot: "171011"}, false},

		{"a doubled GS", "0108025153000365101096438\x1d\x1d172206172155H02AE137",
			udi.Device{DI: "08025153000365", Lot: "1096438", Expiry: day("2022-06-17"), Serial: "55H02AE137"}, false},
		{"a GS in front", "\x1d01070356200521631523080710230710", udi.Device{DI: "07035620052163", BestBefore: day("2023-08-07"), Lot: "230710"}, false},
		{"a lost separator, lot too long", "01108573260055401721102910A1905221042920115956137", udi.Device{DI: "10857326005540", Expiry: day("2021-10-29")}, true},
		{"a lost separator, serial too long", "0100304720400301211006155205193317210228101012131", udi.Device{DI: "00304720400301"}, true},
		{"a lost separator, lot not too long", "010500045611225310COV010917220901", udi.Device{DI: "05000456112253"}, true},
		{"a backslash and F in place of GS", "010500045611225310COV0109\\F17220901", udi.Device{DI: "05000456112253", Lot: "COV0109", Expiry: day("2022-09-01")}, false},
		{"a bar in place of GS", "0108025153000365101096438|172206172155H02AE137",
			udi.Device{DI: "08025153000365", Lot: "1096438", Expiry: day("2022-06-17"), Serial: "55H02AE137"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.want.Agency = udi.AgencyGS1
			m := udi.Understand(c.in, now)
			if m.Kind != udi.KindDevice || m.Device != c.want || m.Damaged() != c.damaged {
				t.Errorf("kind %s, damaged %v, device\n %+v, want\n %+v\nissues %+v", m.Kind, m.Damaged(), m.Device, c.want, m.Issues)
			}
		})
	}
}
