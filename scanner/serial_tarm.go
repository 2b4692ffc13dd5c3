//go:build linux || windows || (unix && cgo)

package scanner

import "github.com/tarm/serial"

// SerialSupported says whether this build can talk to serial ports.
const SerialSupported = true

// speeds are the ones that the driver takes on every system.
var speeds = []int{
	300, 600, 1200, 1800, 2400, 4800, 9600, 19200, 38400, 57600, 115200,
}

var parities = map[Parity]serial.Parity{ParityNone: serial.ParityNone, ParityOdd: serial.ParityOdd, ParityEven: serial.ParityEven}

// openPort opens the port in raw mode, 1 stop bit. It does not wait for a
// carrier, and uses no flow control.
func openPort(cfg SerialConfig) (port, error) {
	// Without a ReadTimeout Close would hang until the next byte came.
	p, err := serial.OpenPort(&serial.Config{Name: cfg.Device, Baud: cfg.Baud, Size: byte(cfg.Bits), Parity: parities[cfg.Parity], ReadTimeout: cfg.patience()})
	if err != nil {
		return nil, err // never a nil *serial.Port inside a port
	}
	if err := settle(cfg); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}
