package scanner

import (
	"errors"
	"fmt"
	"slices"
)

// A Port is a serial port at which a handheld of a known maker is plugged in.
type Port struct {
	// Key is what stays the same of it: the scanner's serial number, or, where it
	// has none or shares it with another, the socket that it is in.
	Key string

	Device string // by which it is opened: under /dev/serial/by-id or by-path, or COM3
	Name   string // for people: maker, product and what tells it from others
	File   string // what Device leads to now: /dev/ttyACM0, COM3
	Socket bool   // Key says the socket, and not the scanner
}

// makers are the makers of handhelds by their USB vendor number. A port of
// anybody else is not opened unless somebody names it: to open a port raises its
// lines, which resets some devices, and switches some power supplies off.
// packaging/70-implantrace.rules has the same.
var makers = map[string]string{
	"0536": "Honeywell", // Hand Held Products
	"05e0": "Zebra",     // Symbol
	"05f9": "Datalogic",
	"065a": "Opticon",
	"067e": "Honeywell", // Intermec
	"080c": "Datalogic",
	"0c2e": "Honeywell", // Metrologic
	"11fa": "Code",
	"1eab": "Newland",
}

// usbPort is what a system tells of a serial port on USB.
type usbPort struct {
	vendor, product string // numbers, four hexadecimal digits
	serial          string // "" where the device has none
	says            string // what the device calls itself
	interfaceNo     string // of a device with several ports
	socket          string // where it is plugged in
	file            string
}

// identity is what by-id names are made of.
func (p usbPort) identity() string {
	return p.vendor + ":" + p.product + ":" + p.serial + ":" + p.interfaceNo
}

// portsOf picks the handhelds and says how each is told from the others.
func portsOf(all []usbPort, link func(p usbPort, bySocket bool) string) []Port {
	var ports []Port
	count := make(map[string]int)
	for _, p := range all {
		count[p.identity()]++
	}
	for _, p := range all {
		maker, known := makers[p.vendor]
		if !known {
			continue
		}
		// Without a number of its own another scanner of the same kind would pass
		// for this one; with a number that two have, either for the other.
		bySocket := p.serial == "" || count[p.identity()] > 1
		port := Port{Key: "id " + p.identity(), File: p.file, Socket: bySocket}
		what := maker
		if p.says != "" {
			what += " " + p.says
		}
		if bySocket {
			port.Key = "socket " + p.socket + ":" + p.interfaceNo
			port.Name = what + " in " + p.socket
		} else {
			port.Name = what + " " + p.serial
		}
		port.Device = link(p, bySocket)
		ports = append(ports, port)
	}
	slices.SortFunc(ports, func(a, b Port) int {
		if a.Key < b.Key {
			return -1
		}
		return 1
	})
	return ports
}

// ErrNoPorts means that this system does not tell which scanners are plugged in.
var ErrNoPorts = errors.New("on this system scanners are not found by themselves: name them")

// Locate gives the file to open for a port that was found before, by its key: it
// is looked for anew, so that what has come to be in its place is not opened.
func (f Finder) Locate(key string) (string, error) {
	ports, err := f.Ports()
	if err != nil {
		return "", err
	}
	for _, p := range ports {
		if p.Key == key {
			return p.File, nil
		}
	}
	return "", errUnplugged
}

// named gives two ports of one name a number each.
func named(ports []Port) []Port {
	count := make(map[string]int)
	for i, p := range ports {
		count[p.Name]++
		if n := count[p.Name]; n > 1 {
			ports[i].Name = fmt.Sprintf("%s (%d)", p.Name, n)
		}
	}
	return ports
}
