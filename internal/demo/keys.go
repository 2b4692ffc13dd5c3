package demo

import (
	"fmt"
	"math/rand/v2"

	"implantrace/gs1"
	"implantrace/internal/udi"
)

// prefix is the GS1 prefix for demonstrations and examples (GS1 General
// Specifications 1.4.1).
const prefix = "952"

// withCheckDigit puts a GS1 check digit behind digits.
func withCheckDigit(body string) string {
	d, err := gs1.CheckDigit(body)
	if err != nil {
		panic("demo: " + body + ": " + err.Error()) // built from numbers only
	}
	return body + string(d)
}

// gtin is the GTIN-14 of a maker's item.
func gtin(maker, item int) string {
	return withCheckDigit(fmt.Sprintf("0%s%04d%05d", prefix, maker, item))
}

func gln(place int) string { return withCheckDigit(fmt.Sprintf("%s9900%05d", prefix, place)) }

func staffGSRN(n int) string { return withCheckDigit(fmt.Sprintf("%s9900%010d", prefix, n)) }

// wristbandGSRN is what AI 8018 holds on a wristband (DCB1077).
func wristbandGSRN(nhs udi.NHSNumber) string { return withCheckDigit("5050898" + string(nhs)) }

// nhsNumber makes one of the range that is never issued.
func nhsNumber(r *rand.Rand) udi.NHSNumber {
	for {
		nine := fmt.Sprintf("999%06d", r.IntN(1_000_000))
		for d := range 10 {
			if n, err := udi.ParseNHSNumber(fmt.Sprint(nine, d)); err == nil {
				return n
			}
		}
		// One in eleven has no check digit.
	}
}
