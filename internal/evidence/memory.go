package evidence

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strings"

	"implantrace/internal/journal"
	"implantrace/internal/record"
	"implantrace/internal/trace"
)

var (
	codec = journal.NewCodec()
	fold  = record.Fold{Codec: codec}
)

// memory is the record as far as the entries of a pack tell it. It is a
// record.Prior; of the tables it keeps those that are asked.
type memory struct {
	entries map[trace.Position]trace.Entry
	objects map[[16]byte][][]byte // keys of record.Objects
	rows    map[record.Table]map[string][]byte
}

func newMemory() *memory {
	m := &memory{entries: make(map[trace.Position]trace.Entry), objects: make(map[[16]byte][][]byte), rows: make(map[record.Table]map[string][]byte)}
	for _, t := range []record.Table{record.Products, record.Catalogue, record.Packed, record.Notices, record.Cases, record.Stock} {
		m.rows[t] = make(map[string][]byte)
	}
	return m
}

// apply takes an entry in.
func (m *memory) apply(e trace.Entry) error {
	mutations, err := fold.Apply(e, m)
	if err != nil {
		return err
	}
	m.entries[e.Position] = e
	for _, mu := range mutations {
		if mu.Table == record.Objects {
			object := [16]byte(mu.Key[:16])
			if !slices.ContainsFunc(m.objects[object], func(k []byte) bool { return string(k) == string(mu.Key) }) {
				m.objects[object] = append(m.objects[object], mu.Key)
			}
			continue
		}
		rows := m.rows[mu.Table]
		switch {
		case rows == nil:
		case mu.Delete:
			delete(rows, string(mu.Key))
		default:
			rows[string(mu.Key)] = mu.Value
		}
	}
	return nil
}

func (m *memory) Get(t record.Table, key []byte) []byte { return m.rows[t][string(key)] }

func (m *memory) Scan(t record.Table, prefix []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(k, v []byte) bool) {
		if t == record.Objects && len(prefix) >= 16 {
			for _, k := range m.objects[[16]byte(prefix[:16])] {
				if strings.HasPrefix(string(k), string(prefix)) && !yield(k, nil) {
					return
				}
			}
			return
		}
		for k, v := range m.rows[t] {
			if strings.HasPrefix(k, string(prefix)) && !yield([]byte(k), v) {
				return
			}
		}
	}
}

// errNotInPack means that an object's entry is listed and not there: what it says
// cannot be worked out.
var errNotInPack = errors.New("an entry that this rests on is not in the pack")

func (m *memory) Entry(at trace.Position) (trace.Entry, error) {
	e, ok := m.entries[at]
	if !ok {
		return e, errNotInPack
	}
	return e, nil
}

// catalogue answers for products out of the pack.
type catalogue struct {
	trace.Finder // not asked
	m            *memory
}

func (c catalogue) Product(_ context.Context, di string) (trace.Product, error) {
	var people *trace.Product
	if b := c.m.Get(record.Products, []byte(di)); b != nil {
		people = new(trace.Product)
		if err := codec.Unmarshal(b, people); err != nil {
			return trace.Product{}, err
		}
	}
	var rows []record.CatalogueRow
	for _, b := range c.m.Scan(record.Catalogue, record.CataloguePrefix(di)) {
		var row record.CatalogueRow
		if err := codec.Unmarshal(b, &row); err != nil {
			return trace.Product{}, err
		}
		rows = append(rows, row)
	}
	if people == nil && len(rows) == 0 {
		return trace.Product{}, trace.Errorf(trace.NotFound, "the pack has no such product")
	}
	return record.JoinProduct(people, rows), nil
}

func (c catalogue) Packed(ctx context.Context, di string) (products []string, err error) {
	if di == "" {
		return nil, nil
	}
	for k := range c.m.Scan(record.Packed, record.PackedPrefix(di)) {
		inside := string(k[len(di)+1:])
		p, err := c.Product(ctx, inside)
		if err != nil && trace.KindOf(err) != trace.NotFound {
			return nil, err
		}
		if err == nil && !p.Withdrawn && p.Attributes.PackedAs(di) {
			products = append(products, inside)
		}
	}
	slices.Sort(products)
	return products, nil
}

// full is a usage with everything it belongs to.
func (m *memory) full(ctx context.Context, id trace.UsageID) (u trace.UsageInFull, err error) {
	var ok bool
	if u.Usage, ok, err = fold.Usage(m, id); err != nil || !ok {
		return u, errors.Join(err, missing(ok))
	}
	if !u.Usage.Procedure.IsZero() {
		if u.Procedure, _, err = fold.Procedure(m, u.Usage.Procedure); err != nil {
			return u, err
		}
	}
	if u.Patient = u.Procedure.Patient; !u.Patient.IsZero() {
		if u.Identity, err = m.identity(u.Patient); err != nil {
			return u, err
		}
	}
	product, inside, err := m.product(ctx, u.Usage.Device.DI)
	if product != nil {
		u.Product = *product
	}
	u.Inside = inside
	return u, err
}

func (m *memory) product(ctx context.Context, di string) (product *trace.Product, inside []string, err error) {
	if di == "" {
		return nil, nil, nil
	}
	c := catalogue{m: m}
	if inside, err = c.Packed(ctx, di); err != nil {
		return nil, nil, err
	}
	p, err := trace.ProductOf(ctx, c, di)
	switch {
	case trace.KindOf(err) == trace.NotFound || err == nil && p.Withdrawn:
		return nil, inside, nil
	case err != nil:
		return nil, nil, err
	}
	return &p, inside, nil
}

func missing(ok bool) error {
	if !ok {
		return errNotInPack
	}
	return nil
}

// identity is who a patient is, as far as it is shown.
func (m *memory) identity(id trace.PatientID) (who trace.Identity, err error) {
	p, said, err := fold.PatientSaid(m, id)
	if err != nil {
		return who, err
	}
	who.Erased = p.Erased
	for _, e := range said {
		s := e.Secret
		if s == nil {
			s, who.Sealed = &trace.Secret{}, who.Sealed || len(e.Commitment) > 0
		}
		who = who.Say(*s, e.Fact)
	}
	return who, nil
}
