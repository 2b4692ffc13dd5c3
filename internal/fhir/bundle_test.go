package fhir

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

var update = flag.Bool("update", false, "write the golden files anew")

var (
	noon      = time.Date(2026, 6, 30, 12, 0, 0, 0, time.UTC)
	generated = time.Date(2026, 7, 1, 8, 30, 0, 0, time.UTC)
)

func id[T any](name string) trace.ID[T] { return trace.NamedID[T]("test", name) }

func all(ps ...trace.ProcedureInFull) iter.Seq2[trace.ProcedureInFull, error] {
	return func(yield func(trace.ProcedureInFull, error) bool) {
		for _, p := range ps {
			if !yield(p, nil) {
				return
			}
		}
	}
}

func stamped(s trace.Status, p trace.Provenance) []trace.Stamp {
	return []trace.Stamp{{Recorded: noon.Add(time.Minute), Occurred: noon, Status: s, Provenance: p}}
}

// hip is a procedure with one implanted device.
func hip() trace.ProcedureInFull {
	p := trace.Procedure{
		ID:         id[trace.OfProcedure]("hip"),
		Patient:    id[trace.OfPatient]("ada"),
		Code:       trace.Code{System: "OPCS-4", Code: "W37.1", Text: "Primary total prosthetic replacement of hip joint using cement"},
		Side:       trace.SideLeft,
		Place:      trace.Place{GLN: "9506000134352", Extension: "T3", Name: "Theatre 3"},
		People:     []trace.Person{{Code: "B-1", Name: "Ms R. Okafor", Role: "surgeon"}, {Name: "L. Brandt", Role: "scrub"}},
		Start:      noon,
		End:        noon.Add(90 * time.Minute),
		Indication: "Osteoarthritis",
		History:    stamped("", trace.Scanned),
	}
	who := trace.Identity{NHSNumber: "9990000018", LocalIssuer: "RXX", LocalNumber: "L 1", Family: "Testcase", Given: "Ada Mary", Birth: "1951-02-28"}
	return trace.ProcedureInFull{Procedure: p, Identity: who, Usages: []trace.UsageInFull{
		usage(p, who, "stem", trace.Implanted, "]d20109506000134352172901311090M4\x1d21SN1"),
	}}
}

func usage(p trace.Procedure, who trace.Identity, name string, s trace.Status, scans ...string) trace.UsageInFull {
	u := trace.Usage{
		ID: id[trace.OfUsage](name), Procedure: p.ID, Status: s, Provenance: trace.Scanned, Occurred: noon,
		Location: "femur", History: stamped(s, trace.Scanned),
	}
	for _, text := range scans {
		u.Carriers = append(u.Carriers, trace.Carrier{Text: text, Source: "serial"})
		d := udi.Understand(text, noon).Device
		if d.DI != "" {
			u.Device = d
		} else if d.Lot != "" {
			u.Device.Lot, u.Device.Expiry = d.Lot, d.Expiry
		}
	}
	return trace.UsageInFull{Usage: u, Procedure: p, Patient: p.Patient, Identity: who, Product: trace.Product{
		DI: u.Device.DI, Maker: "Example Orthopaedics Ltd", Brand: "Stem Alpha", Description: "Cemented femoral stem, size 3", CatalogueNo: "ALPHA-3",
	}}
}

// bundled writes a bundle, parses it and gives its resources by type.
func bundled(t *testing.T, o Options, ps ...trace.ProcedureInFull) (text []byte, byType map[string][]map[string]any) {
	t.Helper()
	var out bytes.Buffer
	if _, err := WriteBundle(&out, all(ps...), o); err != nil {
		t.Fatal(err)
	}
	var b struct {
		ResourceType, Type string
		Entry              []struct{ Resource map[string]any }
	}
	if err := json.Unmarshal(out.Bytes(), &b); err != nil {
		t.Fatalf("not JSON: %v\n%s", err, out.Bytes())
	}
	if b.ResourceType != "Bundle" || b.Type != "collection" {
		t.Errorf("%s %s, want Bundle collection", b.ResourceType, b.Type)
	}
	byType = map[string][]map[string]any{}
	for _, e := range b.Entry {
		kind := e.Resource["resourceType"].(string)
		byType[kind] = append(byType[kind], e.Resource)
	}
	return out.Bytes(), byType
}

