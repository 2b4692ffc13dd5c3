package gs1

// A linter checks the content of one component, whose length and characters are
// already right. Each is named after the GS1 Barcode Syntax Test it carries out.
type linter uint8

const (
	lintCouponcode linter = iota + 1
	lintCouponposoffer
	lintCsum
	lintCsumalpha
	lintGcppos1
	lintGcppos2
	lintHasnondigit
	lintHh
	lintHhmi
	lintHyphen
	lintIban
	lintImporteridx
	lintIso3166
	lintIso3166999
	lintIso3166alpha2
	lintIso4217
	lintIso5218
	lintLatitude
	lintLongitude
	lintMediatype
	lintMi
	lintMonthDay
	lintNonzero
	lintNozeroprefix
	lintPackagetype
	lintPcenc
	lintPieceoftotal
	lintPosinseqslash
	lintSs
	lintWinding
	lintYesno
	lintYymmd0
	lintYymmdd
	lintYyyymmdd
	lintZero
)

// check returns nil when all is well. Only the linters of dates use year, the
// present year, which is 0 when it is not known. It calls the tests by name, not
// through a table, so that the compiler sees that none of them keeps component
// and Parse need not allocate.
func (l linter) check(component string, year int) *fault {
	switch l {
	case lintCouponcode:
		return checkCouponcode(component, year)
	case lintCouponposoffer:
		return checkCouponposoffer(component, year)
	case lintCsum:
		return checkCsum(component, year)
	case lintCsumalpha:
		return checkCsumalpha(component, year)
	case lintGcppos1:
		return checkGcppos1(component, year)
	case lintGcppos2:
		return checkGcppos2(component, year)
	case lintHasnondigit:
		return checkHasnondigit(component, year)
	case lintHh:
		return checkHh(component, year)
	case lintHhmi:
		return checkHhmi(component, year)
	case lintHyphen:
		return checkHyphen(component, year)
	case lintIban:
		return checkIban(component, year)
	case lintImporteridx:
		return checkImporteridx(component, year)
	case lintIso3166:
		return checkIso3166(component, year)
	case lintIso3166999:
		return checkIso3166999(component, year)
	case lintIso3166alpha2:
		return checkIso3166alpha2(component, year)
	case lintIso4217:
		return checkIso4217(component, year)
	case lintIso5218:
		return checkIso5218(component, year)
	case lintLatitude:
		return checkLatitude(component, year)
	case lintLongitude:
		return checkLongitude(component, year)
	case lintMediatype:
		return checkMediatype(component, year)
	case lintMi:
		return checkMi(component, year)
	case lintMonthDay:
		return checkMonthDay(component, year)
	case lintNonzero:
		return checkNonzero(component, year)
	case lintNozeroprefix:
		return checkNozeroprefix(component, year)
	case lintPackagetype:
		return checkPackagetype(component, year)
	case lintPcenc:
		return checkPcenc(component, year)
	case lintPieceoftotal:
		return checkPieceoftotal(component, year)
	case lintPosinseqslash:
		return checkPosinseqslash(component, year)
	case lintSs:
		return checkSs(component, year)
	case lintWinding:
		return checkWinding(component, year)
	case lintYesno:
		return checkYesno(component, year)
	case lintYymmd0:
		return checkYymmd0(component, year)
	case lintYymmdd:
		return checkYymmdd(component, year)
	case lintYyyymmdd:
		return checkYyyymmdd(component, year)
	case lintZero:
		return checkZero(component, year)
	}
	panic("gs1: a linter without a test")
}

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
func (r *row) check(data string, year int) (n int, hard, warning *fault) {
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
			if found := lint.check(c, year); found != nil {
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
