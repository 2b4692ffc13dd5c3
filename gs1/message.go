package gs1

// message returns the plain sentence for a code: what is wrong, in the words of
// somebody who holds the pack.
func message(code string, ai AI) string {
	field := plainName(ai)
	switch code {
	case CodeEmpty:
		if ai == "" {
			return "The scan has no data."
		}
		return "The " + field + " is empty."
	case CodeTooLarge:
		return "The scan is far longer than any barcode."
	case CodeTooMany:
		return "The scan has more fields than any barcode."
	case CodeSymbology:
		return "This kind of barcode is not one that GS1 uses."
	case CodeNotGS1:
		return "This barcode does not hold GS1 data that can be read here."
	case CodeBrackets:
		return "The brackets around a field are not closed or not opened."
	case CodeUnknownAI:
		return "A part of the scan starts with no known field number."
	case CodeTooShort:
		return "The " + field + " is too short; a part may be missing."
	case CodeTooLong:
		return "The " + field + " is too long; a separator may have been lost."
	case CodeMissingSeparator:
		return "The " + field + " runs on without a separator."
	case CodeStraySeparator:
		return "There is a separator where none belongs."
	case CodeCharset:
		return "The " + field + " has a character that is not allowed there."
	case CodeCheckDigit, CodeCheckPair:
		return "The check on the " + field + " fails; it may have been misread or misprinted."
	case CodeCompanyPrefix:
		return "The " + field + " does not start with a company number."
	case CodeDate:
		return "The " + field + " is not a day that exists."
	case CodeTime:
		return "The " + field + " is not a time that exists."
	case CodeCodeList:
		return "The " + field + " is not a code from its list."
	case CodeIBAN:
		return "The " + field + " is not a bank account number."
	case CodeCoupon:
		return "The " + field + " is not a coupon code."
	case CodeURI:
		return "This web address is not a GS1 Digital Link, so it does not say which product it is."
	case CodePathOrder:
		return "The " + field + " does not belong where it stands in this web address."
	case CodeQuery:
		return "The " + field + " must not stand behind the question mark of this web address."
	case CodeDuplicateAI:
		return "The " + field + " stands in this web address twice."
	case CodeRequiredAI:
		return "The " + field + " is there without what belongs with it; there may be another barcode to scan."
	case CodeExcludedAI:
		return "The " + field + " is there together with something that cannot go with it."
	case CodeRepeatedAI:
		return "The " + field + " is there twice with different values."
	case CodeRequiredSerial:
		return "The " + field + " has no serial number, though it is signed."
	case CodeDayNotGiven:
		return "The " + field + " gives a month but no day; since 2025 GS1 wants the day on medicines and medical devices."
	case CodeNotMarkedGS1:
		return "This barcode is not marked as GS1 but reads as GS1 data; check it against the label."
	case CodeUnallocatedAI:
		return "The " + field + " is not one that GS1 has defined."
	case CodeEscape:
		return "The " + field + " in this web address looks damaged; compare it with the label."
	case CodeIgnored:
		return "A part of this web address is no GS1 data and was left out."
	case CodeBareKey:
		return "This is a number without a field number; it was read as a product number."
	case CodeAmbiguousKey:
		return "This could also be a bare product number; check it against the label."
	}
	return "The " + field + " breaks a rule."
}

// plainName returns what people call the field of an AI.
func plainName(ai AI) string {
	switch ai {
	case "00":
		return "shipping unit number (SSCC)"
	case "01":
		return "product number (GTIN)"
	case "02":
		return "product number of the contents"
	case "10":
		return "batch or lot number"
	case "11":
		return "production date"
	case "12":
		return "due date"
	case "13":
		return "packaging date"
	case "15":
		return "best-before date"
	case "16":
		return "sell-by date"
	case "17":
		return "expiry date"
	case "20":
		return "product variant"
	case "21":
		return "serial number"
	case "30", "37":
		return "quantity"
	case "240":
		return "additional product number"
	case "410", "411", "412", "413", "414", "415", "416", "417":
		return "location number (GLN)"
	case "8017":
		return "staff number (GSRN)"
	case "8018":
		return "patient number (GSRN)"
	}
	if title := ai.Title(); title != "" {
		return "field " + string(ai) + " (" + title + ")"
	}
	if ai != "" {
		return "field " + string(ai)
	}
	return "field"
}
