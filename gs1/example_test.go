package gs1_test

import (
	"errors"
	"fmt"
	"time"

	"implantrace/gs1"
)

// now would be time.Now() outside of an example.
var now = time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)

func Example() {
	r := gs1.Parse("]d201095060001343521729013110ABC123\x1d21SN987654", gs1.Options{Now: now})
	for e := range r.Elements() {
		fmt.Printf("%-16s %s\n", e.AI.Title(), e.Value)
	}
	expiry, err := r.Date("17")
	fmt.Println(expiry, err)
	// Output:
	// GTIN             09506000134352
	// USE BY or EXPIRY 290131
	// BATCH/LOT        ABC123
	// SERIAL           SN987654
	// 2029-01-31 <nil>
}

func ExampleParse_badElement() {
	r := gs1.Parse("010950600013435317290131"+"10ABC123", gs1.Options{Now: now})
	fmt.Println(r.Valid(), r.HRI())
	for _, i := range r.Issues {
		fmt.Println(i.Severity, i.Code, i.AI, "at", i.Offset)
		fmt.Println(i.Message)
	}
	// Output:
	// false (17)290131(10)ABC123
	// hard check-digit 01 at 15
	// The check on the product number (GTIN) fails; it may have been misread or misprinted.
}

func ExampleParse_halfOfAUDI() {
	r := gs1.Parse("]C11729013110ABC123", gs1.Options{Now: now})
	fmt.Println(r.Valid(), r.HRI())
	for _, i := range r.Issues {
		fmt.Println(i.Severity, i.Code, i.AI)
	}
	// Output:
	// true (17)290131(10)ABC123
	// association required-ai 17
	// association required-ai 10
}

func ExampleParse_bareKey() {
	r := gs1.Parse("5000456013482", gs1.Options{})
	fmt.Println(r.Form, r.HRI(), r.Issues[0].Code)
	// These digits are also AI (95), for internal use, with a value.
	r = gs1.Parse("9506000134352", gs1.Options{})
	fmt.Println(r.Form, r.HRI(), r.Issues[0].Code)
	// Output:
	// plain (01)05000456013482 bare-key
	// element_string (95)06000134352 ambiguous-key
}

func ExampleResult_Value() {
	r := gs1.Parse("]d201095060001343521729013110ABC123\x1d21SN987654", gs1.Options{Now: now})
	lot, there := r.Value("10")
	fmt.Println(lot, there)
	expiry, err := r.Date("17")
	fmt.Println(expiry, err, expiry.Time().Before(now))
	_, there = r.Value("11")
	fmt.Println(there)
	// Output:
	// ABC123 true
	// 2029-01-31 <nil> false
	// false
}

func ExampleResult_DateTime() {
	r := gs1.Parse("(01)09506000134352(7003)2901312359", gs1.Options{Now: now})
	t, err := r.DateTime("7003")
	fmt.Println(t, t.Precision, err)
	// Output: 2029-01-31T23:59 minute <nil>
}

func ExampleAssociations() {
	product := gs1.Parse("]C10109506000134352", gs1.Options{Now: now})
	lot := gs1.Parse("]C11729013110ABC123", gs1.Options{Now: now})
	fmt.Println(len(gs1.Associations(lot)), "alone,", len(gs1.Associations(product, lot)), "together")
	other := gs1.Parse("]C110XYZ", gs1.Options{Now: now})
	for _, i := range gs1.Associations(product, lot, other) {
		fmt.Println("carrier", i.Carrier, i.Code, i.AI)
		fmt.Println(i.Message)
	}
	// Output:
	// 2 alone, 0 together
	// carrier 2 repeated-ai 10
	// The batch or lot number is there twice with different values.
}

func ExampleParse_digitalLink() {
	r := gs1.Parse("https://example.com/shop/01/09506000134352/10/A%2F1?17=290131&lang=en", gs1.Options{Now: now})
	fmt.Println(r.Form, r.HRI())
	for _, i := range r.Issues {
		fmt.Println(i.Severity, i.Code, "at", i.Offset)
	}
	// Output:
	// dl_uri (01)09506000134352(10)A/1(17)290131
	// warning ignored at 62
}

func ExampleResult_DigitalLink() {
	r := gs1.Parse("]d201095060001343521729013110A/1\x1d21SN987654", gs1.Options{Now: now})
	uri, err := r.DigitalLink()
	fmt.Println(uri, err)
	// Output: https://id.gs1.org/01/09506000134352/10/A%2F1/21/SN987654?17=290131 <nil>
}

