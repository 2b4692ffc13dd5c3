// Package gs1 reads and writes the data of the GS1 system: element strings, scan
// data with an AIM symbology identifier, bracketed text as people print it, GS1
// Digital Link URIs, and the keys, dates and numbers in them.
//
// # Reading a scan
//
// Parse takes what a reader sent and says what it means:
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
// The form is found from the first characters: "]" begins scan data, "(" bracketed
// text, "http://" or "https://" a Digital Link URI; anything else is an element
// string, or a bare EAN or UPC number. Result.Form says which it was. All forms go
// through the same rules, so the verdict does not depend on how the data came.
//
// # What a result says
//
// Elements gives what keeps every rule of its Application Identifier (AI), exactly
// as read; only a bare GTIN is brought to 14 digits, and escapes are undone.
// Rejected gives what was delimited but breaks a rule, so that it can be shown and
// recorded, flagged; never use it as a value. Issues says why, in three severities:
//
//   - Hard: the text breaks the syntax, a character set, a check digit, a date
//     or a code list. The result is not Valid. Reading goes on behind the bad
//     element, so the good ones are still there.
//   - Association: the elements do not belong together (a lot without a GTIN, an
//     AI repeated with another value). The result is still Valid.
//   - Warning: the text is right but somebody should know: a date without a day,
//     AI data in a symbol that is not marked as GS1, a number with two readings.
//
// Each Issue has a stable Code for programs, the bytes concerned, a Message for
// the person who scanned and a Detail for an engineer.
//
// # Several barcodes on one pack
//
// Association rules hold over all the carriers of one item together. Half of a UDI
// printed as two barcodes fails alone and passes beside the other half:
//
//	a := gs1.Parse("]C10109506000134352", o)
//	b := gs1.Parse("]C11729013110ABC123", o)
//	issues := gs1.Associations(a, b) // none
//
// After a hard issue a missing AI is not reported: it may be the one that could not
// be read.
//
// # When the text came to harm on its way
//
// Parse is exact: white space and line ends are characters like others. Clean takes
// the framing off, undoes what is certain (words for the separator, a wrong keyboard
// layout, a code sent twice) and names each step. Where separators or the first
// characters were lost altogether nothing is certain: Readings lists the ways to
// read such text and chooses none. "10ABC17290131"
// is a lot of eleven characters to the letter of the standard; LostSeparator says
// when a right value plausibly hides another. Who knows more (a catalogue, another
// carrier of the pack) must compare.
//
// # Dates and numbers
//
// Result.Date, Result.DateTime and Result.HarvestDates give dates. A year of two
// digits finds its century in a window around the present year (General
// Specifications, section 7.12), so Options.Now must be set; without it they return
// ErrNoNow. A day 00 is the last of its month, and Date.DayKnown is false.
//
// Element.Decimal gives weights, measures, amounts and prices as exact numbers.
//
// # Keys and check digits
//
// ParseGTIN, ParseGLN, ParseGSRN, ParseSSCC, ParseGRAI, ParseGIAI, ParseGDTI and
// ParseGMN are the only makers of their types, so a value in hand has the right
// form and check digit. Their error is a *KeyError, which wraps ErrLength,
// ErrCheckDigit and the like. CheckDigit and CheckPair compute what belongs behind
// a number that is about to be given out.
//
// # Writing
//
// Result.ElementString, Result.ScanData, Result.HRI and Result.DigitalLink write the
// elements in the four forms, and Parse reads the same elements from each.
//
// # As strict as GS1
//
// Verdicts follow GS1's own syntax engine with its default options. Options.Strict
// gives them and nothing more. Without it Parse also reads what that engine leaves
// alone (a bare number, AI data in a symbol not marked as GS1) and says so.
//
// The table of Application Identifiers is generated from the GS1 Barcode Syntax
// Dictionary, release DictionaryRelease, by internal/aitable. Section numbers in
// this package are those of the GS1 General Specifications.
package gs1

//go:generate go run ./internal/aitable -dictionary $GS1_SYNTAX_DICTIONARY -output aitable.go
