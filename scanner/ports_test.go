//go:build linux

package scanner_test

import (
	"iter"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"implantrace/scanner"
)

// usb is a tree as the kernel and udev make it: /sys and /dev.
type usb struct {
	t    *testing.T
	root string
}

func newUSB(t *testing.T) usb {
	u := usb{t, t.TempDir()}
	for _, dir := range []string{"sys/class/tty", "dev/serial/by-id", "dev/serial/by-path"} {
		u.check(os.MkdirAll(filepath.Join(u.root, dir), 0o700))
	}
	return u
}

func (u usb) check(err error) {
	u.t.Helper()
	if err != nil {
		u.t.Fatal(err)
	}
}

// plug puts a device into a socket ("1-1.2"): its tty becomes what is opened.
func (u usb) plug(tty, socket, vendor, product, serial, says, byID string) {
	u.t.Helper()
	device := filepath.Join(u.root, "sys/devices/usb1", socket)
	face := filepath.Join(device, socket+":1.0")
	u.check(os.MkdirAll(face, 0o700))
	for name, text := range map[string]string{"idVendor": vendor, "idProduct": product, "serial": serial, "product": says} {
		if text != "" {
			u.check(os.WriteFile(filepath.Join(device, name), []byte(text+"\n"), 0o600))
		}
	}
	u.check(os.WriteFile(filepath.Join(face, "bInterfaceNumber"), []byte("00\n"), 0o600))
	class := filepath.Join(u.root, "sys/class/tty", tty)
	u.check(os.MkdirAll(class, 0o700))
	u.check(os.Symlink(face, filepath.Join(class, "device")))
	file := filepath.Join(u.root, "dev", tty)
	u.check(os.WriteFile(file, nil, 0o600))
	if byID != "" {
		link := filepath.Join(u.root, "dev/serial/by-id", byID)
		os.Remove(link) // the last that claims a name has it
		u.check(os.Symlink(file, link))
	}
	u.check(os.Symlink(file, filepath.Join(u.root, "dev/serial/by-path", "pci-0:usb-0:"+socket)))
}

func (u usb) unplug(tty, socket string) {
	u.check(os.RemoveAll(filepath.Join(u.root, "sys/class/tty", tty)))
	u.check(os.RemoveAll(filepath.Join(u.root, "sys/devices/usb1", socket)))
	u.check(os.Remove(filepath.Join(u.root, "dev", tty)))
	u.check(os.Remove(filepath.Join(u.root, "dev/serial/by-path", "pci-0:usb-0:"+socket)))
}

func (u usb) ports() map[string]scanner.Port {
	u.t.Helper()
	all, err := scanner.Finder{Root: u.root}.Ports()
	u.check(err)
	ports := make(map[string]scanner.Port)
	for _, p := range all {
		ports[filepath.Base(p.File)] = p
	}
	return ports
}

func TestPortsAreThoseOfScannersAlone(t *testing.T) {
	u := newUSB(t)
	u.plug("ttyACM0", "1-1", "0c2e", "0caa", "B1234", "Xenon 1950g", "usb-Honeywell_B1234-if00")
	u.plug("ttyUSB0", "1-2", "051d", "0002", "UPS1", "Smart-UPS", "usb-APC-if00")      // a power supply
	u.plug("ttyUSB1", "1-3", "0403", "6001", "A9", "FT232R USB UART", "usb-FTDI-if00") // anything at all
	u.plug("ttyACM1", "1-4.1", "05e0", "1701", "", "", "")
	u.check(os.MkdirAll(filepath.Join(u.root, "sys/class/tty/ttyS0"), 0o700))
	ports := u.ports()
	if len(ports) != 2 {
		t.Fatalf("%+v", ports)
	}
	byID, bySocket := ports["ttyACM0"], ports["ttyACM1"]
	if byID.Name != "Honeywell Xenon 1950g B1234" || byID.Socket || filepath.Base(byID.Device) != "usb-Honeywell_B1234-if00" {
		t.Errorf("%+v", byID)
	}
	if bySocket.Name != "Zebra in USB 1-4.1" || !bySocket.Socket || filepath.Base(bySocket.Device) != "pci-0:usb-0:1-4.1" {
		t.Errorf("%+v", bySocket)
	}
}

