package history_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"

	"implantrace/internal/history"
	"implantrace/internal/trace"
)

// Each row is refused for one reason, and the row after it is read.
func TestBadRowsAreRefusedWithTheirReason(t *testing.T) {
	n := open(t)
	n.takeAll("pas", product, ada, hip, stem)
	const p = `"type":"procedure","ref":"T-2","patient":"P-1","code":{"code":"W37.1"}`
	for _, c := range []struct{ name, row, reason string }{
		{"no JSON", `type=patient`, "The line is not JSON: byte 2 is not expected."},
		{"cut off", `{"type":"patient","ref":"P-2"`, "The line is not JSON: byte 29 is not expected."},
		{"two rows in a line", `{} {}`, "The line is not JSON: byte 4 is not expected."},
		{"an array", `[1]`, "The line is not a JSON object."},
		{"a text", `"patient"`, "The line is not a JSON object."},
		{"no UTF-8", `{"type":"patient","ref":"` + "\xff" + `"}`, "The line is not valid UTF-8."},
		{"a lost character", `{"type":"patient","ref":"P-2","family":"M\ud800ller"}`, "A text has lost a character on its way (U+FFFD)."},
		{"null", `{"type":"patient","ref":"P-2","nhs_number":null}`, "A field is null: leave it out."},
		{"a field twice", `{"type":"usage","ref":"U-2","procedure":"T-1","lot":"A","lot":"B"}`, `The field "lot" stands twice.`},
		{"another writing", `{"type":"usage","ref":"U-2","procedure":"T-1","LOT":"A"}`, "There is a field that no row has."},
		{"an unknown field", `{"type":"patient","ref":"P-2","nhs":"9990000026"}`, `The field "nhs" is not one of this row.`},
		{"an unknown field inside", `{"type":"procedure","ref":"T-2","patient":{"nhs":"1"},"code":{"text":"x"},"start":"2020-01-01"}`, `The field "nhs" is not one of this row.`},
		{"an unknown type", `{"type":"operation","ref":"1"}`, "The type is none of product, patient, procedure, usage, correction."},
		{"no type", `{"ref":"1"}`, "The type is none of product, patient, procedure, usage, correction."},
		{"no ref", `{"type":"patient","nhs_number":"9990000026"}`, "A ref or an id is missing."},
		{"ref and id", `{"type":"patient","ref":"1","id":"0192f0c1-0000-7000-8000-000000000001","nhs_number":"9990000026"}`, "There is a ref and an id: give one of them."},
		{"an id that is none", `{"type":"patient","id":"P-2","nhs_number":"9990000026"}`, "The id is not a UUID (36 characters)."},
		{"a ref with a space", `{"type":"patient","ref":"P-2 ","nhs_number":"9990000026"}`, "The ref begins or ends with a space."},
		{"a ref with a tab", `{"type":"patient","ref":"P\t2","nhs_number":"9990000026"}`, "The ref has a character that cannot be printed."},
		{"a long ref", `{"type":"patient","ref":"` + strings.Repeat("P", 201) + `","nhs_number":"9990000026"}`, "The ref is longer than 200 bytes."},
		{"a ref that is the NHS number", `{"type":"patient","ref":"999 000 0026","nhs_number":"9990000026"}`, "The ref is the NHS number. Use a key that says nothing about the patient."},
		{"a number for a text", `{"type":"patient","ref":"P-2","nhs_number":9990000026}`, `The field "nhs_number" cannot be a JSON number.`},
		{"a text for an object", `{` + p + `,"start":"2020-01-01","place":"Theatre 1"}`, `The field "place" cannot be a JSON string.`},

		{"the NHS number's check digit", `{"type":"patient","ref":"P-2","nhs_number":"9990000027"}`, "The NHS number is not right: the check digit of the NHS number is wrong."},
		{"a short NHS number", `{"type":"patient","ref":"P-2","nhs_number":"999"}`, "The NHS number is not right: an NHS number has ten digits."},
		{"nothing to find the patient by", `{"type":"patient","ref":"P-2","family":"Testwell"}`, "The patient wants an NHS number, or a local number and its issuer."},
		{"born in the future", `{"type":"patient","ref":"P-2","nhs_number":"9990000026","birth":"2026-03-03"}`, "The date of birth lies in the future."},
		{"another way of writing dates", `{"type":"patient","ref":"P-2","nhs_number":"9990000026","birth":"03/02/1950"}`, "The date of birth is no date (YYYY-MM-DD)."},

		{"no patient", `{"type":"procedure","ref":"T-2","code":{"text":"hip"},"start":"2020-01-01"}`, "The patient is named either by the ref or id of a row, or by identity."},
		{"a patient named twice", `{"type":"procedure","ref":"T-2","patient":{"id":"0192f0c1-0000-7000-8000-000000000001","nhs_number":"9990000018"},"code":{"text":"hip"},"start":"2020-01-01"}`, "The patient is named either by the ref or id of a row, or by identity."},
		{"a patient that is a number", `{"type":"procedure","ref":"T-2","patient":7,"code":{"text":"hip"},"start":"2020-01-01"}`, "What names a patient or a procedure is neither a text nor an object."},
		{"an unknown patient", `{"type":"procedure","ref":"T-2","patient":"P-404","code":{"text":"hip"},"start":"2020-01-01"}`, "The record has no patient of the ref or id that is given."},
		{"no code", `{"type":"procedure","ref":"T-2","patient":"P-1","start":"2020-01-01"}`, "The procedure wants a code or a name."},
		{"no start", `{` + p + `}`, "The start is missing."},
		{"a start in the future", `{` + p + `,"start":"2026-03-02T12:00:01Z"}`, "The start lies in the future."},
		{"a start long ago", `{` + p + `,"start":"1021-03-02T12:00:00Z"}`, "The start lies before 1900."},
		{"the zero time", `{` + p + `,"start":"0001-01-01T00:00:00Z"}`, "The start lies before 1900."},
		{"a time without its zone", `{` + p + `,"start":"2020-03-02T12:00:00"}`, "The start is no time (YYYY-MM-DDThh:mm:ss and Z or the offset, or YYYY-MM-DD)."},
		{"a day that is none", `{` + p + `,"start":"2021-02-29"}`, "The start is no time (YYYY-MM-DDThh:mm:ss and Z or the offset, or YYYY-MM-DD)."},
		{"end before start", `{` + p + `,"start":"2020-03-02T12:00:00Z","end":"2020-03-02T11:00:00Z"}`, "The procedure cannot end (2020-03-02T11:00:00Z) before it starts (2020-03-02T12:00:00Z)."},
		{"an end without its time", `{` + p + `,"start":"2020-03-02T12:00:00Z","end":"2020-03-02"}`, "The end gives the day only, the start the time: leave the end out or give its time."},
		{"a side that is none", `{` + p + `,"start":"2020-01-01","side":"Testwell"}`, "The side is none of left, right, bilateral, not-applicable."},
		{"a GLN's check digit", `{` + p + `,"start":"2020-01-01","place":{"gln":"5012345678901"}}`, "The place's GLN is not right: wrong check digit."},

		{"no procedure", `{"type":"usage","ref":"U-2","lot":"A"}`, "The procedure is missing."},
		{"an unknown procedure", `{"type":"usage","ref":"U-2","procedure":"T-404","lot":"A"}`, "The record has no procedure of the ref or id that is given."},
		{"no device", `{"type":"usage","ref":"U-2","procedure":"T-1","status":"implanted"}`, "The device wants the text of its barcode, or its identifiers."},
		{"the DI's check digit", `{"type":"usage","ref":"U-2","procedure":"T-1","di":"07611994064585"}`, "The device identifier is not right: its check digit is wrong."},
		{"a status that is none", `{"type":"usage","ref":"U-2","procedure":"T-1","lot":"A","status":"used"}`, "The status is none of checked, opened, implanted, opened-not-used, wasted, returned, trial, explanted."},
		{"a lot with a space", `{"type":"usage","ref":"U-2","procedure":"T-1","lot":"A "}`, "The lot begins or ends with a space."},
		{"made in the future", `{"type":"usage","ref":"U-2","procedure":"T-1","lot":"A","manufactured":"2026-03-03"}`, "The date of manufacture lies in the future."},
		{"expired before it was made", `{"type":"usage","ref":"U-2","procedure":"T-1","lot":"A","manufactured":"2020-03-03","expiry":"2019-01"}`, "The device expires before it was made."},
		{"an expiry that is no date", `{"type":"usage","ref":"U-2","procedure":"T-1","lot":"A","expiry":"310127"}`, "The expiry date is no date (YYYY-MM-DD, or YYYY-MM)."},
		{"a patient's code for a device's", `{"type":"usage","ref":"U-2","procedure":"T-1","carriers":[{"text":"]C18018505089899900000188"}]}`, "This is no device's code but a patient's."},
		{"codes that disagree", `{"type":"usage","ref":"U-2","procedure":"T-1","carriers":[{"text":"010761199406458410A"}],"lot":"B"}`, `The codes disagree on the lot: "A" and "B".`},
		{"a carrier without a text", `{"type":"usage","ref":"U-2","procedure":"T-1","carriers":[{}]}`, "A carrier has no text."},
		{"a symbology that is none", `{"type":"usage","ref":"U-2","procedure":"T-1","carriers":[{"text":"010761199406458410A","symbology":"QR"}]}`, "A carrier's symbology is no AIM identifier, such as ]d2 or ]C1."},

		{"the product's check digit", `{"type":"product","ref":"1","di":"07611994064585","maker":"x"}`, "The device identifier is not right: its check digit is wrong."},
		{"nothing said of a product", `{"type":"product","ref":"1","di":"07611994064584"}`, "Say something of the product: maker, brand, catalogue number or description."},

		{"a correction of nothing", `{"type":"correction","ref":"K","reason":"x","set":{"lot":"B"}}`, "What is corrected is none of product, patient, procedure, usage."},
		{"a correction of an unknown usage", `{"type":"correction","ref":"K","of":{"type":"usage","ref":"U-404"},"reason":"x","set":{"lot":"B"}}`, "The record has no usage of the ref or id that is given."},
		{"a correction of an unknown product", `{"type":"correction","ref":"K","of":{"type":"product","di":"05012345678900"},"reason":"x","set":{"brand":"B"}}`, "The record has no product of this DI."},
		{"a correction without a reason", `{"type":"correction","ref":"K","of":{"type":"usage","ref":"U-1"},"set":{"lot":"B"}}`, "The reason is missing."},
		{"a correction that changes nothing", `{"type":"correction","ref":"K","of":{"type":"usage","ref":"U-1"},"reason":"x"}`, "The correction changes nothing."},
		{"a field of another thing", `{"type":"correction","ref":"K","of":{"type":"usage","ref":"U-1"},"reason":"x","set":{"family":"B"}}`, "The correction sets a field that this thing does not have."},
		{"half a date in a correction", `{"type":"correction","ref":"K","of":{"type":"usage","ref":"U-1"},"reason":"x","set":{"expiry":"2027-01"}}`, "A correction gives the whole of a date (YYYY-MM-DD)."},

		{"the same ref with other content", `{"type":"usage","ref":"U-1","procedure":"T-1","di":"07611994064584","lot":"L78"}`, "The ref or id was used before with other content. What was recorded stays; a change is a correction."},
		{"the same patient's ref with other content", `{"type":"patient","ref":"P-1","nhs_number":"9990000018","family":"Otherwise"}`, "The ref or id was used before with other content. What was recorded stays; a change is a correction."},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := node{t, n.Recorder}
			report, refused, _ := n.take("pas", product, c.row, ada)
			if want := []string{"2: " + c.reason}; !reflect.DeepEqual(refused, want) {
				t.Errorf("refused %q\nwant    %q", refused, want)
			}
			if report.Repeated != 2 || report.Refused != 1 {
				t.Errorf("%+v", report)
			}
		})
	}
}

