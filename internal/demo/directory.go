package demo

import (
	"encoding/csv"
	"fmt"
	"slices"
	"strings"
)

// DirectoryTables are who works in the hospital, where, and what its procedure codes
// mean, as package directory reads them: by the names of its lists.
func DirectoryTables() map[string]string {
	members, places := [][]string{{"badge", "name", "role"}}, [][]string{{"gln", "extension", "name", "site", "ods"}}
	for _, s := range []specialty{joints, eyes, heart, general} {
		t := teams[s]
		for _, m := range slices.Concat(t.surgeons, t.scrub, t.assistant) {
			members = append(members, []string{m.badge, m.name, m.role})
		}
		name, site, _ := strings.Cut(t.place.name, ", ")
		places = append(places, []string{t.place.gln, t.place.extension, name, site, "ZZ99"})
	}
	codes := [][]string{{"system", "code", "text", "side"}}
	for _, o := range append(slices.Clone(operations), hipRevision, pacemakerRemoval) {
		side := "yes"
		if o.specialty == heart {
			side = "no"
		}
		codes = append(codes, []string{o.code.System, o.code.Code, o.code.Text, side})
	}
	return map[string]string{"staff": table(members), "places": table(places), "codes": table(codes)}
}

func table(rows [][]string) string {
	var b strings.Builder
	w := csv.NewWriter(&b)
	if err := w.WriteAll(rows); err != nil {
		panic(fmt.Errorf("demo: %w", err)) // a builder takes everything
	}
	return b.String()
}
