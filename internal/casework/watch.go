package casework

import (
	"context"

	"implantrace/internal/recall"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// By says that the office answers for recall notices.
func (o *Office) By() trace.NamedBy { return trace.ByRecall }

// Named gives every open notice that names a device, or cannot be excluded from
// naming it. It is asked at every scan.
func (o *Office) Named(ctx context.Context, d udi.Device) (all []trace.Named, err error) {
	var product *trace.Product
	var inside []string
	for n, err := range o.Store.Notices(ctx) {
		if err != nil {
			return nil, err
		}
		if n.State != trace.NoticeOpen {
			continue
		}
		if product == nil && d.DI != "" {
			p, err := trace.ProductOf(ctx, o.Store, d.DI)
			if err != nil && trace.KindOf(err) != trace.NotFound {
				return nil, err
			}
			product = &p
			if inside, err = o.Store.Packed(ctx, d.DI); err != nil {
				return nil, err
			}
		}
		m, err := o.Matcher(ctx, n)
		if err != nil {
			return nil, err
		}
		tier, _ := m.Device(d, product, inside, trace.Scanned, false, o.Clock())
		if tier == "" {
			continue
		}
		all = append(all, trace.Named{By: trace.ByRecall, Title: n.Name, Possible: tier != recall.Confirmed, Link: "/notices/" + n.ID.String()})
	}
	return all, nil
}