func TestRefusalsNameNobody(t *testing.T) {
	n := open(t)
	for _, row := range []string{
		`{"type":"patient","ref":"9990000026","nhs_number":"9990000026"}`,
		`{"type":"patient","ref":"9990000018","nhs_number":"9990000027","family":"Zellweger"}`,
		`{"type":"patient","ref":"P","nhs_number":9990000026}`,
		`{"type":"patient","ref":"P","9990000026":"Zellweger"}`,
		`{"type":"Zellweger","ref":"P"}`,
		`{"type":"procedure","ref":"T","patient":"9990000026","code":{"text":"hip"},"start":"2020-01-01"}`,
		`{"type":"procedure","ref":"T","patient":{"nhs_number":"9990000026"},"code":{"text":"hip"},"side":"Zellweger","start":"Zellweger"}`,
		`{"type":"usage","ref":"U","procedure":"9990000026","status":"Zellweger"}`,
		`{"type":"product","ref":"D","di":"9990000026","maker":"Zellweger"}`,
	} {
		_, err := history.Import(context.Background(), n.Recorder, strings.NewReader(row), history.Options{Source: "pas"}, func(r history.Refusal) {
			if said := fmt.Sprintf("%+v", r); strings.Contains(said, "99900000") || strings.Contains(said, "Zellweger") {
				t.Errorf("%s", said)
			}
		})
		if err != nil {
			t.Error(err)
		}
	}
}

