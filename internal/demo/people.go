package demo

import (
	"fmt"
	"math/rand/v2"
	"time"

	"implantrace/internal/udi"
)

// patient is an invented patient.
type patient struct {
	ref           string
	nhs           udi.NHSNumber
	family, given string
	birth         time.Time
	local         string // a number of the hospital's own; "" for some
}

// issuer stands where the ODS code of the hospital would.
const issuer = "ZZ99"

var families = []string{
	"Abernathy", "Adeyemi-Clough", "Ahlgren", "Ashworthy", "Bankole", "Begum", "Birtwhistle", "Castellano", "Chaudhri", "Cheung", "Dabrowska", "Danjuma",
	"Eastmond", "Fairweather", "Fernandes", "Goldstein-Hale", "Gurung", "Haverstock", "Hussain", "Ibekwe", "Jablonski", "Kaur", "Kilbride", "Kowalczyk",
	"Lindqvist", "Llewellyn", "MacAskill", "Mbeki-Rowe", "Moreau", "Nakamura", "Nguyễn", "Ó Dálaigh", "Oyelaran", "Papadakis", "Pemberley", "Qureshi",
	"Rasmussen", "Sandhu", "Sivakumar", "Thistlewood", "Tremayne", "Uddin", "Vasquez", "Whitlock", "Yıldırım", "Zieliński",
}

var givens = []string{
	"Abena", "Alasdair", "Amina", "Beatrix", "Callum", "Carys", "Dilip", "Dorothea", "Edmund", "Eilidh", "Fatima", "Gethin", "Grace", "Harpreet", "Hilde",
	"Idris", "Imogen", "Javed", "Joan", "Kwame", "Leszek", "Linh", "Maeve", "Marguerite", "Nadia", "Nkechi", "Osman", "Padraig", "Priya", "Reginald",
	"Rosalind", "Samuel", "Siobhán", "Tadeusz", "Tomoko", "Ursula", "Vikram", "Winifred", "Yusuf", "Zofia",
}

func patients(r *rand.Rand, n int, now time.Time) []patient {
	all := make([]patient, 0, n)
	taken := make(map[udi.NHSNumber]bool)
	for len(all) < n {
		nhs := nhsNumber(r)
		if taken[nhs] {
			continue
		}
		taken[nhs] = true
		i := len(all)
		p := patient{ref: fmt.Sprintf("P-%03d", i+1), nhs: nhs, family: families[r.IntN(len(families))], given: givens[r.IntN(len(givens))],
			birth: now.AddDate(-48-r.IntN(42), 0, -r.IntN(365))}
		if i%3 == 0 {
			p.local = fmt.Sprintf("E%06d", 400000+r.IntN(99999))
		}
		all = append(all, p)
	}
	return all
}

// member is an invented member of staff.
type member struct {
	name, role, badge string
}

// team is who works in one specialty, and where.
type team struct {
	place     place
	surgeons  []member
	scrub     []member
	assistant []member
}

type place struct {
	gln, extension, name string
}

func staff(n int, name, role string) member { return member{name, role, staffGSRN(4200 + n)} }

var teams = map[specialty]team{
	joints: {place{gln(301), "TH3", "Theatre 3, Eskmere Hospital"},
		[]member{staff(1, "Miss A Thornbury", "surgeon"), staff(2, "Mr K Adomako", "surgeon")},
		[]member{staff(3, "Sr J Penhallow", "scrub"), staff(4, "SN T Banerjee", "scrub")},
		[]member{staff(5, "ODP L Grieve", "circulating")}},
	eyes: {place{gln(501), "TH5", "Eye Theatre, Eskmere Hospital"},
		[]member{staff(11, "Mr S Rahimi", "surgeon")},
		[]member{staff(12, "SN C Oakeshott", "scrub")},
		[]member{staff(13, "HCA M Dube", "circulating")}},
	heart: {place{gln(701), "CL1", "Catheter Laboratory 1, Eskmere Hospital"},
		[]member{staff(21, "Dr I Lindholm", "surgeon")},
		[]member{staff(22, "SN P Achterberg", "scrub")},
		[]member{staff(23, "Phys R Sethi", "circulating")}},
	general: {place{gln(101), "TH1", "Theatre 1, Eskmere Hospital"},
		[]member{staff(31, "Ms D Okonjo", "surgeon")},
		[]member{staff(32, "SN B Whitrow", "scrub")},
		[]member{staff(33, "ODP H Casimir", "circulating")}},
}
