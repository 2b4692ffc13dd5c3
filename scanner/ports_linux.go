package scanner

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// A Finder finds the handhelds that are plugged in, without opening a port.
type Finder struct {
	Root string // in place of / before /sys and /dev, for tests
}

// Ports lists the handhelds of known makers. It reads what the kernel tells of
// USB devices, and opens nothing.
func (f Finder) Ports() ([]Port, error) {
	root := f.Root
	if root == "" {
		root = "/"
	}
	class := filepath.Join(root, "sys", "class", "tty")
	entries, err := os.ReadDir(class)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var all []usbPort
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), "ttyACM") && !strings.HasPrefix(e.Name(), "ttyUSB") {
			continue
		}
		device, err := filepath.EvalSymlinks(filepath.Join(class, e.Name(), "device"))
		if err != nil {
			continue // it was just pulled out
		}
		if p, ok := usbOf(device); ok {
			p.file = filepath.Join(root, "dev", e.Name())
			all = append(all, p)
		}
	}
	byID, byPath := links(filepath.Join(root, "dev/serial/by-id")), links(filepath.Join(root, "dev/serial/by-path"))
	return named(portsOf(all, func(p usbPort, bySocket bool) string {
		file, err := filepath.EvalSymlinks(p.file)
		if err != nil {
			return p.file
		}
		if link := byID[file]; link != "" && !bySocket {
			return link
		}
		if link := byPath[file]; link != "" {
			return link
		}
		return p.file
	})), nil
}

// links are the symbolic links of a folder, by what they lead to.
func links(dir string) map[string]string {
	to := make(map[string]string)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return to // without udev there are none
	}
	for _, e := range entries {
		link := filepath.Join(dir, e.Name())
		if file, err := filepath.EvalSymlinks(link); err == nil {
			to[file] = link
		}
	}
	return to
}

// usbOf reads what the kernel tells of the USB device that a port belongs to: the
// nearest folder above it with a vendor's number.
func usbOf(device string) (p usbPort, ok bool) {
	read := func(dir, name string) string {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return ""
		}
		return strings.TrimSpace(string(b))
	}
	const above = 4
	for dir := device; len(dir) > 1 && strings.Count(device, "/")-strings.Count(dir, "/") < above; dir = filepath.Dir(dir) {
		if p.interfaceNo == "" {
			p.interfaceNo = read(dir, "bInterfaceNumber")
		}
		if p.vendor = strings.ToLower(read(dir, "idVendor")); p.vendor == "" {
			continue
		}
		p.product, p.serial, p.says = strings.ToLower(read(dir, "idProduct")), printable(read(dir, "serial")), printable(read(dir, "product"))
		p.socket = "USB " + filepath.Base(dir)
		return p, true
	}
	return p, false
}

// printable keeps what a device says of itself to what can stand in a name.
func printable(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || strings.ContainsRune(`"'<>&\`, r) {
			return -1
		}
		return r
	}, s)
	const longest = 60
	return strings.TrimSpace(s[:min(len(s), longest)])
}