func TestLinesAreReadWhateverTheirEnds(t *testing.T) {
	n := open(t)
	report, refused, _ := n.take("pas", "\ufeff"+ada+"\r\n\r\n   \n"+hip+"\r", `{"x":"`+strings.Repeat("x", 1<<20)+`"}`, stem)
	if report.Lines != 4 || report.Recorded != 3 {
		t.Errorf("%+v", report)
	}
	if want := []string{"5: The line is longer than 1048576 bytes."}; !reflect.DeepEqual(refused, want) {
		t.Errorf("%q", refused)
	}
}

func TestAFileThatCannotBeReadStops(t *testing.T) {
	n := open(t)
	broken := errors.New("the disk is gone")
	in := io.MultiReader(strings.NewReader(ada+"\n"+hip+"\n{"), iotest.ErrReader(broken))
	report, err := history.Import(context.Background(), n.Recorder, in, history.Options{Source: "pas"}, func(r history.Refusal) { t.Errorf("%+v", r) })
	if !errors.Is(err, broken) || report.Recorded != 2 {
		t.Errorf("%v, %+v", err, report)
	}
}

// full is a store whose disk is full.
type full struct{ trace.Store }

func (full) Append(context.Context, ...trace.Command) ([]trace.Result, error) {
	return nil, trace.Errorf(trace.Full, "the disk is full")
}

func TestAStoreThatCannotWriteStopsTheImport(t *testing.T) {
	n := open(t)
	r := n.Recorder
	r.Store = full{n.Store}
	report, err := history.Import(context.Background(), r, strings.NewReader(strings.Join(many(50, true), "\n")), history.Options{Source: "pas"},
		func(r history.Refusal) { t.Errorf("a row was refused for the store's fault: %+v", r) })
	if trace.KindOf(err) != trace.Full || report.Recorded != 0 {
		t.Errorf("%v, %+v", err, report)
	}
	if err != nil && err.Error() != "the import stopped at line 1; import the file again: the disk is full" {
		t.Error(err)
	}
}
