package gs1

// carrier is what a GS1 reader expects behind an AIM symbology identifier
// (ISO/IEC 15424).
type carrier uint8

const (
	carrierOther carrier = iota // not a carrier of the GS1 system
	carrierAI                   // element strings
	carrierPlain                // the same symbols without FNC1 in the first place
	carrierEAN13                // a GTIN of 13 digits; UPC-A and UPC-E come as one
	carrierEAN8                 // a GTIN of 8 digits
	carrierITF14                // a GTIN of 14 digits
)

func carrierOf(symbology string) carrier {
	switch symbology {
	case "]C1", // GS1-128
		"]e0", // GS1 DataBar and the composite component
		"]d2", // GS1 DataMatrix
		"]Q3", // GS1 QR Code
		"]J1": // GS1 DotCode
		return carrierAI
	case "]C0", "]d1", "]Q1", "]J0":
		return carrierPlain
	case "]E0":
		return carrierEAN13
	case "]E4":
		return carrierEAN8
	case "]I1":
		return carrierITF14
	}
	return carrierOther
}

// identifierLength is "]", the symbology and the modifier.
const identifierLength = 3

// scanData reads data behind an AIM identifier.
func (p *parser) scanData() {
	if len(p.input) < identifierLength || p.input[0] != ']' {
		p.hard(CodeSymbology, "", 0, min(identifierLength, len(p.input)), "the AIM symbology identifier is missing or cut short")
		return
	}
	p.Symbology = p.input[:identifierLength]
	switch carrierOf(p.Symbology) {
	case carrierAI:
		p.elementString(identifierLength)
	case carrierPlain:
		p.notMarked()
	case carrierEAN13:
		p.bareSymbol(13)
	case carrierEAN8:
		p.bareSymbol(8)
	case carrierITF14:
		if p.o.Strict {
			p.otherCarrier()
		} else {
			p.bareSymbol(14)
		}
	case carrierOther:
		p.otherCarrier()
	}
}

// notMarked reads a symbol without FNC1 in the first place: a Digital Link URI,
// or plain text. Label software often prints AI data in one, so text that reads
// cleanly as such is taken, and said; a strict reading leaves it alone.
func (p *parser) notMarked() {
	switch {
	case isWebAddress(p.input[identifierLength:]):
		p.digitalLink(identifierLength)
	case p.o.Strict:
		p.Form, p.plain = FormPlain, true
	case p.clean():
		p.issue(CodeNotMarkedGS1, Warning, "", 0, identifierLength, p.Symbology+" says that there is no FNC1 in the first place")
	}
}

// otherCarrier reads a symbol that GS1 does not use. Data that reads cleanly is
// shown, and the result is not valid.
func (p *parser) otherCarrier() {
	if !p.clean() {
		return
	}
	p.hard(CodeSymbology, "", 0, identifierLength, p.Symbology+" is not a carrier of the GS1 system")
}

// clean reads AI data, and when that gives any hard issue forgets it and reports
// plain text instead.
func (p *parser) clean() bool {
	p.elementString(identifierLength)
	if !p.hasHard() {
		return true
	}
	p.forget()
	p.Form = FormPlain
	p.hard(CodeNotGS1, "", identifierLength, len(p.input)-identifierLength, "the text behind "+p.Symbology+" is not AI data")
	return false
}
