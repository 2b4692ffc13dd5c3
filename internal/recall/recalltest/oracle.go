// Package recalltest is a second opinion on recalls: a plain, slow reading of
// what a notice means, which shares no code with package recall; a hospital's
// history; and notices in the shape of real ones to hold both against.
package recalltest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
)

// Usage is a device that was used, as plainly as it can be told.
type Usage struct {
	ID              string
	Device          Identity
	CatalogueNo     string // on the label
	Made, Expiry    string // YYYY-MM-DD, or YYYY-MM
	Status          string
	By              string // scanned, typed or imported
	Damaged         bool
	Withdrawn       bool
	Before          []Identity // what was recorded before corrections
	WasImplanted    bool       // it was recorded so at some time
	Occurred        time.Time
	Procedure       string // "": it is in none that the record has
	Start, End      time.Time
	PlaceGLN, Place string
	Patient         string
}

// Identity is what a device is found by.
type Identity struct{ DI, Lot, Serial string }

// Product is a row of the catalogue.
type Product struct{ DI, Maker, Brand, CatalogueNo, Description string }

// Oracle holds usages against notices, one by one.
type Oracle struct {
	Products map[string]Product
	Zone     *time.Location
}

type object = map[string]any

// Criteria reads criteria out of a notice's JSON.
func Criteria(notice string) (any, error) {
	var n struct{ Criteria any }
	d := json.NewDecoder(strings.NewReader(notice))
	err := d.Decode(&n)
	return n.Criteria, err
}

// Tier is the tier of a usage under criteria as JSON gives them: "" for
// excluded.
func (o Oracle) Tier(criteria any, u Usage) string {
	tier := o.tier(criteria, u)
	for _, was := range u.Before {
		if tier != "" {
			break
		}
		former := u
		former.Device = was
		if tier = o.tier(criteria, former); tier == "confirmed" {
			tier = "possible"
		}
	}
	if tier != "confirmed" {
		return tier
	}
	out := slices.Contains([]string{"opened-not-used", "wasted", "returned"}, u.Status)
	if u.Damaged || !u.Withdrawn && (u.Status == "checked" || u.Status == "opened") || !u.Withdrawn && out && u.WasImplanted {
		return "possible"
	}
	return "confirmed"
}

func (o Oracle) tier(criteria any, u Usage) string {
	without := stripped(criteria)
	switch {
	case without != nil && o.surely(without, u):
		return "confirmed"
	case without != nil && o.perhaps(without, u):
		return "possible"
	case o.perhaps(criteria, u):
		return "precautionary"
	}
	return ""
}

// stripped is criteria as they would be if no family were named in them, but for
// what they except; nil where nothing is left that could hold.
func stripped(criteria any) any {
	c := object{}
	for k, v := range criteria.(object) {
		c[k] = v
	}
	if _, ok := c["family"]; ok {
		delete(c, "family")
		if c["di"] == nil && c["catalogue_no"] == nil {
			return nil
		}
	}
	if all, ok := c["all"].([]any); ok {
		var left []any
		for _, part := range all {
			s := stripped(part)
			if s == nil {
				return nil
			}
			left = append(left, s)
		}
		c["all"] = left
	}
	if some, ok := c["any"].([]any); ok {
		var left []any
		for _, part := range some {
			if s := stripped(part); s != nil {
				left = append(left, s)
			}
		}
		if left == nil {
			return nil
		}
		c["any"] = left
	}
	return c
}

// surely: it is meant, whatever was not recorded may have been.
func (o Oracle) surely(criteria any, u Usage) bool { return o.holds(criteria, u, true) }

// perhaps: it may be meant.
func (o Oracle) perhaps(criteria any, u Usage) bool { return o.holds(criteria, u, false) }

