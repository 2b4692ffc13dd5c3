package gs1

import "fmt"

// Severity says what an issue does to the verdict.
type Severity uint8

const (
	// Hard: the text breaks a rule of syntax or content; the result is not valid.
	Hard Severity = iota + 1
	// Association: AIs that must or must not go together. It holds over all the
	// carriers of one item together and leaves the result valid.
	Association
	// Warning: the text keeps every rule and somebody should know something.
	Warning
)

// String returns "hard", "association" or "warning".
func (s Severity) String() string {
	switch s {
	case Hard:
		return "hard"
	case Association:
		return "association"
	case Warning:
		return "warning"
	}
	return fmt.Sprintf("Severity(%d)", uint8(s))
}

// Codes of hard issues.
const (
	CodeEmpty            = "empty"             // no data, or an AI without a value
	CodeTooLarge         = "too-large"         // more than 8191 bytes; nothing was read
	CodeTooMany          = "too-many"          // more than 64 AIs; the rest was not read
	CodeSymbology        = "symbology"         // an AIM identifier that is cut short or not one of GS1's
	CodeNotGS1           = "not-gs1"           // a symbol not marked as GS1, with text that is no AI data
	CodeBrackets         = "brackets"          // brackets that do not enclose an AI
	CodeUnknownAI        = "unknown-ai"        // no AI starts here
	CodeTooShort         = "too-short"         // a value with too few characters
	CodeTooLong          = "too-long"          // a value of variable length with too many
	CodeMissingSeparator = "missing-separator" // data behind a value of fixed length that must end with a separator
	CodeStraySeparator   = "stray-separator"   // a separator with nothing before it to end
	CodeCharset          = "charset"           // a character the AI does not allow
	CodeCheckDigit       = "check-digit"       // a wrong check digit
	CodeCheckPair        = "check-pair"        // a wrong check character pair
	CodeCompanyPrefix    = "company-prefix"    // a key that does not start with a GS1 Company Prefix
	CodeDate             = "date"              // a day that does not exist
	CodeTime             = "time"              // a time of day that does not exist
	CodeCodeList         = "code-list"         // a code that is not in its list
	CodeValue            = "value"             // another rule of the AI's content
	CodeIBAN             = "iban"              // an IBAN that is none
	CodeCoupon           = "coupon"            // a coupon code that is none
	CodeURI              = "uri"               // a web address that is no Digital Link URI
	CodePathOrder        = "path-order"        // AIs in the path of a URI that must not follow its key, or not in that order
	CodeQuery            = "query"             // an AI in the query of a URI that must not be there
	CodeDuplicateAI      = "duplicate-ai"      // an AI that stands in a URI twice
)

// Codes of association issues.
const (
	CodeRequiredAI     = "required-ai"     // an AI that must go with this one is not there
	CodeExcludedAI     = "excluded-ai"     // an AI that must not go with this one is there
	CodeRepeatedAI     = "repeated-ai"     // an AI that came before with another value
	CodeRequiredSerial = "required-serial" // a signed key without its serial component
)

// Codes of warnings.
const (
	CodeDayNotGiven   = "day-not-given"  // a date whose day is 00
	CodeNotMarkedGS1  = "not-marked-gs1" // AI data in a symbol that is not marked as GS1
	CodeBareKey       = "bare-key"       // a number without an AI, read as a GTIN
	CodeAmbiguousKey  = "ambiguous-key"  // an element string that could also be a bare GTIN
	CodeUnallocatedAI = "unallocated-ai" // an AI that is not in the table, taken because the caller wants such
	CodeIgnored       = "ignored"        // a part of a URI's query that is no AI
	CodeEscape        = "escape"         // a value of a URI that seems to have been damaged
)

// Issue is one thing that is wrong or worth knowing.
type Issue struct {
	Code     string // one of the Code constants; stable
	Severity Severity
	AI       AI // "" when it concerns none

	// Offset and Length are the bytes concerned in the input given to Parse.
	// Length is 0 when something is missing.
	Offset, Length int

	Message string // one plain sentence for the person who scanned
	Detail  string // one sentence for an engineer
}

// Error is a hard issue as an error.
type Error struct{ Issue }

func (e *Error) Error() string {
	if e.AI == "" {
		return fmt.Sprintf("gs1: %s at byte %d: %s", e.Code, e.Offset, e.Detail)
	}
	return fmt.Sprintf("gs1: (%s) %s at byte %d: %s", e.AI, e.Code, e.Offset, e.Detail)
}
