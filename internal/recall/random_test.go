package recall_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"pgregory.net/rapid"

	"implantrace/internal/bolt"
	"implantrace/internal/recall"
	"implantrace/internal/recall/recalltest"
	"implantrace/internal/seal"
)

// Random criteria over a random history find what a plain reading finds.
func TestSearchAgreesWithAFullScan(t *testing.T) {
	base := t.TempDir()
	products := recalltest.Catalogue()
	oracle := recalltest.Oracle{Products: products, Zone: time.UTC}
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp(base, "")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		s, err := bolt.Open(filepath.Join(dir, bolt.FileName), bolt.Options{Name: "Theatre 4", Keys: seal.NewKeyring()})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		usages := drawUsages(t)
		if err := recalltest.Fill(t.Context(), s, products, usages); err != nil {
			t.Fatal(err)
		}
		for range 20 {
			criteria := drawCriteria(t, 0)
			text, err := json.Marshal(criteria)
			if err != nil {
				t.Fatal(err)
			}
			var c recall.Criteria
			if err := json.Unmarshal(text, &c); err != nil {
				t.Fatal(string(text), err)
			}
			m, err := c.Compile(time.UTC)
			if err != nil {
				t.Fatal(string(text), err)
			}
			got := map[string]string{}
			var coverage recall.Coverage
			for found, err := range recall.Matches(t.Context(), s, m, recalltest.Day, &coverage) {
				if err != nil {
					t.Fatal(err)
				}
				got[found.Match.Usage.ID.String()] = string(found.Match.Tier)
			}
			var plain any
			if err := json.Unmarshal(text, &plain); err != nil {
				t.Fatal(err)
			}
			for _, u := range usages {
				if is, want := got[recalltest.UsageID(u.ID).String()], oracle.Tier(plain, u); is != want {
					t.Fatalf("%s\n%+v\nis %q, want %q", text, u, is, want)
				}
			}
		}
	})
}

func drawUsages(t *rapid.T) []recalltest.Usage {
	all := recalltest.History(rapid.Uint64().Draw(t, "seed"), 24)
	for i := range all {
		// Fewer products and numbers, so that more of them meet.
		u := &all[i]
		if len(u.Before) > 0 {
			continue
		}
		u.Device.DI = rapid.SampledFrom([]string{"", recalltest.Stem, recalltest.Stem, recalltest.StemBox, recalltest.Knee, recalltest.KneePlus, recalltest.MeshBox, recalltest.Unlisted}).Draw(t, "di")
		u.Device.Lot = rapid.SampledFrom(lots).Draw(t, "lot")
		u.Device.Serial = rapid.SampledFrom(serials).Draw(t, "serial")
	}
	return all
}

var (
	lots    = []string{"", "A17", "a-17", "0A17", "AI7", "A71", "A1", "A017", "A18B", "B2", "K0", "KO", "A1721SN9", "9", "10", "007", "AZ"}
	serials = []string{"", "SN-0042", "SN0042", "sn-42", "SN-0043", "SN-0042B", "SN-0099", "100", "0100", "99X", "99Y", "B100"}
)

type object = map[string]any

// drawCriteria draws a tree of criteria that names a product.
func drawCriteria(t *rapid.T, depth int) object {
	c := drawPart(t, depth)
	switch rapid.IntRange(0, 7).Draw(t, "product") {
	case 0:
		c["catalogue_no"] = []string{rapid.SampledFrom([]string{"NM-100-05", "nm10005", "NM-500-L3"}).Draw(t, "number")}
	case 1:
		c["family"] = []object{rapid.SampledFrom([]object{{"brand": "Tarn"}, {"brand": "Fellside", "maker": "Northmoor Orthopaedics"}, {"words": "knee size"}}).Draw(t, "family")}
	case 2:
		c["maker"] = "Northmoor Orthopaedics"
	case 3:
		if depth < 2 {
			c["any"] = []object{drawCriteria(t, depth+1), drawCriteria(t, depth+1)}
			break
		}
		fallthrough
	default:
		c["di"] = rapid.SliceOfNDistinct(rapid.SampledFrom([]string{recalltest.Stem, recalltest.StemBox, recalltest.Knee, recalltest.Mesh, recalltest.Unlisted}), 1, 2, rapid.ID[string]).Draw(t, "dis")
		if rapid.IntRange(0, 5).Draw(t, "and a family") == 0 {
			c["family"] = []object{{"brand": "Tarn"}}
		}
	}
	return c
}

// drawPart draws criteria that need name no product; they say something.
func drawPart(t *rapid.T, depth int) object {
	c := object{}
	maybe := func(what string) bool { return rapid.IntRange(0, 3).Draw(t, what) == 0 }
	numbers := func(of []string, from, to string) []any {
		var all []any
		for range rapid.IntRange(1, 3).Draw(t, "numbers") {
			switch rapid.IntRange(0, 4).Draw(t, "kind") {
			case 0:
				all = append(all, object{"from": from, "to": to})
			case 1:
				all = append(all, object{"prefix": rapid.SampledFrom([]string{"A1", "SN-00", "sn", "B"}).Draw(t, "prefix")})
			default:
				all = append(all, rapid.SampledFrom(of[1:]).Draw(t, "number"))
			}
		}
		return all
	}
	if maybe("lot") || depth > 2 {
		r := rapid.SampledFrom([][2]string{{"A10", "A19"}, {"9", "12"}, {"A1", "A9"}, {"AA", "AZ"}}).Draw(t, "range")
		c["lot"] = numbers(lots, r[0], r[1])
	}
	if maybe("serial") {
		r := rapid.SampledFrom([][2]string{{"SN-0040", "SN-0050"}, {"98A", "99Z"}, {"95", "104"}, {"SN-0001B", "SN-0050B"}}).Draw(t, "range")
		c["serial"] = numbers(serials, r[0], r[1])
	}
	day := func(what string) string {
		return recalltest.Day.AddDate(0, 0, rapid.IntRange(-1500, 800).Draw(t, what)).Format(time.DateOnly)
	}
	for _, name := range []string{"made", "expiry", "implanted"} {
		if !maybe(name) {
			continue
		}
		from, to := day("from"), day("to")
		if to < from {
			from, to = to, from
		}
		c[name] = rapid.SampledFrom([]object{{"from": from}, {"to": to}, {"from": from, "to": to}}).Draw(t, "period")
	}
	if maybe("place") {
		c["place"] = []object{rapid.SampledFrom([]object{{"name": "Theatre 4"}, {"gln": "9529900003023"}, {"name": "theatre 7", "gln": "9529900003023"}}).Draw(t, "where")}
	}
	if depth < 2 && maybe("all") {
		c["all"] = []object{part(t, depth)}
	}
	if depth < 2 && maybe("except") {
		c["except"] = []object{part(t, depth)}
	}
	return c
}

func part(t *rapid.T, depth int) object {
	c := drawPart(t, depth+1)
	if len(c) == 0 || rapid.Bool().Draw(t, "names a product") {
		return drawCriteria(t, depth+1)
	}
	return c
}
