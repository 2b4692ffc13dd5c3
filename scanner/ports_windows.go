package scanner

import (
	"errors"
	"io/fs"
	"strings"

	"golang.org/x/sys/windows/registry"
)

// A Finder finds the handhelds that are plugged in, without opening a port.
type Finder struct {
	Root string // not used on Windows
}

// Ports lists the handhelds of known makers: the COM ports that are there now
// (HARDWARE\DEVICEMAP\SERIALCOMM), as far as the USB devices of the registry name
// them. It opens no port.
func (Finder) Ports() ([]Port, error) {
	present, err := presentPorts()
	if err != nil {
		return nil, err
	}
	const usb = `SYSTEM\CurrentControlSet\Enum\USB`
	var all []usbPort
	for _, device := range keysBelow(usb) {
		vendor, product, interfaceNo, ok := hardwareID(device)
		if !ok {
			continue
		}
		for _, instance := range keysBelow(usb + `\` + device) {
			path := usb + `\` + device + `\` + instance
			file := textOf(path+`\Device Parameters`, "PortName")
			if !present[file] {
				continue
			}
			p := usbPort{vendor: vendor, product: product, interfaceNo: interfaceNo, file: file, socket: file}
			// An instance that Windows made up for the socket has an ampersand.
			if !strings.Contains(instance, "&") {
				p.serial = instance
			}
			all = append(all, p)
		}
	}
	return named(portsOf(all, func(p usbPort, _ bool) string { return p.file })), nil
}

// presentPorts are the COM ports that are there now.
func presentPorts() (map[string]bool, error) {
	there := make(map[string]bool)
	k, err := registry.OpenKey(registry.LOCAL_MACHINE, `HARDWARE\DEVICEMAP\SERIALCOMM`, registry.QUERY_VALUE)
	if errors.Is(err, fs.ErrNotExist) {
		return there, nil // no port was there since the start
	}
	if err != nil {
		return nil, err
	}
	defer k.Close()
	names, err := k.ReadValueNames(0)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if port, _, err := k.GetStringValue(name); err == nil {
			there[port] = true
		}
	}
	return there, nil
}

func keysBelow(path string) []string {
	k, err := registry.OpenKey(registry.LOCAL_MACHINE, path, registry.ENUMERATE_SUB_KEYS)
	if err != nil {
		return nil
	}
	defer k.Close()
	names, _ := k.ReadSubKeyNames(0) // what can be read of them
	return names
}

func textOf(path, name string) string {
	k, err := registry.OpenKey(registry.LOCAL_MACHINE, path, registry.QUERY_VALUE)
	if err != nil {
		return ""
	}
	defer k.Close()
	text, _, _ := k.GetStringValue(name)
	return text
}
