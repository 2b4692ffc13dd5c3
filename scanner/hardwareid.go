package scanner

import "strings"

// hardwareID takes a USB device's name in the registry of Windows apart, such as
// VID_0C2E&PID_0CAA&MI_00: the vendor's and product's numbers in lower case, and
// the interface of a device with several.
func hardwareID(name string) (vendor, product, interfaceNo string, ok bool) {
	for part := range strings.SplitSeq(strings.ToLower(name), "&") {
		key, value, _ := strings.Cut(part, "_")
		switch key {
		case "vid":
			vendor = value
		case "pid":
			product = value
		case "mi":
			interfaceNo = value
		}
	}
	return vendor, product, interfaceNo, len(vendor) == 4 && len(product) == 4
}
