package gs1

import "time"

// A linter checks the content of one component, whose length and characters are
// already right. It returns nil when all is well. Each is named "lint" and the
// name of the GS1 Barcode Syntax Test it carries out. Only the linters of dates
// use now, which may be zero.
type linter func(component string, now time.Time) *fault

// fault is what a linter found: a span of the component, and why.
type fault struct {
	code        string
	warning     bool // the value stands
	pos, length int
	detail      string
}

// whole is a fault of all of component.
func whole(code, component, detail string) *fault {
	return &fault{code: code, length: len(component), detail: detail}
}

// check applies the rules of r to the front of data, which ends at the next
// separator. It returns how much of data the value takes, the first hard fault
// and a warning. Positions count from the start of data.
func (r *row) check(data string, now time.Time) (n int, hard, warning *fault) {
	for i := range r.parts {
		p := &r.parts[i]
		c := data[n:min(len(data), n+p.max)]
		if p.optional && c == "" {
			break
		}
		if len(c) < p.min {
			return n, whole(CodeTooShort, data, "fewer characters than the AI has"), nil
		}
		f := p.set.check(c)
		for _, lint := range p.lints {
			if f != nil && !f.warning {
				break
			}
			if found := lint(c, now); found != nil {
				f = found
			}
		}
		if f != nil {
			f.pos += n
			if !f.warning {
				return n, f, nil
			}
			warning = f
		}
		n += len(c)
	}
	return n, nil, warning
}
