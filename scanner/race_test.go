//go:build race

package scanner_test

const underRace = true
