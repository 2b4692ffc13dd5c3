package scanner

import "time"

// Source says by which road a reading came.
type Source string

const (
	SourceSerial    Source = "serial"    // a handheld on a serial port
	SourcePicture   Source = "picture"   // a photograph or an uploaded image
	SourceCamera    Source = "camera"    // a camera whose pictures a page reads itself
	SourceWedge     Source = "wedge"     // a handheld that types like a keyboard
	SourceTyped     Source = "typed"     // typed by a person
	SourceRecording Source = "recording" // a recorded stream, played back
	SourceImport    Source = "import"    // a file of earlier readings
)

// Reading is what was read; nothing in it is interpreted.
type Reading struct {
	// Text is exactly as read: FNC1 as 0x1D, the terminator removed, nothing
	// else changed. From a handheld it may hold any bytes but CR and LF.
	Text string

	// Symbology is the AIM identifier ("]d2", "]C1") when the reader reports
	// it apart from the text. It is empty when unknown, and when the scanner
	// sends it as the first characters of Text.
	Symbology string

	// Format names the kind of symbol found in a picture or by a camera
	// ("DataMatrix", "Code128"); it is empty for every other source.
	Format string

	Source  Source
	Scanner string    // what people call the handheld; may be empty
	At      time.Time // when the terminator arrived, or the picture was decoded
}

// ScanData is the AIM identifier, where one is known, followed by the text: the
// form in which a GS1 parser takes a scan.
func (r Reading) ScanData() string { return r.Symbology + r.Text }
