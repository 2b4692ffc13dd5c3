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
	for _, e := range r.Elements {
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