func (o Oracle) holds(criteria any, u Usage, sure bool) bool {
	c := criteria.(object)
	if !o.product(c, u, sure) || !o.maker(c, u, sure) || !o.numbers(c, u, sure) || !o.label(c, u, sure) || !o.time(c, u, sure) || !place(c, u, sure) {
		return false
	}
	for _, part := range listOf(c["all"]) {
		if !o.holds(part, u, sure) {
			return false
		}
	}
	if c["any"] != nil && !slices.ContainsFunc(listOf(c["any"]), func(part any) bool { return o.holds(part, u, sure) }) {
		return false
	}
	return !slices.ContainsFunc(listOf(c["except"]), func(part any) bool { return o.holds(part, u, !sure) })
}

// listOf is a JSON value as a list: one value is a list of one.
func listOf(v any) []any {
	if v == nil {
		return nil
	}
	if l, ok := v.([]any); ok {
		return l
	}
	return []any{v}
}

func text(v any) string { s, _ := v.(string); return s }

func (o Oracle) product(c object, u Usage, sure bool) bool {
	if c["di"] == nil && c["catalogue_no"] == nil && c["family"] == nil {
		return true
	}
	for _, di := range listOf(c["di"]) {
		named := strings.Repeat("0", max(0, 14-len(text(di)))) + text(di)
		if strings.ContainsFunc(text(di), unicode.IsLetter) {
			named = text(di)
		}
		if u.Device.DI == named || !sure && (u.Device.DI == "" || samePack(u.Device.DI, named)) {
			return true
		}
	}
	p, listed := o.Products[u.Device.DI]
	for _, n := range listOf(c["catalogue_no"]) {
		known := slices.DeleteFunc([]string{u.CatalogueNo, p.CatalogueNo}, func(s string) bool { return s == "" })
		switch {
		case slices.Contains(known, text(n)):
			return true
		case !sure && (len(known) == 0 || slices.ContainsFunc(known, func(s string) bool { return alike(s) == alike(text(n)) })):
			return true
		}
	}
	for _, f := range listOf(c["family"]) {
		f := f.(object)
		if !listed {
			if !sure {
				return true
			}
			continue
		}
		fits := true
		if m := text(f["maker"]); m != "" {
			fits = fits && (strings.EqualFold(m, p.Maker) || p.Maker == "" && !sure)
		}
		if b := text(f["brand"]); b != "" {
			fits = fits && (strings.HasPrefix(strings.ToLower(p.Brand)+" ", strings.ToLower(b)+" ") || p.Brand == "" && !sure)
		}
		for _, w := range strings.Fields(strings.ToLower(text(f["words"]))) {
			has := slices.Contains(strings.FieldsFunc(strings.ToLower(p.Brand+" "+p.Description), func(r rune) bool { return r == ' ' || r == ',' }), w)
			fits = fits && (p.Description != "" && has || p.Description == "" && !sure)
		}
		if fits {
			return true
		}
	}
	return false
}

// samePack: the same article on another level of its pack. A GTIN differs in its
// first digit and its check digit, a HIBC identifier in its last.
func samePack(a, b string) bool {
	if len(a) == 14 && len(b) == 14 && !strings.ContainsFunc(a+b, unicode.IsLetter) {
		return a[1:13] == b[1:13]
	}
	return len(a) == len(b) && unicode.IsLetter(rune(a[0])) && unicode.IsLetter(rune(b[0])) && a[:len(a)-1] == b[:len(b)-1]
}

func (o Oracle) maker(c object, u Usage, sure bool) bool {
	if c["maker"] == nil {
		return true
	}
	p := o.Products[u.Device.DI]
	if p.Maker == "" {
		return !sure
	}
	return slices.ContainsFunc(listOf(c["maker"]), func(m any) bool { return strings.EqualFold(text(m), p.Maker) })
}

func (o Oracle) numbers(c object, u Usage, sure bool) bool {
	lots, serials := listOf(c["lot"]), listOf(c["serial"])
	if c["lot"] == nil && c["serial"] == nil {
		return true
	}
	if u.Damaged {
		return !sure
	}
	byHand := u.By != "scanned"
	return c["lot"] != nil && named(u.Device.Lot, lots, byHand, sure) || c["serial"] != nil && named(u.Device.Serial, serials, false, sure)
}

