package udi

import (
	"bufio"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"testing"
	"time"
)

// present is the time at which tests read dates of two-digit years.
var present = time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)

// foundCase is a UDI that was found in the world, with what it says.
type foundCase struct {
	ID       string          `json:"id"`
	Raw      json.RawMessage `json:"raw"`
	Agency   Agency          `json:"agency"`
	Failed   []string        `json:"check_failed"`
	Defect   string          `json:"defect"`
	Expected struct {
		DI         string  `json:"di"`
		Lot        *string `json:"lot"`
		Serial     string  `json:"serial"`
		Expiry     string  `json:"expiry"`
		Production string  `json:"production"`
		Quantity   string  `json:"quantity"`
		DonationID string  `json:"donation_id"`
		BasicUDI   string  `json:"basic_udi_di"`
	} `json:"expected"`
}

// foundCases reads the cases. They are kept beside the project.
func foundCases(t *testing.T) []foundCase {
	t.Helper()
	f, err := os.Open("../../../shared/vectors/udi.jsonl")
	if errors.Is(err, fs.ErrNotExist) && os.Getenv("CI") == "" {
		t.Skip("the cases are not here: ", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var all []foundCase
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var c foundCase
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
	}
	return all
}

// carriers are the texts of a case.
func (c foundCase) carriers(t *testing.T) []string {
	t.Helper()
	var one string
	if json.Unmarshal(c.Raw, &one) == nil {
		return []string{one}
	}
	var several []string
	if err := json.Unmarshal(c.Raw, &several); err != nil {
		t.Fatal(err)
	}
	return several
}

func TestHIBCAndISBTFoundInTheWorld(t *testing.T) {
	ran := map[Agency]int{}
	for _, c := range foundCases(t) {
		if c.Agency == AgencyGS1 {
			for _, text := range c.carriers(t) {
				if got, ok := parseHIBC(text, present); ok {
					t.Errorf("%s: GS1 data %q taken for HIBC: %+v", c.ID, text, got)
				}
				if got, ok := parseISBT(text, present); ok {
					t.Errorf("%s: GS1 data %q taken for ISBT 128: %+v", c.ID, text, got)
				}
			}
			continue
		}
		ran[c.Agency]++
		t.Run(c.ID, func(t *testing.T) {
			parse := parseHIBC
			if c.Agency == AgencyICCBBA {
				parse = parseISBT
			}
			var d Device
			hard, check, links := 0, "", ""
			for _, text := range c.carriers(t) {
				got, ok := parse(text, present)
				if !ok {
					t.Fatalf("%q is not read", text)
				}
				consistent(t, text, got)
				hard += hardIssues(got)
				check, links = check+got.check, links+got.link
				for _, o := range got.origins {
					copyField(&d, got.device, o.Field)
				}
			}
			if len(c.carriers(t)) > 1 && (check == "" || check != links) {
				t.Errorf("check %q, link %q", check, links)
			}
			want := c.Expected
			lot := ""
			if want.Lot != nil {
				lot = *want.Lot
			}
			for _, v := range [][3]string{
				{"di", d.DI, want.DI}, {"lot", d.Lot, lot}, {"serial", d.Serial, want.Serial}, {"expiry", d.Expiry.String(), want.Expiry},
				{"production", d.Manufactured.String(), want.Production}, {"donation", d.DonationID, want.DonationID}, {"basic", d.BasicUDI, want.BasicUDI},
			} {
				if v[1] != v[2] {
					t.Errorf("%s is %q, want %q", v[0], v[1], v[2])
				}
			}
			// Some of the sources write a quantity without the zeros of its label.
			if (d.Quantity == "") != (want.Quantity == "") || !sameNumber(d.Quantity+"0", want.Quantity+"0") {
				t.Errorf("quantity is %q, want %q", d.Quantity, want.Quantity)
			}
			if damaged := len(c.Failed) > 0 || c.Defect != ""; damaged != (hard > 0) {
				t.Errorf("%d hard issues; failed %v, defect %q", hard, c.Failed, c.Defect)
			}
		})
	}
	if ran[AgencyHIBCC] < 20 || ran[AgencyICCBBA] < 8 {
		t.Errorf("only %v cases", ran)
	}
}

// copyField copies a field of a device by its JSON name.
func copyField(to *Device, from Device, field string) {
	switch field {
	case "di":
		to.DI = from.DI
	case "lot":
		to.Lot = from.Lot
	case "serial":
		to.Serial = from.Serial
	case "expiry":
		to.Expiry = from.Expiry
	case "manufactured":
		to.Manufactured = from.Manufactured
	case "quantity":
		to.Quantity = from.Quantity
	case "donation_id":
		to.DonationID = from.DonationID
	case "basic_udi_di":
		to.BasicUDI = from.BasicUDI
	}
}

func hardIssues(c content) int {
	n := 0
	for _, i := range c.issues {
		if i.Severity == "hard" {
			n++
		}
	}
	return n
}

func hasIssue(c content, code, severity string) bool {
	for _, i := range c.issues {
		if i.Code == code && i.Severity == severity {
			return true
		}
	}
	return false
}

// consistent asserts what holds of every content: places are inside the text,
// every value of the device has one origin and stands there, every issue has its
// words, and what was rejected gave no value.
func consistent(t interface {
	Helper()
	Errorf(string, ...any)
}, text string, c content) {
	t.Helper()
	inside := func(offset, length int) bool { return offset >= 0 && length >= 0 && offset+length <= len(text) }
	if c.form == "" {
		t.Errorf("%q: no form", text)
	}
	for _, i := range c.issues {
		if !inside(i.Offset, i.Length) {
			t.Errorf("%q: issue outside the text: %+v", text, i)
		}
		if i.Code == "" || i.Message == "" || i.Detail == "" || i.Severity != "hard" && i.Severity != "warning" {
			t.Errorf("%q: issue without a word: %+v", text, i)
		}
	}
	good := map[int]string{}
	for _, e := range c.elements {
		if !inside(e.Offset, len(e.Value)) {
			t.Errorf("%q: element outside the text: %+v", text, e)
			continue
		}
		if e.Title == "" {
			t.Errorf("%q: element without a title: %+v", text, e)
		}
		if stood := text[e.Offset : e.Offset+len(e.Value)]; stood != e.Value &&
			!(hasIssue(c, CodeHIBCCase, "warning") || hasIssue(c, CodeHIBCPrinted, "warning")) {
			t.Errorf("%q: element %+v does not stand at its place", text, e)
		}
		if !e.Rejected {
			good[e.Offset] = e.Value
		}
	}
	var again Device
	for _, o := range c.origins {
		if !inside(o.Offset, o.Length) || o.Carrier != 0 {
			t.Errorf("%q: origin outside the text: %+v", text, o)
			continue
		}
		v, ok := good[o.Offset]
		if !ok || len(v) != o.Length {
			t.Errorf("%q: origin %+v is no good element's", text, o)
		}
		if (text[o.Offset:o.Offset+o.Length] != v) != (o.How == CertaintyRepaired) && o.How != CertaintyInferred {
			t.Errorf("%q: origin %+v of %q", text, o, v)
		}
		before := again
		copyField(&again, c.device, o.Field)
		if before == again {
			t.Errorf("%q: origin %+v without a value", text, o)
		}
		switch o.Field {
		case "expiry", "manufactured":
		default:
			var d Device
			copyField(&d, c.device, o.Field)
			if d.DI+d.Lot+d.Serial+d.Quantity+d.DonationID+d.BasicUDI != v {
				t.Errorf("%q: %s is not %q", text, o.Field, v)
			}
		}
	}
	again.Agency = c.device.Agency
	if again != c.device || (c.device.Agency == "") != (len(c.origins) == 0) {
		t.Errorf("%q: device %+v has values without an origin: %+v", text, c.device, c.origins)
	}
}