// Each breakage is one that each of the named validators must find by itself:
// a validator that finds nothing any more is no third opinion.
func TestEachValidatorCatchesWhatIsBroken(t *testing.T) {
	text, _ := bundled(t, Options{}, hip())
	for _, c := range []struct{ name, from, to, by string }{
		{"a status in no value set", `"status":"active","manufacturer"`, `"status":"in-the-bin","manufacturer"`, "fhir ajv"},
		{"a date that is none", `"expirationDate":"2029-01-31"`, `"expirationDate":"soon"`, "medplum fhir ajv"},
		{"a day in no calendar", `"expirationDate":"2029-01-31"`, `"expirationDate":"2029-02-30"`, "walk"},
		{"a number for a text", `"lotNumber":"90M4"`, `"lotNumber":4`, "medplum ajv"},
		{"an element that R4 does not know", `"lotNumber":"90M4"`, `"lotNumber":"90M4","colour":"red"`, "medplum fhir ajv"},
		{"a required element that is missing", `"device":{"reference":`, `"source":{"reference":`, "medplum fhir ajv"},
		{"a US Core implant without a type", `,"type":{"text":"Cemented femoral stem, size 3"}`, ``, "medplum"},
		{"a status of an NHS number that UK Core does not know", `"code":"NI"`, `"code":"NA"`, "walk"},
		{"a profile that nobody here knows", "/us-core-implantable-device", "/us-core-anything", "medplum"},
		{"a reference to no entry", `"subject":{"reference":"urn:uuid:`, `"subject":{"reference":"urn:uuid:0`, "walk"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if !bytes.Contains(text, []byte(c.from)) {
				t.Fatalf("the bundle has no %s to break:\n%s", c.from, text)
			}
			said := strings.Join(Judged(t, bytes.Replace(text, []byte(c.from), []byte(c.to), 1)), "\n")
			if said == "" {
				t.Errorf("nobody minds")
			}
			for by := range strings.FieldsSeq(c.by) {
				if !strings.Contains("\n"+said, "\n"+by+": ") {
					t.Errorf("%s does not mind:\n%s", by, said)
				}
			}
		})
	}
}

func tags(r map[string]any) string {
	var codes []string
	if m, ok := r["meta"].(map[string]any); ok {
		given, _ := m["tag"].([]any)
		for _, t := range given {
			codes = append(codes, t.(map[string]any)["code"].(string))
		}
	}
	return strings.Join(codes, " ")
}

