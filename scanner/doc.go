// Package scanner is where readings come from: handheld scanners on a serial
// port, and pictures of labels.
//
// A [Reading] is what was read, byte for byte, and nothing more. What it means
// is for others to say; [Reading.ScanData] is the string to give them.
//
// # Handhelds
//
// A [Serial] stays with one handheld for as long as it runs. It waits for a
// scanner that is not there yet, and takes it up again when somebody has pulled
// the cable out and put it back:
//
//	s, err := scanner.NewSerial(scanner.SerialConfig{
//		Name:   "Theatre 3 left",
//		Device: "/dev/serial/by-id/usb-Honeywell_1950g-if00",
//	}, scanner.OnEvent(show))
//	if err != nil {
//		return err // the configuration is wrong
//	}
//	err = s.Run(ctx, func(r scanner.Reading) { readings <- r })
//
// A text is a reading when its terminator (CR, LF or CRLF) has arrived. Until
// then it is nothing: what an unplugged cable cut off is counted and reported,
// never shown as a reading, and never joined to what comes after it.
//
// Let the handheld report AIM identifiers ("]d2", "]C1"); they are part of the
// text then, and a GS1 parser knows what it has before it.
//
// # Pictures
//
// [DecodeImage] reads the symbols in a JPEG, PNG or WebP picture:
//
//	p, err := scanner.DecodeImage(ctx, data, scanner.ImageOptions{
//		Workers: workers, // shared by everybody who decodes
//		Proves:  func(scanData string) bool { return checkDigitHolds(scanData) },
//	})
//	for _, s := range p.Symbols {
//		if s.Sure {
//			use(s.Reading(time.Now()))
//		} else {
//			askForAnotherScan()
//		}
//	}
//
// A picture is read by several passes, from cheap to dear. A symbol that is not
// Sure is a hint that something is there, and its text must not be acted on.
// The rule is at [Symbol].
package scanner
