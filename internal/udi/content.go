package udi

// content is what the text of one symbol says of a device.
type content struct {
	form     string // what the text was taken for
	elements []Element
	issues   []Issue
	device   Device
	origins  []Origin // with Carrier 0

	// check and link tie the two symbols of a HIBC pair together: the primary's
	// check character, and the same character as the secondary repeats it.
	check, link string
}
