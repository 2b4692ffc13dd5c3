//go:build !race

package gs1

const raceDetector = false
