package api_test

import (
	"strings"
	"testing"

	"implantrace/scanner"
)

func TestThePageShowsWhatAHandheldMakesOfTheTestLabel(t *testing.T) {
	n := newNode(t)
	n.page("/scanners").want(200, "No handheld is known here", "(98)aAqQzZwWyYmM0123456789(99)TESTPRINT", "<svg")
	n.page("/scanners/notes").want(200, "USB-COM", "Native beep", "<svg")
	right, _ := scanner.JudgeTestLabel("]d2"+scanner.TestLabelElements, n.clock.now())
	wrong, _ := scanner.JudgeTestLabel(strings.ToUpper(scanner.TestLabelElements), n.clock.now())
	n.parts.Scanners = func() []scanner.SerialState {
		return []scanner.SerialState{{Name: "left", Since: right.At, Connected: true, Label: &right}, {Name: "right", Since: right.At, LastError: "unplugged", CutOff: 3, Label: &wrong}}
	}
	n.version("test")
	n.page("/scanners?part=list").want(200, "left", "read right", "right", "Not connected", "unplugged", "3 cut off", "changes capital and small letters", "no AIM identifier", "Belongs to no page yet")
	n.get("/api/v1/scanners").want(200, `"right":true`, `"right":false`)
	n.page("/scanners?part=nothing").want(422)
}
