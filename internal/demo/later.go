package demo

import (
	"fmt"
	"slices"
	"time"

	"implantrace/internal/trace"
)

// Procedures that take something out again: a hip of the recalled lot, other
// hips, pacemakers.
const (
	recallRevisions   = 1
	hipRevisions      = 3
	pacemakerRemovals = 3
	revisions         = recallRevisions + hipRevisions + pacemakerRemovals
)

// revise takes out devices of earlier procedures, one of them of the recalled
// lot, and numbers the rows.
func (h *hospital) revise() {
	recall, hips, pacers := recallRevisions, hipRevisions, pacemakerRemovals
	for i := range h.used {
		u := h.used[i]
		p := h.done[u.procedure]
		if u.row.Status != trace.Implanted || h.now.Sub(p.start) < 200*24*time.Hour {
			continue
		}
		switch {
		case u.product.di == RecallDI && len(u.row.Carriers) == 1 && h.isRecalled(u) && recall > 0:
			recall--
			h.takeOut(u, hipRevision)
		case u.product.kind == stem && u.product.di != RecallDI && hips > 0 && i%3 == 0:
			hips--
			h.takeOut(u, hipRevision)
		case u.product.kind == pacemaker && pacers > 0:
			pacers--
			h.takeOut(u, pacemakerRemoval)
		}
	}
	h.number()
}

func (h *hospital) isRecalled(u usage) bool { return u.row.Carriers[0].Text == h.recalledPack().text() }

// takeOut is a procedure some time later in which a device comes out again. A
// hip gets a new stem.
func (h *hospital) takeOut(u usage, o operation) {
	first := h.done[u.procedure]
	ago := int(h.now.Sub(first.start).Hours() / 24)
	p := h.procedure(o, first.patient, first.row.Side, 10+h.rand.IntN(ago-60))
	h.done = append(h.done, p)
	i := len(h.done) - 1
	u.procedure = i
	u.row.Status, u.row.Note = trace.Explanted, "Taken out: "+o.indication
	h.used = append(h.used, u)
	if o.specialty == joints {
		// Of the same maker as the head that stays.
		k := slices.IndexFunc(h.products, func(p product) bool { return p.kind == stem && p.maker == u.product.maker && p.di != RecallDI })
		h.use(i, h.take(h.products[k], p.start)).row.Status = trace.Implanted
	}
}

// number puts everything in the order of its days and gives the refs.
func (h *hospital) number() {
	order := make([]int, len(h.done))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return h.done[a].start.Compare(h.done[b].start) })
	place := make([]int, len(order))
	done := make([]procedure, len(order))
	for now, was := range order {
		place[was] = now
		done[now] = h.done[was]
		done[now].row.Ref = fmt.Sprintf("T-%03d", now+1)
	}
	h.done = done
	for i := range h.used {
		h.used[i].procedure = place[h.used[i].procedure]
	}
	slices.SortStableFunc(h.used, func(a, b usage) int { return a.procedure - b.procedure })
	for i := range h.used {
		u := &h.used[i]
		u.row.Ref, u.row.Procedure = fmt.Sprintf("U-%04d", i+1), h.done[u.procedure].row.Ref
	}
}

// correct puts some rows right that somebody got wrong.
func (h *hospital) correct() {
	add := func(of thing, set map[string]string, withdraw bool, reason string) {
		h.fixed = append(h.fixed, correction{"correction", fmt.Sprintf("K-%d", len(h.fixed)+1), of, set, withdraw, reason})
	}
	for _, u := range h.used {
		if u.row.Lot != "" && u.product.di != RecallDI && u.row.Serial == "" {
			add(thing{"usage", u.row.Ref}, map[string]string{"lot": u.row.Lot + "1"}, false, "The last character was left out when it was typed")
			break
		}
	}
	for _, p := range h.done {
		if p.operation.specialty == general {
			other := trace.SideLeft
			if p.row.Side == trace.SideLeft {
				other = trace.SideRight
			}
			add(thing{"procedure", p.row.Ref}, map[string]string{"side": string(other)}, false, "Wrong side in the old system, right in the operation note")
			break
		}
	}
	for _, u := range h.used {
		if u.product.kind == screw && u.row.Status == trace.Implanted {
			add(thing{"usage", u.row.Ref}, nil, true, "Entered twice")
			break
		}
	}
}
