package api_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"implantrace/internal/delivery"
	"implantrace/internal/trace"
)

// made waits until a run is made, and gives it.
func (n *node) made(id string) *answer {
	n.t.Helper()
	run, err := trace.ParseID[trace.OfRun](id)
	if err != nil {
		n.t.Fatal(err)
	}
	if err := n.server.Runs.Wait(n.t.Context(), run); err != nil {
		n.t.Fatal(err)
	}
	return n.get("/api/v1/exports/runs/" + id)
}

// run makes one and gives its id.
func (n *node) run(asks string) string {
	n.t.Helper()
	n.post("/api/v1/exports/runs", n.fill(`{"id":"{new run}",`+asks+`}`)).want(201, `"registry"`)
	return n.vars["run"]
}

func (n *node) implant(name, lot string) {
	n.t.Helper()
	n.post("/api/v1/theatre/open", n.fill(`{"id":"{new `+name+`}","patient":{"nhs_number":"`+ada+`","local_issuer":"RXX","local_number":"L-77","family":"Testwell","given":"Ada","birth":"1950-02-01"},"code":{"code":"W37.1"},"side":"left"}`)).want(201)
	scanned := n.post("/api/v1/readings", n.fill(`{"id":"{new scan}","text":"(01)`+stem+`(17)290331(10)`+lot+`"}`)).want(201)
	n.vars[name+"device"] = scanned.value("usage").(string)
	n.post("/api/v1/usages/"+n.vars[name+"device"]+"/outcome", n.fill(`{"id":"{new x}","status":"implanted"}`)).want(200)
	n.post("/api/v1/theatre/close", n.fill(`{"id":"{new x}","procedure":"{`+name+`}"}`)).want(200)
}

// A run from beginning to end: its file is kept with its hash, what the registry
// accepted is not sent again, a correction is, and what was withdrawn is named.
func TestRunsTellARegistryWhatItWasNotTold(t *testing.T) {
	n := newNode(t)
	n.implant("one", "NM21")
	n.implant("two", "NM22")
	first := n.run(`"registry":"mdor","from":"2020-01-01","to":"2030-01-01"`)
	made := n.made(first).want(200, `"state":"made"`, `"records":2`, `"new":2`, `"held":0`, `"draft":true`, `"from":"2020-01-01"`, `"to":"2030-01-01"`)
	file := n.get("/api/v1/exports/runs/"+first+"/file").want(200, "MDOR draft 1", "NM21", "NM22", ada)
	if sum := sha256.Sum256([]byte(file.text())); hex.EncodeToString(sum[:]) != made.value("result.sha256") {
		t.Error("the file is not the one that was made")
	}
	if file.Header.Get("Content-Disposition") == "" || !strings.Contains(file.Header.Get("Content-Disposition"), fmt.Sprint(made.value("result.name"))) {
		t.Errorf("it has no name: %q", file.Header.Get("Content-Disposition"))
	}
	// Sent again, the same command is the same run.
	n.post("/api/v1/exports/runs", `{"id":"`+first+`","registry":"mdor","from":"2020-01-01","to":"2030-01-01"}`).want(201, `"state":"made"`)
	n.post("/api/v1/exports/runs", `{"id":"`+first+`","registry":"mdor"}`).problem(409, "conflict")

	// What no registry has accepted is new to it.
	changes := `"registry":"mdor","from":"2020-01-01","to":"2030-01-01","changes":true`
	n.made(n.run(changes)).want(200, `"records":2`, `"new":2`, `"unchanged":0`)
	answer := func(run, said string) *answer {
		return n.post("/api/v1/exports/runs/"+run+"/answer", n.fill(`{"id":"{new x}",`+said+`}`))
	}
	answer(first, `"accepted":false`).problem(422, "invalid")
	answer(first, `"accepted":false,"reason":"Column 4 is no date."`).want(200, `"state":"refused"`, "Column 4 is no date.")
	n.made(n.run(changes)).want(200, `"new":2`)
	answer(first, `"accepted":true`).want(200, `"state":"accepted"`)
	n.get("/api/v1/exports/runs/"+first).want(200, `"state":"refused"`, "Column 4 is no date.", `"state":"accepted"`)
	n.made(n.run(changes)).want(200, `"records":0`, `"rows":0`, `"unchanged":2`, `"since":"`+first+`"`)

	// One is corrected, one withdrawn.
	n.post("/api/v1/corrections", n.fill(`{"id":"{new x}","usage":"{onedevice}","reason":"Label read again","set":{"lot":"NM29"}}`)).want(201)
	n.post("/api/v1/corrections", n.fill(`{"id":"{new x}","usage":"{twodevice}","reason":"On the wrong patient","withdraw":true}`)).want(201)
	last := n.run(changes)
	n.made(last).want(200, `"changed":1`, `"withdrawals":1`, `"new":1`) // a procedure without a device is told of too
	n.get("/api/v1/exports/runs/"+last+"/file").want(200, "NM29")
	n.get("/api/v1/exports/runs/"+last+"/report").want(200, `"withdrawn_total":1`, n.fill(`"withdrawn":[{"procedure":"{two}","usage":"{twodevice}"`))
	n.page("/exports/runs/"+last).want(200, "Tell the registry in its own way", n.fill("{twodevice}"))

	n.get("/api/v1/exports/runs").want(200, `"total":5`)
	n.get("/api/v1/exports/runs?limit=1").want(200, `"id":"`+last+`"`)
	n.get("/api/v1/exports/runs/"+last+"/report.csv").want(200, "procedure_id,usage_id", "changed")
	n.page("/exports").want(200, "Make the run", "Accepted", "Made, not answered yet")
	n.page("/exports/runs/"+first).want(200, "The registry accepted it", "Download mdor-draft-", "Refused, api: Column 4 is no date.")
}

