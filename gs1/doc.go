// Package gs1 reads the GS1 system on strings: element strings, scan data with
// an AIM symbology identifier, bracketed text, and the keys and dates in them.
//
// Parse takes whatever the scanner sent, after its framing (CR, LF, STX) has
// been taken off, and says what it means:
//
//	r := gs1.Parse("]d201095060001343521729013110ABC123\x1d21SN987654", gs1.Options{Now: time.Now()})
//	if err := r.Err(); err != nil {
//		return err // what is wrong, and at which byte
//	}
//	gtin, ok := r.Value("01")  // "09506000134352", true
//	lot, ok := r.Value("10")   // "ABC123", true
//	expiry, err := r.Date("17") // 2029-01-31
//	fmt.Println(r.HRI())       // (01)09506000134352(17)290131(10)ABC123(21)SN987654
//
// # What a result says
//
// A Result never holds a value that was changed or trimmed; only a bare GTIN is
// brought to 14 digits. Elements holds what keeps every rule of its Application
// Identifier. Rejected holds what was delimited but breaks one, so that it can be
// shown and recorded, flagged. Issues says why, in three severities:
//
//   - Hard: the text breaks the syntax, a character set, a check digit, a date
//     or a code list. The result is not Valid. Reading goes on behind the bad
//     element, so the good ones are still there.
//   - Association: the elements do not belong together (a lot without a GTIN, an
//     AI repeated with another value). These rules hold over all the carriers of
//     one item together (GS1 General Specifications, section 4.13), so half of a
//     UDI printed as two barcodes has them; it is still Valid. After a hard error
//     a missing AI is not reported: it may be the one that could not be read.
//   - Warning: the text is right but somebody should know: a date without a day,
//     AI data in a symbol that is not marked as GS1, a number with two readings.
//
// A lost separator cannot be seen from inside: "10ABC17290131" is a lot of eleven
// characters to the letter of the standard. Callers who know more (a catalogue,
// another carrier of the pack) must compare.
//
// # Keys and dates
//
// ParseGTIN, ParseGLN, ParseGSRN and ParseSSCC are the only makers of their
// types, so a value in hand has the right length and check digit. They return a
// *KeyError that wraps ErrLength, ErrDigits or ErrCheckDigit. ParseDate finds
// the century with the sliding window of section 7.12 and wants the present
// time handed in; without one it returns ErrNoNow.
//
// # Where the rules come from
//
// The table of Application Identifiers is generated from the GS1 Barcode Syntax
// Dictionary by internal/aitable. Verdicts follow GS1's own syntax engine with
// its default options; where this package says more, the comment says so.
// Section numbers are those of the GS1 General Specifications.
package gs1

//go:generate go run ./internal/aitable -dictionary $GS1_SYNTAX_DICTIONARY -output aitable.go
