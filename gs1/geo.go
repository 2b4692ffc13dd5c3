package gs1

import "time"

// The parts of AI (4309) count from the south pole and from the meridian of
// Greenwich in ten-millionths of a degree.

func lintLatitude(s string, _ time.Time) *fault {
	if s > "1800000000" {
		return whole(CodeValue, s, "latitude is north of the pole")
	}
	return nil
}

func lintLongitude(s string, _ time.Time) *fault {
	if s > "3600000000" {
		return whole(CodeValue, s, "longitude is more than one turn")
	}
	return nil
}