// A record that lacks a mandatory element is kept back by name, in the run and in
// the report, and nothing of it is in the file.
func TestARunKeepsBackWhatIsNotWhole(t *testing.T) {
	n := newNode(t)
	n.post("/api/v1/products", n.fill(`{"id":"{new x}","di":"`+stem+`","maker":"Northmoor","brand":"Fellside","catalogue_no":"FS-12","attributes":{"kind":"stem","side":"not-applicable"}}`)).want(201)
	n.implant("hip", "NM21")
	hips := `"registry":"njr","section":"HIP PRIMARY"`
	run := n.run(hips)
	n.made(run).want(200, `"held":1`, `"records":0`)
	n.get("/api/v1/exports/runs/"+run+"/report").want(200, `"held_total":1`, "Nobody has said which joint was operated on", n.fill(`"page":"/procedures/{hip}/njr"`))
	n.get("/api/v1/exports/runs/"+run+"/report.csv").want(200, "held", "Nobody has said which joint")
	if strings.Contains(n.get("/api/v1/exports/runs/"+run+"/file").want(200, "procedure_id").text(), "FS-12") {
		t.Error("a record that is kept back is in the file")
	}
	n.page("/exports/runs/"+run).want(200, "Kept back", "Nobody has said which joint", n.fill("/procedures/{hip}/njr"))
	n.get("/api/v1/exports/completeness.csv?registry=njr&section=HIP%20PRIMARY").want(200, "kept_back,element", ",yes,", "Nobody has said which joint")
	at := n.fill("/api/v1/procedures/{hip}/njr")
	n.post(at, n.fill(`{"id":"{new x}","section":"HIP PRIMARY","answers":[]}`)).want(200)
	n.get("/api/v1/exports/completeness.csv?registry=njr&section=HIP%20PRIMARY").want(200, "body_mass_index,Body mass index,M,absent,It was not answered.", n.fill("/procedures/{hip}/njr"), "implant_batch_or_lot_number")
	n.post(at, n.fill(`{"id":"{new x}","section":"HIP PRIMARY","answers":`+answersHip(t, n.get(at))+`}`)).want(200)
	n.made(n.run(hips)).want(200, `"held":0`, `"records":1`)

	// The other registries, each with its elements.
	n.get("/api/v1/exports/completeness.csv?registry=deplcm&month=2026-03").want(200, "M,absent,The record does not hold it: whoever holds the contract fills it in.", "nhs_number")
	n.get("/api/v1/exports/completeness.csv?registry=iso16054").want(200, "A place,R,", "nhs_number,NHS number,O,present")
	n.get(n.fill("/api/v1/exports/completeness.csv?registry=mdor&procedure={hip}")).want(200, "site_ods,Site ods,R,absent", "/directory")
	n.get("/api/v1/exports/completeness.csv?registry=mdor&from=2001-01-01&to=2001-02-01").want(200, "procedure_id,")
	n.made(n.run(`"registry":"deplcm","month":"2026-03"`)).want(200, `"month":"2026-03"`, `"records":1`, `"held":0`)
	n.made(n.run(`"registry":"iso16054"`)).want(200, `"records":1`, `"draft":false`)
	n.made(n.run(n.fill(`"registry":"mdor","procedure":"{hip}"`))).want(200, `"records":1`)
	n.made(n.run(`"registry":"mdor","gln":"9520000000004"`)).want(200, `"records":0`)
}