func TestAScannerKeepsItsNameInAnotherSocket(t *testing.T) {
	u := newUSB(t)
	u.plug("ttyACM0", "1-1", "0c2e", "0caa", "B1", "Xenon", "usb-1")
	u.plug("ttyACM1", "1-2", "0c2e", "0caa", "B2", "Xenon", "usb-2")
	before := u.ports()
	u.unplug("ttyACM0", "1-1")
	u.unplug("ttyACM1", "1-2")
	u.plug("ttyACM0", "1-1", "0c2e", "0caa", "B2", "Xenon", "usb-2")
	u.plug("ttyACM1", "1-2", "0c2e", "0caa", "B1", "Xenon", "usb-1")
	after := u.ports()
	for was, is := range map[string]string{"ttyACM0": "ttyACM1", "ttyACM1": "ttyACM0"} {
		if before[was].Name != after[is].Name || before[was].Key != after[is].Key || before[was].Device != after[is].Device {
			t.Errorf("%+v became %+v", before[was], after[is])
		}
	}
	if file, err := (scanner.Finder{Root: u.root}).Locate(before["ttyACM0"].Key); err != nil || filepath.Base(file) != "ttyACM1" {
		t.Errorf("%q, %v", file, err)
	}
}

func TestScannersThatShareAnIDAreToldByTheirSockets(t *testing.T) {
	u := newUSB(t)
	u.plug("ttyACM0", "1-1", "0c2e", "0caa", "000", "Xenon", "usb-same")
	alone := u.ports()["ttyACM0"]
	u.plug("ttyACM1", "1-2", "0c2e", "0caa", "000", "Xenon", "usb-same")
	ports := u.ports()
	a, b := ports["ttyACM0"], ports["ttyACM1"]
	if a.Key == b.Key || a.Name == b.Name || !a.Socket || !b.Socket || filepath.Base(a.Device) != "pci-0:usb-0:1-1" || filepath.Base(b.Device) != "pci-0:usb-0:1-2" {
		t.Errorf("%+v\n%+v", a, b)
	}
	// The name that the first had is nobody's now.
	if file, err := (scanner.Finder{Root: u.root}).Locate(alone.Key); err == nil {
		t.Errorf("the shared name leads to %s", file)
	}
}

// A socket that a scanner was in may hold something else now: it is not opened.
func TestWhatCameIntoAScannersSocketIsNotOpened(t *testing.T) {
	u := newUSB(t)
	u.plug("ttyACM0", "1-1", "05e0", "1701", "", "DS", "")
	key := u.ports()["ttyACM0"].Key
	u.unplug("ttyACM0", "1-1")
	u.plug("ttyACM0", "1-1", "051d", "0002", "", "Smart-UPS", "")
	if file, err := (scanner.Finder{Root: u.root}).Locate(key); err == nil {
		t.Errorf("%s would be opened", file)
	}
}

func TestPortsWithoutUdevOrKernelAreNone(t *testing.T) {
	u := newUSB(t)
	u.plug("ttyACM0", "1-1", "05e0", "1701", "S1", "DS", "usb-x")
	u.check(os.RemoveAll(filepath.Join(u.root, "dev/serial")))
	if p := u.ports()["ttyACM0"]; p.Device != p.File || p.File == "" {
		t.Errorf("%+v", p)
	}
	if ports, err := (scanner.Finder{Root: t.TempDir()}).Ports(); err != nil || len(ports) > 0 {
		t.Errorf("%v, %v", ports, err)
	}
}

func TestNamesOfPortsHoldNothingThatADeviceMadeUp(t *testing.T) {
	u := newUSB(t)
	u.plug("ttyACM0", "1-1", "05e0", "1701", "S<1>\x07", "DS\"&\x1b[31m", "usb-x")
	if p := u.ports()["ttyACM0"]; p.Name != "Zebra DS[31m S1" {
		t.Errorf("%q", p.Name)
	}
}

func vendorsOf(rules string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, m := range regexp.MustCompile(`idVendor}=="([0-9a-f]{4})"`).FindAllStringSubmatch(rules, -1) {
			if !yield(m[1]) {
				return
			}
		}
	}
}

func TestPackagingKnowsTheSameMakers(t *testing.T) {
	rules, err := os.ReadFile("../packaging/70-implantrace.rules")
	if err != nil {
		t.Fatal(err)
	}
	u := newUSB(t)
	for i, vendor := range []string{"0536", "05e0", "05f9", "065a", "067e", "080c", "0c2e", "11fa", "1eab"} {
		u.plug("ttyACM"+string(rune('0'+i)), "1-"+string(rune('0'+i)), vendor, "0001", "S", "", "")
		if !slices.Contains(slices.Collect(vendorsOf(string(rules))), vendor) {
			t.Errorf("packaging does not know %s", vendor)
		}
	}
	if n := len(u.ports()); n != 9 {
		t.Errorf("%d ports", n)
	}
	for vendor := range vendorsOf(string(rules)) {
		u := newUSB(t)
		u.plug("ttyACM0", "1-1", vendor, "0001", "S", "", "")
		if len(u.ports()) != 1 {
			t.Errorf("%s of the packaging's rules is not found", vendor)
		}
	}
}
