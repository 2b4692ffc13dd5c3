package catalogue

import (
	"cmp"
	"context"
	"encoding/csv"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"implantrace/internal/check"
	"implantrace/internal/command"
	"implantrace/internal/trace"
)

// Unknown is a device identifier that was met in theatre and is in no catalogue:
// it waits for whoever keeps the catalogue.
type Unknown struct {
	DI   string    `json:"di"`
	Uses int       `json:"uses"` // devices of the record
	Last time.Time `json:"last"`
	// Described are what people in theatre called it, each wording once.
	Described []string `json:"described"`
}

// Queue gives every device identifier of the record that nobody knows, the latest
// first.
func Queue(ctx context.Context, f trace.Finder) ([]Unknown, error) {
	all := []Unknown{}
	for di, err := range f.Identifiers(ctx) {
		if err != nil {
			return nil, err
		}
		if di == "" {
			continue
		}
		if p, err := trace.ProductOf(ctx, f, di); err == nil && !p.Withdrawn {
			continue
		} else if err != nil && trace.KindOf(err) != trace.NotFound {
			return nil, err
		}
		u := Unknown{DI: di, Described: []string{}}
		for h, err := range f.Candidates(ctx, trace.Query{DI: di}) {
			if err != nil {
				return nil, err
			}
			if h.Usage.Withdrawn || h.Usage.Device.DI != di {
				continue
			}
			u.Uses++
			if h.Usage.Occurred.After(u.Last) {
				u.Last = h.Usage.Occurred
			}
			if d := h.Usage.Described; d != "" && !slices.Contains(u.Described, d) {
				u.Described = append(u.Described, d)
			}
		}
		if u.Uses > 0 { // else it was what a device was before a correction
			all = append(all, u)
		}
	}
	slices.SortFunc(all, func(a, b Unknown) int { return cmp.Or(b.Last.Compare(a.Last), cmp.Compare(a.DI, b.DI)) })
	return all, nil
}

// Used is a device identifier that was used in a period, and which checks can run
// on it.
type Used struct {
	DI          string        `json:"di"`
	Maker       string        `json:"maker,omitempty"`
	Description string        `json:"description,omitempty"`
	Uses        int           `json:"uses"`
	Last        time.Time     `json:"last"`
	Checks      []check.Ready `json:"checks"` // those that go by the catalogue and are asked of it
	Cannot      int           `json:"cannot"` // of them, those that cannot run
}

// Readiness says, for every device identifier used since a time, which checks can
// run and which cannot for want of what: those that most uses want first.
func Readiness(ctx context.Context, r command.Recorder, since time.Time) ([]Used, error) {
	settings, err := r.CheckSettings(ctx)
	if err != nil {
		return nil, err
	}
	by := make(map[string]*Used)
	for h, err := range r.Store.Candidates(ctx, trace.Query{From: since}) {
		if err != nil {
			return nil, err
		}
		di := h.Usage.Device.DI
		if di == "" || h.Usage.Withdrawn || h.Usage.Occurred.Before(since) {
			continue
		}
		u := by[di]
		if u == nil {
			u = &Used{DI: di}
			by[di] = u
		}
		u.Uses++
		if h.Usage.Occurred.After(u.Last) {
			u.Last = h.Usage.Occurred
		}
	}
	all := make([]Used, 0, len(by))
	for di, u := range by {
		var known *trace.Product
		switch p, err := trace.ProductOf(ctx, r.Store, di); {
		case err == nil && !p.Withdrawn:
			known, u.Maker, u.Description = &p, p.Maker, p.Description
		case err != nil && trace.KindOf(err) != trace.NotFound:
			return nil, err
		}
		u.Checks = check.Readiness(known, settings)
		for _, c := range u.Checks {
			if len(c.Missing) > 0 {
				u.Cannot++
			}
		}
		all = append(all, *u)
	}
	slices.SortFunc(all, func(a, b Used) int {
		return cmp.Or(cmp.Compare(min(b.Cannot, 1), min(a.Cannot, 1)), cmp.Compare(b.Uses, a.Uses), cmp.Compare(a.DI, b.DI))
	})
	return all, nil
}

// WriteReadiness writes the report as CSV, one line for each identifier and check.
func WriteReadiness(w io.Writer, all []Used) error {
	out := csv.NewWriter(w)
	if err := out.Write([]string{"di", "maker", "description", "uses", "last_used", "check", "runs", "missing"}); err != nil {
		return err
	}
	for _, u := range all {
		for _, c := range u.Checks {
			runs := "yes"
			if len(c.Missing) > 0 {
				runs = "no"
			}
			if err := out.Write([]string{u.DI, guarded(u.Maker), guarded(u.Description), strconv.Itoa(u.Uses), u.Last.UTC().Format(time.RFC3339), c.Rule, runs, strings.Join(c.Missing, " ")}); err != nil {
				return err
			}
		}
	}
	out.Flush()
	return out.Error()
}

// Found is one page of a search.
type Found struct {
	Products []trace.Product `json:"products"`
	// Next is the identifier behind which the search goes on; "": it came to the end.
	Next string `json:"next,omitempty"`
}

// searchFor bounds how long one page of a search looks.
const searchFor = time.Second

// Search gives products whose identifier begins with what was typed, or in whose
// names every word of it stands, from behind an identifier. A page ends when it is
// full, or when it has looked for a second: then there may be more behind Next.
func Search(ctx context.Context, f trace.Finder, typed, after string, rows int) (Found, error) {
	found := Found{Products: []trace.Product{}}
	words := strings.Fields(strings.ToLower(typed))
	digits := strings.TrimSpace(typed)
	if len(words) == 1 && after == "" && strings.Trim(digits, "0123456789") == "" && digits != "" {
		// GTINs have 14 digits here, however many are printed.
		for _, di := range []string{digits, strings.Repeat("0", max(0, 14-len(digits))) + digits} {
			p, err := trace.ProductOf(ctx, f, di)
			if err == nil {
				found.Products = append(found.Products, p)
				return found, nil
			}
			if trace.KindOf(err) != trace.NotFound {
				return found, err
			}
		}
	}
	began, looked := time.Now(), 0
	for p, err := range f.Products(ctx, after) {
		if err != nil {
			return found, err
		}
		if len(found.Products) == rows || looked%256 == 255 && time.Since(began) > searchFor {
			return found, nil
		}
		looked++
		found.Next = p.DI
		if !p.Withdrawn && matches(p, words) {
			found.Products = append(found.Products, p)
		}
	}
	found.Next = ""
	return found, nil
}

// matches reports whether every word stands in the names of a product, or begins
// its identifier.
func matches(p trace.Product, words []string) bool {
	names := strings.ToLower(p.Maker + "\x00" + p.Brand + "\x00" + p.CatalogueNo + "\x00" + p.Description + "\x00" + string(p.Attributes.Kind) + "\x00" + p.Attributes.Model)
	for _, w := range words {
		if !strings.Contains(names, w) && !strings.HasPrefix(strings.ToLower(p.DI), w) && !strings.HasPrefix(strings.TrimLeft(p.DI, "0"), w) {
			return false
		}
	}
	return true
}