// A run by a mapping of the node's folder names it; one of FHIR is FHIR.
func TestRunsByAMappingAndOfFHIR(t *testing.T) {
	n := newNode(t)
	n.implant("one", "NM21")
	n.form("/exports/runs", url.Values{"id": {n.fill("{new x}")}, "of": {"mapped/quarter"}}, false).want(422, "no folder of mappings")
	n.server.Runs.Mappings.Dir = t.TempDir()
	text := "name: Northmoor registry\nversion: 2\nformat: csv\nrow: device\noutcomes: [implanted]\ncolumns:\n  - {header: Lot, from: device.lot, required: M}\n  - {header: Maker, from: product.maker, required: M}\n"
	file := filepath.Join(n.server.Runs.Mappings.Dir, "quarter.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(text))
	n.get("/exports").want(200, `value="mapped/quarter"`, "Northmoor registry, version 2")
	n.post("/api/v1/exports/runs", n.fill(`{"id":"{new x}","registry":"mapped"}`)).problem(422, "invalid")
	n.post("/api/v1/exports/runs", n.fill(`{"id":"{new x}","registry":"mdor","mapping":"quarter"}`)).problem(422, "invalid")
	id := n.run(`"registry":"mapped","mapping":"quarter"`)
	n.made(id).want(200, `"title":"By a mapping: Northmoor registry"`, `"file":"quarter"`, `"version":"2"`, hex.EncodeToString(sum[:]))
	n.get("/exports/runs/"+id).want(200, "quarter.yaml", hex.EncodeToString(sum[:]))
	n.get("/api/v1/exports/completeness.csv?registry=mapped&mapping=quarter").want(200, "Lot,Lot,M,present")
	n.form("/exports/runs", url.Values{"id": {n.fill("{new run}")}, "of": {"mapped/quarter"}}, false).want(303)
	n.made(n.vars["run"]).want(200, `"file":"quarter"`)
	for registry, kind := range map[string]string{"fhir-bundle": "application/fhir+json", "fhir-ndjson": "application/fhir+ndjson"} {
		id := n.run(`"registry":"` + registry + `"`)
		n.made(id).want(200, `"state":"made"`, `"records":1`)
		if got := n.get("/api/v1/exports/runs/"+id+"/file").want(200, "NM21", `"resourceType":"Patient"`).Header.Get("Content-Type"); got != kind {
			t.Errorf("%s is %q", registry, got)
		}
		n.get("/api/v1/exports/completeness.csv?registry="+registry).want(200, "procedure_id")
	}
}

func TestARunThatMakesNoSenseIsRefused(t *testing.T) {
	n := newNode(t)
	for _, asks := range []string{
		`"registry":"njr"`, `"registry":"njr","section":"LEG PRIMARY"`, `"registry":"mdor","section":"HIP PRIMARY"`, `"registry":"mdor","month":"2026-03"`, `"registry":"deplcm"`,
		`"registry":"deplcm","month":"March"`, `"registry":"deplcm","month":"2026-03","from":"2026-03-01"`, `"registry":"mdor","from":"soon"`, `"registry":"mdor","from":"2026-03-02","to":"2026-03-01"`,
		`"registry":"mdor","gln":"123"`, `"registry":"mdor","from":"2026-03-02","procedure":"0193f0c1-0000-7000-8000-000000000001"`,
	} {
		n.post("/api/v1/exports/runs", n.fill(`{"id":"{new x}",`+asks+`}`)).problem(422, "invalid")
	}
	n.post("/api/v1/exports/runs", n.fill(`{"id":"{new x}","registry":"mdor","procedure":"0193f0c1-0000-7000-8000-000000000001"}`)).problem(404, "not-found")
	n.get("/api/v1/exports/completeness.csv?registry=deplcm").problem(422, "invalid")
	n.get("/api/v1/exports/completeness.csv?registry=mdor&procedure=x").problem(422, "invalid")
	n.get("/api/v1/exports/completeness.csv?registry=mdor&procedure=0193f0c1-0000-7000-8000-000000000001").problem(404, "not-found")
	n.get("/api/v1/exports/runs/"+n.id()).problem(404, "not-found")
	n.get("/api/v1/exports/runs").want(200, `"total":0`)
}

func TestSchedulesAreShown(t *testing.T) {
	n := newNode(t)
	n.get("/api/v1/exports/schedules").want(200, `"items":[]`)
	n.parts.Schedules = func() []delivery.State {
		return []delivery.State{
			{Schedule: delivery.Schedule{Name: "Weekly", Registry: "mdor", Every: 7 * 24 * time.Hour, Period: "all", To: "https://registry.example/in?key=hidden"}, Trouble: "the address answered 503", Tries: 2, Next: n.clock.now()},
			{Schedule: delivery.Schedule{Name: "Hips", Registry: "njr", Section: "HIP PRIMARY", Every: 36 * time.Hour, Period: "last-month", Full: true, To: "/srv/in"}, Due: n.clock.now()},
			{Schedule: delivery.Schedule{Name: "Monthly", Registry: "deplcm", Every: 24 * time.Hour, Period: "last-month", To: "/srv/in"}},
		}
	}
	n.version("test")
	if text := n.get("/api/v1/exports/schedules").want(200, `"to":"https://registry.example/in"`, `"tries":2`, `"every_seconds":604800`).text(); strings.Contains(text, "hidden") {
		t.Error("an address is shown with its secret")
	}
	n.page("/exports").want(200, "Scheduled exports", "every 7 days", "Not delivered", "the address answered 503", "every 36h0m0s", "every record", "every day", "On its way")
}

func TestRunsAreMadeAndAnsweredOnTheirPages(t *testing.T) {
	n := newNode(t)
	n.implant("one", "NM21")
	n.page("/exports").want(200, "No run has been made yet.", `value="njr/HIP PRIMARY"`)
	sent := url.Values{"id": {n.id()}, "of": {"mdor"}, "from": {"2020-01-01"}, "to": {"2030-01-01"}}
	n.form("/exports/runs", sent, false).want(303)
	n.made(sent.Get("id"))
	at := "/exports/runs/" + sent.Get("id")
	n.page(at).want(200, "1 record in 1 row: 1 new", "SHA-256", "No record was kept back.")
	n.form(at, url.Values{"id": {n.id()}, "do": {"refused"}}, false).want(422, "Nothing was changed", "Say why")
	n.form(at, url.Values{"id": {n.id()}, "do": {"cancel"}}, false).want(422, "not being made any more")
	n.form(at, url.Values{"id": {n.id()}, "do": {"dance"}}, false).want(422, "accepted or refused")
	n.form(at, url.Values{"id": {n.id()}, "do": {"refused"}, "reason": {"Wrong header"}}, false).want(303)
	n.page(at).want(200, "Refused", "Wrong header")
	n.form("/exports/runs", url.Values{"id": {n.id()}, "of": {"deplcm"}}, false).want(422, "No run was begun", "in which month")
	month := url.Values{"id": {n.id()}, "of": {"deplcm"}, "from": {"2026-03-14"}, "to": {"2026-03-20"}}
	n.form("/exports/runs", month, false).want(303)
	n.made(month.Get("id")).want(200, `"month":"2026-03"`)
	n.form("/exports/runs", url.Values{"id": {n.id()}, "of": {"njr"}}, false).want(422, "No run was begun")
}

// A run that was begun when the node stopped is shown as broken off, gives nothing,
// and can be cancelled so that nobody waits for it.
func TestARunThatBrokeOffIsShownAndCancelled(t *testing.T) {
	n := newNode(t)
	begin := func() string {
		id := trace.NewEventID()
		draft := trace.Draft{Fact: trace.RunFact{Run: trace.RunID(id), State: trace.RunBegun, Scope: trace.RunScope{Registry: "mdor"}}}
		if _, err := n.store.Append(t.Context(), trace.Command{ID: id, Canonical: id[:], By: trace.Actor{Via: "test"}, Drafts: []trace.Draft{draft}}); err != nil {
			t.Fatal(err)
		}
		return id.String()
	}
	run := begin()
	at := "/api/v1/exports/runs/" + run
	n.get(at).want(200, `"state":"broken-off"`)
	n.get(at+"/file").problem(409, "conflict")
	n.post(at+"/answer", n.fill(`{"id":"{new x}","accepted":true}`)).problem(409, "conflict")
	n.page("/exports/runs/"+run).want(200, "Broken off", "Make it again")
	n.post(at+"/cancel", n.fill(`{"id":"{new x}","run":"{new y}"}`)).problem(422, "invalid")
	n.post(at+"/answer", n.fill(`{"id":"{new x}","run":"{new y}","accepted":true}`)).problem(422, "invalid")
	n.post(at+"/cancel", n.fill(`{"id":"{new x}"}`)).want(200, `"state":"cancelled"`)
	n.page("/exports/runs/"+run).want(200, "Cancelled")
	other := begin()
	n.form("/exports/runs/"+other, url.Values{"id": {n.id()}, "do": {"cancel"}}, false).want(303)
	n.page("/exports").want(200, "Cancelled")
}