func ExampleResult_TitledHRI() {
	r := gs1.Parse("]d201095060001343521729013110ABC123", gs1.Options{Now: now})
	fmt.Println(r.TitledHRI())
	// Output:
	// GTIN (01) 09506000134352
	// USE BY or EXPIRY (17) 290131
	// BATCH/LOT (10) ABC123
}

func ExampleOptions_strict() {
	const text = "]d10109506000134352" // not marked as GS1
	fmt.Println(gs1.Parse(text, gs1.Options{}).HRI())
	strict := gs1.Parse(text, gs1.Options{Strict: true})
	fmt.Println(strict.Form, strict.Valid(), strict.Len())
	// Output:
	// (01)09506000134352
	// plain true 0
}

func ExampleElement_Decimal() {
	r := gs1.Parse("(01)09506000134352(3103)012345(3932)8260299", gs1.Options{})
	for e := range r.Elements() {
		if d, ok := e.Decimal(); ok {
			fmt.Printf("%s %v %q\n", e.AI.Title(), d, d.Currency)
		}
	}
	// Output:
	// NET WEIGHT (kg) 12.345 ""
	// PRICE 2.99 "826"
}

func ExampleClean() {
	c := gs1.Clean("]d20109506000134352<GS>10ABC123<GS>21SN987654\r\n", gs1.Options{Now: now})
	for _, step := range c.Steps {
		fmt.Println(step.Code)
	}
	fmt.Println(gs1.Parse(c.Text, gs1.Options{Now: now}).HRI())
	// Output:
	// framing
	// separator
	// (01)09506000134352(10)ABC123(21)SN987654
}

func ExampleReadings() {
	// The separator behind the lot was lost.
	const text = "010950600013435210ABC1231729013121SN98"
	for _, reading := range gs1.Readings(text, gs1.Options{Now: now}) {
		for _, e := range reading.Elements {
			fmt.Printf("(%s)%s", e.AI, e.Value)
		}
		fmt.Println()
	}
	// Output:
	// (01)09506000134352(10)ABC123(17)290131(21)SN98
	// (01)09506000134352(10)ABC12317290131(21)SN98
	// (01)09506000134352(10)ABC123172(90)13121SN98
	// (01)09506000134352(10)ABC123172(90)131(21)SN98
}

func ExampleCheckPair() {
	pair, err := gs1.CheckPair("1987654Ad4X4bL5ttr2310c")
	fmt.Println(pair, err)
	// Output: 2K <nil>
}

func ExampleGTIN_Short() {
	gtin, err := gs1.ParseGTIN("00000095050003")
	fmt.Println(gtin.Short(), err)
	// Output: 95050003 <nil>
}

func ExampleResult_HRI() {
	r := gs1.Parse("01095060001343521729013110A(1)", gs1.Options{Now: now})
	fmt.Println(r.HRI())
	// Output: (01)09506000134352(17)290131(10)A\(1)
}

func ExampleResult_ElementString() {
	r := gs1.Parse("(10)ABC123(01)09506000134352", gs1.Options{})
	fmt.Printf("%q\n", r.ElementString())
	// Output: "10ABC123\x1d0109506000134352"
}

func ExampleResult_Err() {
	err := gs1.Parse("0109506000134353", gs1.Options{}).Err()
	var e *gs1.Error
	if errors.As(err, &e) {
		fmt.Println(e.Code, e.AI)
	}
	fmt.Println(err)
	// Output:
	// check-digit 01
	// gs1: (01) check-digit at byte 15: check digit is 3, computed 2
}

func ExampleParseGTIN() {
	gtin, err := gs1.ParseGTIN("9506000134352")
	fmt.Println(gtin, err)
	_, err = gs1.ParseGTIN("9506000134353")
	fmt.Println(errors.Is(err, gs1.ErrCheckDigit))
	// Output:
	// 09506000134352 <nil>
	// true
}

func ExampleParseDate() {
	d, _ := gs1.ParseDate("290200", now)
	fmt.Println(d, d.DayKnown)
	// Output: 2029-02-28 false
}

func ExampleCheckDigit() {
	c, err := gs1.CheckDigit("950600013435")
	fmt.Printf("%c %v\n", c, err)
	// Output: 2 <nil>
}