// named: is the number one that is named, or may it be?
func named(n string, list []any, slips, sure bool) bool {
	if n == "" {
		return !sure
	}
	for _, v := range list {
		switch v := v.(type) {
		case string:
			if n == v || !sure && (alike(n) == alike(v) || swallowed(n, v) || slips && slip(alike(n), alike(v))) {
				return true
			}
		case object:
			if p := text(v["prefix"]); p != "" {
				if strings.HasPrefix(n, p) || !sure && (strings.HasPrefix(alike(n), alike(p)) || strings.HasPrefix(squeezed(n), squeezed(p))) {
					return true
				}
				continue
			}
			from, to := text(v["from"]), text(v["to"])
			exact, loose := members(from, to)
			if exact(n) {
				return true
			}
			if sure {
				continue
			}
			if loose(n) || slips && (slip(alike(n), alike(from)) || slip(alike(n), alike(to))) {
				return true
			}
			for cut := 1; cut < len(n); cut++ {
				if exact(n[:cut]) && swallowed(n, n[:cut]) {
					return true
				}
			}
		}
	}
	return false
}

// counted keeps what members has counted.
var counted sync.Map

func members(from, to string) (exact, loose func(string) bool) {
	type both struct{ exact, loose func(string) bool }
	if m, ok := counted.Load([2]string{from, to}); ok {
		return m.(both).exact, m.(both).loose
	}
	exact, loose = count(from, to)
	counted.Store([2]string{from, to}, both{exact, loose})
	return exact, loose
}

// count tells what a range has in it: it counts from one end to the other and
// writes every number down. loose is that but for capitals, separators, zeros in
// front and a letter behind, and letters that look like digits.
func count(from, to string) (exact, loose func(string) bool) {
	head, low, tail := apart(from)
	head2, high, tail2 := apart(to)
	letters := len(tail) == 1 && len(tail2) == 1
	if low == "" || head != head2 || tail != tail2 && !letters {
		between := func(f func(string) string) func(string) bool {
			a, b := f(from), f(to)
			return func(s string) bool { s = f(s); return len(a) == len(b) && len(s) == len(a) && a <= s && s <= b }
		}
		same := func(s string) string { return s }
		squeezedIn, alikeIn := between(squeezed), between(alike)
		return between(same), func(s string) bool { return squeezedIn(s) || alikeIn(s) }
	}
	a, b := number(low), number(high)
	width := 0
	if len(low) == len(high) {
		width = len(low)
	}
	all := map[string]bool{}
	for i := a; i <= b; i++ {
		digits := fmt.Sprintf("%0*d", width, i)
		switch {
		case tail == tail2:
			all[head+digits+tail] = true
		default:
			for l := 'A'; l <= 'Z'; l++ {
				all[head+digits+string(l)] = true
				all[head+digits+string(unicode.ToLower(l))] = true
			}
		}
	}
	loose = func(s string) bool {
		for _, form := range []func(string) string{squeezed, alike} {
			h, d, t := apart(form(s))
			fh, fl, _ := apart(form(from))
			_, ft, tl := apart(form(to))
			if h != fh || d == "" || number(d) < number(fl) || number(d) > number(ft) {
				continue
			}
			if t == "" || len(t) == 1 && (tl == "" || tail != tail2 || tl == t) {
				return true
			}
		}
		return false
	}
	return func(s string) bool { return all[s] }, loose
}

func number(digits string) (n int) {
	for _, d := range digits {
		n = n*10 + int(d-'0')
	}
	return n
}

// apart parts a number before and behind its last digits.
func apart(s string) (head, digits, tail string) {
	tail = strings.TrimLeftFunc(s[strings.LastIndexAny(s, "0123456789")+1:], func(rune) bool { return false })
	rest := strings.TrimSuffix(s, tail)
	head = strings.TrimRight(rest, "0123456789")
	return head, rest[len(head):], tail
}

