//go:build !(linux || windows || (unix && cgo))

package scanner

// SerialSupported says whether this build can talk to serial ports.
const SerialSupported = false

var speeds []int

func openPort(SerialConfig) (port, error) { return nil, ErrSerialUnsupported }
