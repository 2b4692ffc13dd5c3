package staff

import (
	"slices"
	"strings"

	"github.com/trustelem/zxcvbn"
)

// guessesLeast is how many attempts a password has to withstand of somebody who
// tries common passwords, words, names, dates, runs on the keyboard and their
// usual disguises first. At the pace at which failures wait here (at most four an
// hour under one name, once the first have failed) nobody comes near it.
const guessesLeast = 1e9

// estimated is how much of a password is looked at, in characters: what follows
// makes no password easier, and the time of looking grows faster than its length.
const estimated = 40

// breached are passwords of the lists that circulate which look like chance to an
// estimate, and are long enough to be chosen here. All others of 12 characters and
// more in the 47,023 passwords that zxcvbn was made from are found out by it.
var breached = []string{
	"193570356033", "23wkoa0fp78dk", "6215mila6215", "89063032220m", "89semtsriuty", "aksjdlasdakj89879", "badiman28200", "bhrh0h2oof6xbqjeh",
	"blacksonblon", "cnfc35762209", "configuratio", "findaupair007", "gfhfktkjuhfv", "ghjatccbjyfk", "ghtdtlvtldtl", "gthtrfnbgjkt", "hd764nw5d7e1vbv",
	"ipo54tj45uy856", "ktjynsq40147", "lytdybrbdfvgbhf", "msoracle32re", "ne_e_pod_chehyl", "nhbujyjvtnhbz", "nick1234-rem936", "pfqwtd27121988",
	"polniypizdec1102", "sdicmt7seytn",
}

// guessable reports whether a password is among those that are tried first, or is
// made of them (ASVS 5.0, 6.2.4, 6.2.11 and 6.2.12). about are words of whoever
// chooses it.
func guessable(password string, about ...string) bool {
	if slices.Contains(breached, strings.ToLower(password)) {
		return true
	}
	if r := []rune(password); len(r) > estimated {
		password = string(r[:estimated])
	}
	words := []string{"implantrace", "implant", "theatre", "hospital", "nhs", "nurse", "surgeon", "ward"}
	for _, a := range about {
		words = append(append(words, a), strings.FieldsFunc(a, func(r rune) bool { return strings.ContainsRune(" .-_@'", r) })...)
	}
	return zxcvbn.PasswordStrength(password, words).Guesses < guessesLeast
}