// squeezed is a number in capitals without its separators.
func squeezed(s string) string {
	var b strings.Builder
	for _, r := range strings.ToUpper(s) {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// alike is a number without what people write differently.
func alike(s string) string {
	out := strings.TrimLeft(strings.NewReplacer("O", "0", "I", "1", "L", "1").Replace(squeezed(s)), "0")
	switch {
	case out == "" && squeezed(s) != "":
		return "0"
	case out == "":
		return s
	}
	return out
}

// swallowed: the number is a named one with the next field of a GS1 code behind.
func swallowed(n, named string) bool {
	rest, ok := strings.CutPrefix(n, named)
	if !ok || len(rest) < 3 {
		return false
	}
	switch rest[:2] {
	case "10", "21":
		return true
	case "11", "17":
		return len(rest) >= 8 && strings.Trim(rest[2:8], "0123456789") == ""
	}
	return false
}

// slip: one character more, less or another, or two neighbours exchanged: the
// distance of Damerau and Levenshtein is at most one.
func slip(a, b string) bool {
	d := make([][]int, len(a)+1)
	for i := range d {
		d[i] = make([]int, len(b)+1)
		d[i][0] = i
	}
	for j := range len(b) + 1 {
		d[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			d[i][j] = min(d[i-1][j]+1, d[i][j-1]+1, d[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d[i][j] = min(d[i][j], d[i-2][j-2]+1)
			}
		}
	}
	return d[len(a)][len(b)] <= 1
}

// label: are the days on the label in the named periods?
func (o Oracle) label(c object, u Usage, sure bool) bool {
	for name, day := range map[string]string{"made": u.Made, "expiry": u.Expiry} {
		if c[name] == nil {
			continue
		}
		p := c[name].(object)
		if day == "" || u.Damaged {
			if sure {
				return false
			}
			continue
		}
		days := []string{day}
		if len(day) == len("2006-01") {
			days = nil
			t, _ := time.Parse("2006-01", day)
			for d := t; d.Month() == t.Month(); d = d.AddDate(0, 0, 1) {
				days = append(days, d.Format(time.DateOnly))
			}
		}
		in := 0
		for _, d := range days {
			if (p["from"] == nil || d >= text(p["from"])) && (p["to"] == nil || d <= text(p["to"])) {
				in++
			}
		}
		if in == 0 || sure && in < len(days) {
			return false
		}
	}
	return true
}

func (o Oracle) time(c object, u Usage, sure bool) bool {
	if c["implanted"] == nil {
		return true
	}
	p := c["implanted"].(object)
	from, to := time.Time{}, time.Date(9000, 1, 1, 0, 0, 0, 0, time.UTC)
	if s := text(p["from"]); s != "" {
		from, _ = time.ParseInLocation(time.DateOnly, s, o.Zone)
	}
	if s := text(p["to"]); s != "" {
		t, _ := time.ParseInLocation(time.DateOnly, s, o.Zone)
		to = t.AddDate(0, 0, 1)
	}
	// It was used at some time from first to last.
	first, last := u.Occurred, u.Occurred
	if u.Procedure != "" {
		first, last = u.Start, u.Start
		if u.By != "imported" && u.Occurred.Before(first) {
			first = u.Occurred
		}
		if u.By != "imported" && u.Occurred.After(last) {
			last = u.Occurred
		}
		if u.End.After(last) {
			last = u.End
		}
	}
	if !last.Before(from) && first.Before(to) {
		return true
	}
	if sure {
		return false
	}
	return u.Status == "explanted" && text(p["to"]) != "" && !last.Before(from) || u.Procedure == "" && u.By != "scanned"
}

func place(c object, u Usage, sure bool) bool {
	if c["place"] == nil {
		return true
	}
	if u.PlaceGLN == "" && u.Place == "" {
		return !sure
	}
	for _, p := range listOf(c["place"]) {
		gln, name := text(p.(object)["gln"]), text(p.(object)["name"])
		if gln != "" && gln == u.PlaceGLN || name != "" && strings.EqualFold(name, u.Place) {
			return true
		}
		if !sure && (gln != "" && name == "" && u.PlaceGLN == "" || name != "" && gln == "" && u.Place == "") {
			return true
		}
	}
	return false
}