func compact(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// period is a bundle with everything in it.
func examplePeriod() []trace.ProcedureInFull {
	first := hip()
	p, who := first.Procedure, first.Identity
	two := usage(p, who, "cup", trace.Implanted, "]C10109506000134352", "]C11729030010LOT-2")
	for s, name := range map[trace.Status]string{
		trace.Checked: "seen", trace.Opened: "open", trace.NotUsed: "spare", trace.Wasted: "dropped", trace.Returned: "shelf", trace.Trial: "trial", "": "silent",
	} {
		u := usage(p, who, name, s, "]d20109506000134352172901311090M4\x1d21"+name)
		first.Usages = append(first.Usages, u)
	}
	sortUsages(first.Usages[1:])
	gone := usage(p, who, "gone", trace.Implanted, "]d20109506000134352172901311090M4\x1d21GONE")
	gone.Usage.Withdrawn = true
	gone.Usage.History = append(gone.Usage.History, trace.Stamp{Recorded: noon.Add(time.Hour), Withdraw: true})
	typed := usage(p, who, "typed", trace.Implanted)
	typed.Usage.Device = udi.Device{Agency: udi.AgencyGS1, DI: "09506000134352", Serial: "T-9"}
	typed.Usage.Provenance, typed.Usage.Override, typed.Usage.Damaged = trace.Typed, true, true
	first.Usages = append(first.Usages, two, gone, typed)

	second := hip()
	second.Procedure.ID, second.Procedure.End, second.Procedure.Side = id[trace.OfProcedure]("revision"), time.Time{}, trace.SideBilateral
	second.Procedure.Code = trace.Code{System: "local", Code: "H7", Text: "Revision"}
	out := usage(second.Procedure, who, "old stem", trace.Explanted, "]d20109506000134352172901311090M4\x1d21SN0")
	second.Usages = []trace.UsageInFull{out}

	third := trace.ProcedureInFull{Procedure: trace.Procedure{ID: id[trace.OfProcedure]("old"), History: stamped("", trace.Imported), Start: noon.AddDate(-15, 0, 0)}}
	bare := trace.Usage{ID: id[trace.OfUsage]("old lens"), Status: trace.Implanted, Provenance: trace.Imported}
	third.Usages = []trace.UsageInFull{{Usage: bare}}
	return []trace.ProcedureInFull{first, second, third}
}

func sortUsages(us []trace.UsageInFull) {
	for i := range us {
		for j := i; j > 0 && us[j].Usage.ID.String() < us[j-1].Usage.ID.String(); j-- {
			us[j], us[j-1] = us[j-1], us[j]
		}
	}
}

func TestBundleIsTheGoldenOneAndValid(t *testing.T) {
	text, _ := bundled(t, Options{Generated: generated, LocalNumbers: map[string]string{"RXX": "https://rxx.example/patients"}}, examplePeriod()...)
	golden := filepath.Join("testdata", "period.json")
	if *update {
		if err := os.WriteFile(golden, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(text, want) {
		t.Errorf("the bundle differs from %s (go test -update writes it anew):\n%s", golden, text)
	}
	Valid(t, text)
}

func TestEachStatusBecomesWhatThePackageCommentSays(t *testing.T) {
	for _, c := range []struct {
		status            trace.Status
		device, use       string
		inPatient         bool
		focal, used, note bool
	}{
		{trace.Implanted, "active", "active", true, true, false, false},
		{trace.Explanted, "inactive", "completed", true, true, false, false},
		{trace.Trial, "inactive", "completed", false, false, true, false},
		{trace.NotUsed, "inactive", "", false, false, false, true},
		{trace.Wasted, "inactive", "", false, false, false, true},
		{trace.Returned, "unknown", "", false, false, false, true},
		{trace.Checked, "unknown", "", false, false, false, true},
		{trace.Opened, "unknown", "", false, false, false, true},
		{"", "unknown", "", false, false, false, true},
		{"mislaid", "unknown", "", false, false, false, true},
	} {
		t.Run("status "+string(c.status), func(t *testing.T) {
			p := hip()
			p.Usages[0].Usage.Status = c.status
			_, got := bundled(t, Options{}, p)
			d, pr := got["Device"][0], got["Procedure"][0]
			if d["status"] != c.device {
				t.Errorf("Device.status %v, want %s", d["status"], c.device)
			}
			if (d["patient"] != nil) != c.inPatient {
				t.Errorf("Device.patient %v", d["patient"])
			}
			if (pr["focalDevice"] != nil) != c.focal || (pr["usedReference"] != nil) != c.used || (pr["note"] != nil) != c.note {
				t.Errorf("focalDevice %v, usedReference %v, note %v", pr["focalDevice"], pr["usedReference"], pr["note"])
			}
			if c.focal && !strings.Contains(compact(t, pr["focalDevice"]), `"code":"`+string(c.status)+`"`) {
				t.Errorf("focalDevice %v", pr["focalDevice"])
			}
			uses := got["DeviceUseStatement"]
			if (len(uses) > 0) != (c.use != "") || len(uses) > 0 && uses[0]["status"] != c.use {
				t.Errorf("DeviceUseStatement %v, want %q", uses, c.use)
			}
			if c.status == trace.Explanted && (uses[0]["timingDateTime"] != nil || compact(t, uses[0]["timingPeriod"]) != `{"end":"2026-06-30T12:00:00Z"}`) {
				t.Errorf("the removal of an explanted device reads as its beginning: %v", uses[0])
			}
		})
	}
}

func TestWithdrawnUsageIsTakenBack(t *testing.T) {
	p := hip()
	p.Usages[0].Usage.Withdrawn = true
	text, got := bundled(t, Options{}, p)
	d, use, pr := got["Device"][0], got["DeviceUseStatement"][0], got["Procedure"][0]
	if d["status"] != "entered-in-error" || d["patient"] != nil || use["status"] != "entered-in-error" {
		t.Errorf("Device %v %v, DeviceUseStatement %v", d["status"], d["patient"], use["status"])
	}
	if pr["focalDevice"] != nil || pr["status"] != "completed" {
		t.Errorf("Procedure %v, focalDevice %v", pr["status"], pr["focalDevice"])
	}
	Valid(t, text)
}

func TestWithdrawnProcedureTakesItsDevicesBack(t *testing.T) {
	p := hip()
	p.Procedure.Withdrawn = true
	_, got := bundled(t, Options{}, p)
	for kind, want := range map[string]string{"Procedure": "entered-in-error", "Device": "entered-in-error", "DeviceUseStatement": "entered-in-error"} {
		if s := got[kind][0]["status"]; s != want {
			t.Errorf("%s.status %v, want %s", kind, s, want)
		}
	}
}

func TestProcedureStatus(t *testing.T) {
	for _, c := range []struct {
		name string
		p    trace.Procedure
		want string
	}{
		{"ended", trace.Procedure{End: noon}, "completed"},
		{"open", trace.Procedure{History: stamped("", trace.Scanned)}, "in-progress"},
		{"imported without an end", trace.Procedure{History: stamped("", trace.Imported)}, "unknown"},
		{"imported with an end", trace.Procedure{End: noon, History: stamped("", trace.Imported)}, "completed"},
		{"withdrawn", trace.Procedure{End: noon, Withdrawn: true}, "entered-in-error"},
	} {
		if got := procedureStatus(c.p); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestSealedIdentityIsMasked(t *testing.T) {
	p := hip()
	p.Identity.Sealed = true // whatever else is in it is not to be used
	text, got := bundled(t, Options{}, p)
	patient := got["Patient"][0]
	if tags(patient) != "identity-sealed" || !strings.Contains(compact(t, patient["name"]), `"masked"`) || patient["birthDate"] != nil {
		t.Errorf("Patient %s", compact(t, patient))
	}
	for _, secret := range []string{"9990000018", "Testcase", "Ada", "1951", "L 1"} {
		if bytes.Contains(text, []byte(secret)) {
			t.Errorf("the bundle holds %q", secret)
		}
	}
	Valid(t, text)
}

func TestPatientNotRecordedIsSaid(t *testing.T) {
	p := hip()
	p.Procedure.Patient, p.Identity = trace.PatientID{}, trace.Identity{}
	text, got := bundled(t, Options{}, p)
	if len(got["Patient"]) != 0 || !strings.Contains(compact(t, got["Procedure"][0]["subject"]), "not recorded") {
		t.Errorf("subject %v", got["Procedure"][0]["subject"])
	}
	Valid(t, text)
}

func TestNumberThatFailsItsCheckHasNoNationalSystem(t *testing.T) {
	p := hip()
	p.Identity.NHSNumber = "9990000019"
	p.Procedure.Place.GLN = "9506000134353"
	text, got := bundled(t, Options{}, p)
	for _, kind := range []string{"Patient", "Location"} {
		r := got[kind][0]
		if tags(r) != "check-digit" || strings.Contains(compact(t, r["identifier"]), systemNHSNumber) || strings.Contains(compact(t, r["identifier"]), systemGLN) {
			t.Errorf("%s %s", kind, compact(t, r))
		}
	}
	Valid(t, text)
}

func TestLocalNumberNamesItsIssuer(t *testing.T) {
	_, got := bundled(t, Options{}, hip())
	local := compact(t, got["Patient"][0]["identifier"].([]any)[1])
	if !strings.Contains(local, systemODS) || !strings.Contains(local, `"RXX"`) || strings.Contains(local, "rxx.example") {
		t.Errorf("without a system: %s", local)
	}
}

func TestCarrierIsKeptByteForByte(t *testing.T) {
	const text = "0109506000134352172901311090M4\x1d21SN1"
	p := hip()
	p.Usages[0].Usage.Carriers = []trace.Carrier{{Text: text, Symbology: "]d2", Source: "picture"}}
	_, got := bundled(t, Options{}, p)
	c := got["Device"][0]["udiCarrier"].([]any)[0].(map[string]any)
	aidc, err := base64.StdEncoding.DecodeString(c["carrierAIDC"].(string))
	if err != nil || string(aidc) != "]d2"+text {
		t.Errorf("carrierAIDC %q, %v", aidc, err)
	}
	want := map[string]any{
		"deviceIdentifier": "09506000134352", "issuer": "http://hl7.org/fhir/NamingSystem/gs1-di", "carrierAIDC": c["carrierAIDC"],
		"carrierHRF": "(01)09506000134352(17)290131(10)90M4(21)SN1", "entryType": "barcode",
	}
	if compact(t, c) != compact(t, want) {
		t.Errorf("udiCarrier %v", c)
	}
}

func TestCarriersOfOnePackStayApartWithTheDIFirst(t *testing.T) {
	p := hip()
	p.Usages = []trace.UsageInFull{usage(p.Procedure, p.Identity, "two", trace.Implanted, "]C10109506000134352", "]C11729030010LOT-2")}
	cs := p.Usages[0].Usage.Carriers
	cs[0], cs[1] = cs[1], cs[0]
	p.Usages[0].Usage.Carriers = append(cs, cs[0]) // scanned twice
	_, got := bundled(t, Options{}, p)
	list := got["Device"][0]["udiCarrier"].([]any)
	if len(list) != 2 || list[0].(map[string]any)["deviceIdentifier"] != "09506000134352" || list[1].(map[string]any)["deviceIdentifier"] != nil {
		t.Errorf("udiCarrier %v", list)
	}
	if d := got["Device"][0]; d["expirationDate"] != "2029-03" || d["lotNumber"] != "LOT-2" {
		t.Errorf("Device %v", d)
	}
}

func TestCorrectedDeviceSaysThatItsBarcodeDiffers(t *testing.T) {
	p := hip()
	u := &p.Usages[0].Usage
	u.Device.DI, u.Provenance = "09506000149301", trace.Typed
	u.History = append(u.History, trace.Stamp{Corrects: trace.NewEventID(), Recorded: noon})
	text, got := bundled(t, Options{}, p)
	d := got["Device"][0]
	if tags(d) != "reading-differs corrected" {
		t.Errorf("tags %q", tags(d))
	}
	list := d["udiCarrier"].([]any)
	first, second := list[0].(map[string]any), list[1].(map[string]any)
	if first["deviceIdentifier"] != "09506000149301" || first["carrierAIDC"] != nil || first["entryType"] != "manual" || second["deviceIdentifier"] != nil || second["entryType"] != "barcode" {
		t.Errorf("udiCarrier %v", list)
	}
	Valid(t, text)
}

func TestMissingLotIsNotThere(t *testing.T) {
	p := hip()
	p.Usages = []trace.UsageInFull{usage(p.Procedure, p.Identity, "no lot", trace.Implanted, "]d20109506000134352")}
	text, got := bundled(t, Options{}, p)
	for _, field := range []string{"lotNumber", "serialNumber", "expirationDate", "manufactureDate"} {
		if v, there := got["Device"][0][field]; there {
			t.Errorf("%s is %v", field, v)
		}
	}
	Valid(t, text)
}

func TestProvenanceIsSaid(t *testing.T) {
	for _, c := range []struct {
		provenance trace.Provenance
		entry, tag string
	}{
		{trace.Scanned, "barcode", ""}, {trace.Typed, "manual", ""}, {trace.Imported, "unknown", "imported-unverified"}, {trace.System, "unknown", ""},
	} {
		p := hip()
		p.Usages[0].Usage.Provenance, p.Usages[0].Usage.Carriers = c.provenance, nil
		_, got := bundled(t, Options{}, p)
		d := got["Device"][0]
		if e := d["udiCarrier"].([]any)[0].(map[string]any)["entryType"]; e != c.entry || tags(d) != c.tag {
			t.Errorf("%s: entryType %v, tags %q", c.provenance, e, tags(d))
		}
	}
}

func TestProcedureCode(t *testing.T) {
	for _, c := range []struct {
		code trace.Code
		want string
	}{
		{trace.Code{}, "null"},
		{trace.Code{System: "OPCS-4", Code: "W37.1", Text: "Hip"}, `{"coding":[{"code":"W37.1","system":"` + DefaultOPCS4 + `"}],"text":"W37.1 Hip"}`},
		{trace.Code{System: "opcs4", Code: "W371"}, `{"coding":[{"code":"W371","system":"` + DefaultOPCS4 + `"}],"text":"W371"}`},
		{trace.Code{System: "OPCS-4", Code: "hip left"}, `{"text":"OPCS-4: hip left"}`},
		{trace.Code{System: "SNOMED CT", Code: "52734007"}, `{"coding":[{"code":"52734007","system":"http://snomed.info/sct"}],"text":"52734007"}`},
		{trace.Code{System: "SNOMED CT", Code: "52734007 |x|"}, `{"text":"SNOMED CT: 52734007 |x|"}`},
		{trace.Code{System: "local", Code: "H7", Text: "Revision"}, `{"text":"local: H7 Revision"}`},
	} {
		p := hip()
		p.Procedure.Code = c.code
		_, got := bundled(t, Options{}, p)
		if code := compact(t, got["Procedure"][0]["code"]); code != c.want {
			t.Errorf("%+v: %s, want %s", c.code, code, c.want)
		}
	}
}

func TestEndBeforeStartIsLeftOutAndSaid(t *testing.T) {
	p := hip()
	p.Procedure.End = noon.Add(-time.Hour)
	text, got := bundled(t, Options{}, p)
	pr := got["Procedure"][0]
	if compact(t, pr["performedPeriod"]) != `{"start":"2026-06-30T12:00:00Z"}` || tags(pr) != "value-left-out" || !strings.Contains(compact(t, pr["note"]), "11:00:00Z") {
		t.Errorf("Procedure %s", compact(t, pr))
	}
	Valid(t, text)
}

func TestSharedResourcesStandOnce(t *testing.T) {
	a, b := hip(), hip()
	b.Procedure.ID, b.Usages = id[trace.OfProcedure]("other"), nil
	_, got := bundled(t, Options{}, a, b)
	for kind, want := range map[string]int{"Patient": 1, "Location": 1, "Practitioner": 1, "Procedure": 2} {
		if len(got[kind]) != want {
			t.Errorf("%d %s, want %d", len(got[kind]), kind, want)
		}
	}
}

func TestHostileStringsStayValid(t *testing.T) {
	for name, s := range map[string]string{
		"invalid UTF-8": "a\xff\xfe\xc3",
		"control":       "a\x00\x01\x1d\x7f\u0085\u2028b",
		"spaces":        "\u00a0\u2003\ufeff",
		"blank":         " \t\r\n",
		"markup":        `</script>"\'{}[]<b>` + "\\u0000",
		"not Unicode":   "\xed\xa0\x80\uffff\ufffe",
		"emoji":         "\U0001F9B4 é \u202E",
		"long":          strings.Repeat("é\"", 600_000),
	} {
		t.Run(name, func(t *testing.T) {
			p := hip()
			p.Identity = trace.Identity{NHSNumber: s, LocalIssuer: s, LocalNumber: s, Family: s, Given: s, Birth: s}
			is := &p.Procedure
			is.Code, is.Place, is.Side, is.Indication = trace.Code{System: s, Code: s, Text: s}, trace.Place{GLN: s, Extension: s, Name: s}, trace.Side(s), s
			is.People = []trace.Person{{Code: s, Name: s, Role: s}, {Name: s}, {Role: s}, {}}
			u := &p.Usages[0]
			u.Usage.Device = udi.Device{Agency: udi.Agency(s), DI: s, Lot: s, Serial: s, CatalogueNo: s, Quantity: s, Variant: s, Expiry: udi.Date{Day: s}, Manufactured: udi.Date{Day: "2026-02-30"}}
			u.Usage.Location, u.Usage.Carriers = s, []trace.Carrier{{Text: s, Symbology: s, Source: s}}
			u.Product = trace.Product{Maker: s, Brand: s, Description: s, CatalogueNo: s}
			odd := *u
			odd.Usage.ID, odd.Usage.Status = id[trace.OfUsage]("odd"), trace.Status(s)
			p.Usages = append(p.Usages, odd)
			text, got := bundled(t, Options{}, p)
			for i, r := range text {
				if r < 0x20 && r != '\n' {
					t.Fatalf("control character %#x at byte %d", r, i)
				}
			}
			if d := got["Device"][0]; !strings.Contains(tags(d), "value-left-out") {
				t.Errorf("30 February left no mark: %q", tags(d))
			}
			if len(text) < 1<<20 { // the validators take minutes over megabytes
				Valid(t, text)
			}
		})
	}
}

func TestNoProceduresGiveAnEmptyBundle(t *testing.T) {
	text, _ := bundled(t, Options{Generated: generated})
	if want := `{"resourceType":"Bundle","type":"collection","timestamp":"2026-07-01T08:30:00Z"}` + "\n"; string(text) != want {
		t.Errorf("%s", text)
	}
	Valid(t, text)
}

func TestReportCountsEverything(t *testing.T) {
	r, err := WriteBundle(&bytes.Buffer{}, all(examplePeriod()...), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if r.Procedures != 3 || r.Resources["Device"] != 13 || r.Usages["withdrawn"] != 1 || r.Usages["not said"] != 1 || r.Usages["implanted"] != 4 {
		t.Errorf("%+v", r)
	}
}

func TestErrorInTheMiddleLeavesNoJSON(t *testing.T) {
	gone := trace.Errorf(trace.Busy, "the store went away")
	for _, before := range []int{0, 1, 2} {
		var out bytes.Buffer
		report, err := WriteBundle(&out, func(yield func(trace.ProcedureInFull, error) bool) {
			for i := range before {
				p := hip()
				p.Procedure.ID = id[trace.OfProcedure](string(rune('a' + i)))
				if !yield(p, nil) {
					return
				}
			}
			yield(trace.ProcedureInFull{}, gone)
		}, Options{})
		if !errors.Is(err, gone) || trace.KindOf(err) != trace.Busy || report.Procedures != before {
			t.Errorf("%d before: %v, %+v", before, err, report)
		}
		if before == 0 && out.Len() != 0 {
			t.Errorf("nothing was to be written: %s", out.Bytes())
		}
		if json.Valid(out.Bytes()) {
			t.Errorf("%d before: what is cut reads as a whole", before)
		}
	}
}

type broken struct{ after int }

func (w *broken) Write(p []byte) (int, error) {
	if w.after -= len(p); w.after < 0 {
		return 0, errors.New("the disk is full")
	}
	return len(p), nil
}

func TestErrorOfTheWriterIsReturned(t *testing.T) {
	many := func(yield func(trace.ProcedureInFull, error) bool) {
		for i := range 100 {
			p := hip()
			p.Procedure.ID = id[trace.OfProcedure](string(rune('a' + i)))
			if !yield(p, nil) {
				return
			}
		}
	}
	for _, after := range []int{0, 100_000} {
		if _, err := WriteBundle(&broken{after}, many, Options{}); err == nil || !strings.Contains(err.Error(), "disk is full") {
			t.Errorf("after %d bytes: %v", after, err)
		}
	}
}

// Of a procedure on both sides, a device says its own where that was recorded.
func TestADeviceSaysItsOwnSide(t *testing.T) {
	for _, c := range []struct {
		procedure, device trace.Side
		want              string
		note              bool
	}{
		{trace.SideLeft, "", "femur, left side", false}, {trace.SideBilateral, trace.SideRight, "femur, right side", false}, {trace.SideBilateral, "", "femur", true},
	} {
		p := hip()
		p.Procedure.Side, p.Usages[0].Procedure.Side, p.Usages[0].Usage.Side = c.procedure, c.procedure, c.device
		_, got := bundled(t, Options{}, p)
		use := got["DeviceUseStatement"][0]
		if site := use["bodySite"].(map[string]any)["text"]; site != c.want || (use["note"] != nil) != c.note {
			t.Errorf("%s, %s: %v, %v", c.procedure, c.device, site, use["note"])
		}
	}
	p := hip()
	p.Procedure.Side, p.Usages[0].Usage.Side, p.Usages[0].Usage.Status = trace.SideBilateral, trace.SideLeft, trace.Wasted
	if _, got := bundled(t, Options{}, p); !strings.Contains(compact(t, got["Device"][0]["note"]), "Side of the device: left.") {
		t.Errorf("%v", got["Device"][0]["note"])
	}
}
