package gs1

// The parts of AI (4309) count from the south pole and from the meridian of
// Greenwich in ten-millionths of a degree.

func checkLatitude(s string, _ int) *fault {
	if s > "1800000000" {
		return whole(CodeValue, s, "latitude is north of the pole")
	}
	return nil
}

func checkLongitude(s string, _ int) *fault {
	if s > "3600000000" {
		return whole(CodeValue, s, "longitude is more than one turn")
	}
	return nil
}
