package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"implantrace/api"
)

// bodies are the addresses that take JSON, each with a body that is right.
func bodies(n *node) map[string]string {
	n.walk(road[10:21]) // up to a procedure that is open, with a device
	return map[string]string{
		"/api/v1/parse":                          `{"text":"(01)` + stem + `(10)A"}`,
		"/api/v1/readings":                       `{"id":"{new x}","text":"(01)` + stem + `(10)A"}`,
		"/api/v1/theatre/open":                   `{"id":"{new x}","code":{"text":"Hip"}}`,
		"/api/v1/theatre/close":                  `{"id":"{new x}","procedure":"{hip}"}`,
		"/api/v1/patients":                       `{"id":"{new x}","nhs_number":"` + bob + `"}`,
		"/api/v1/patients/search":                `{"nhs_number":"` + bob + `"}`,
		"/api/v1/procedures":                     `{"id":"{new x}","patient":{"nhs_number":"` + bob + `"},"code":{"text":"Hip"}}`,
		n.fill("/api/v1/procedures/{hip}/close"): `{"id":"{new x}"}`,
		"/api/v1/usages":                         `{"id":"{new x}","procedure":"{hip}","device":{"lot":"A"}}`,
		n.fill("/api/v1/usages/{usage}/outcome"): `{"id":"{new x}","status":"opened"}`,
		n.fill("/api/v1/usages/{usage}/join"):    `{"id":"{new x}","other":"{usage}"}`,
		"/api/v1/products":                       `{"id":"{new x}","di":"` + cup + `","maker":"Northmoor"}`,
		"/api/v1/corrections":                    `{"id":"{new x}","usage":"{usage}","withdraw":true,"reason":"x"}`,
		"/api/v1/recalls/search":                 `{"di":"` + stem + `"}`,
		"/api/v1/approval":                       `{"id":"{new x}","approved":true,"officer":"Dr P Officer"}`,
	}
}

func TestABodyThatIsNotRightIsRefusedAndNotRecorded(t *testing.T) {
	n := newNode(t)
	all := bodies(n)
	entries := n.entries()
	for _, target := range sorted(all) {
		good := n.fill(all[target])
		quoted := good[strings.Index(good, `"`):]
		name := quoted[:strings.Index(quoted, ":")+1] // the first field: "name":
		for _, c := range []struct{ what, body string }{
			{"empty", ""},
			{"blank", "  \n"},
			{"not JSON", "id=1&text=x"},
			{"truncated", good[:len(good)-1]},
			{"half", good[:len(good)/2]},
			{"more behind", good + "{}"},
			{"an array", "[" + good + "]"},
			{"a text", `"` + stem + `"`},
			{"null", "null"},
			{"a number", "1"},
			{"an unknown field", `{"unheard_of":1,` + good[1:]},
			{"a field in another case", strings.ToUpper(good[:6]) + good[6:]},
			{"a field twice", `{` + name + `"x",` + good[1:]},
			{"a field that is null", `{` + name + `null}`},
			{"a wrong type", `{` + name + `{"a":[1]}}`},
			{"invalid UTF-8", `{` + name + `"` + "\xff\xfe" + `"}`},
			{"half a character", `{` + name + `"\ud800"}`},
			{"a deep nest", strings.Repeat(`{"a":`, 20_000) + "1" + strings.Repeat("}", 20_000)},
			{"a deep list", `{` + name + strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000) + "}"},
			{"a byte order mark", "\ufeff" + good},
		} {
			q := request{method: http.MethodPost, target: target, kind: "application/json", body: c.body}
			a := n.send(q)
			if a.Status != http.StatusUnprocessableEntity {
				t.Errorf("%s: %s: %d %s", target, c.what, a.Status, a.Body)
				continue
			}
			if kind := a.value("type").(string); !strings.HasSuffix(kind, ":invalid") && !strings.HasSuffix(kind, ":not-understood") {
				t.Errorf("%s: %s: %s", target, c.what, kind)
			}
			if a.value("detail") == "" {
				t.Errorf("%s: %s: no word of what is wrong", target, c.what)
			}
		}
		for _, kind := range []string{"text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonx", "nonsense", "application/xml"} {
			n.send(request{method: http.MethodPost, target: target, kind: kind, body: good}).problem(422, "invalid")
		}
		most := api.BodyMost
		if strings.HasPrefix(target, "/api/v1/recalls/") {
			most = api.NoticeMost
		}
		n.send(request{method: http.MethodPost, target: target, body: `{"text":"` + strings.Repeat("A", most) + `"}`}).problem(413, "too-large")
		if got := n.entries(); got != entries {
			t.Fatalf("%s: something was recorded", target)
		}
		if a := n.post(target, good); a.Status >= 300 && a.Status != http.StatusConflict && target != "/api/v1/theatre/open" && !strings.HasSuffix(target, "/join") {
			t.Errorf("%s: the right body is refused: %s", target, a.Body)
		}
		entries = n.entries()
	}
}

// What the description refuses in shape, the node refuses too.
func TestTheDescriptionIsAsStrictAsTheNode(t *testing.T) {
	n := newNode(t)
	for target, good := range bodies(n) {
		good = n.fill(good)
		for _, body := range []string{`{"unheard_of":1,` + good[1:], `[` + good + `]`, `{}`} {
			q := request{method: http.MethodPost, target: target, body: body}
			if n.fits(q) == nil && !(body == `{}` && strings.HasSuffix(target, "/search")) {
				t.Errorf("%s: the description takes %s", target, body)
			}
			if a := n.send(q); a.Status < 400 {
				t.Errorf("%s: the node takes %s", target, body)
			}
		}
	}
}

func TestValuesThatCannotBeRightAreRefused(t *testing.T) {
	n := newNode(t)
	n.walk(road[10:21])
	entries := n.entries()
	const none = "00000000-0000-0000-0000-000000000000"
	for _, c := range []struct{ target, body, says string }{
		{"/api/v1/readings", `{"id":"` + none + `","text":"x"}`, "not a UUID"},
		{"/api/v1/readings", `{"id":"1","text":"x"}`, "not a UUID"},
		{"/api/v1/readings", `{"id":"{0193F0C1-0000-7000-8000-0000000000}","text":"x"}`, "not a UUID"},
		{"/api/v1/readings", `{"text":"x"}`, "wants an id"},
		{"/api/v1/readings", `{"id":"{new x}"}`, "1 to 8191"},
		{"/api/v1/readings", `{"id":"{new x}","text":"` + strings.Repeat("A", 8192) + `"}`, "1 to 8191"},
		{"/api/v1/readings", `{"id":"{new x}","text":"x","source":"serial"}`, "typed, wedge or camera"},
		{"/api/v1/readings", `{"id":"{new x}","text":"x","occurred":"2036-01-01T00:00:00Z"}`, "can have happened"},
		{"/api/v1/readings", `{"id":"{new x}","text":"x","occurred":"1066-10-14T00:00:00Z"}`, "can have happened"},
		{"/api/v1/readings", `{"id":"{new x}","text":"x","occurred":"yesterday"}`, "RFC 3339"},
		{"/api/v1/patients", `{"id":"{new x}","nhs_number":"9990000019"}`, "check digit"},
		{"/api/v1/patients", `{"id":"{new x}","nhs_number":"0000000000"}`, "begins with 00"},
		{"/api/v1/patients", `{"id":"{new x}","family":"Testwell"}`, "NHS number"},
		{"/api/v1/patients", `{"id":"{new x}","local_number":"1"}`, "ODS code"},
		{"/api/v1/patients", `{"id":"{new x}","nhs_number":"` + bob + `","birth":"01/02/1950"}`, "not a date"},
		{"/api/v1/patients", `{"id":"{new x}","nhs_number":"` + bob + `","family":"A\u0000B"}`, "printed"},
		{"/api/v1/patients/search", `{}`, "NHS number"},
		{"/api/v1/theatre/open", `{"id":"{new x}","code":{"text":"Hip"},"side":"up"}`, "open here already"},
		{"/api/v1/theatre/close", `{"id":"{new x}"}`, "which procedure"},
		{"/api/v1/procedures", `{"id":"{new x}","patient":{"nhs_number":"` + bob + `"}}`, "a code or a name"},
		{"/api/v1/procedures", `{"id":"{new x}","patient":{"nhs_number":"` + bob + `"},"code":{"text":"Hip"},"side":"up"}`, "the side"},
		{"/api/v1/procedures", `{"id":"{new x}","patient":{"nhs_number":"` + bob + `"},"code":{"text":"Hip"},"place":{"gln":"5050898000015"}}`, "GLN"},
		{"/api/v1/procedures", `{"id":"{new x}","patient":{"nhs_number":"` + bob + `"},"code":{"text":"Hip"},"start":"2026-03-14T09:00:00Z","end":"2026-03-14T08:00:00Z"}`, "cannot end"},
		{"/api/v1/procedures/{hip}/close", `{"id":"{new x}","procedure":"{band}"}`, "different procedures"},
		{"/api/v1/usages", `{"id":"{new x}","procedure":"{hip}"}`, "barcode"},
		{"/api/v1/usages", `{"id":"{new x}","procedure":"{hip}","device":{"di":"09520140001146"}}`, "check digit"},
		{"/api/v1/usages", `{"id":"{new x}","procedure":"{hip}","device":{"di":"` + stem + `","expiry":{"date":"2028-02-30"}}}`, "date"},
		{"/api/v1/usages", `{"id":"{new x}","procedure":"{hip}","device":{"lot":"A"},"status":"used"}`, "the status"},
		{"/api/v1/usages", `{"id":"{new x}","procedure":"{hip}","carriers":[{"text":"` + wristband + `"}]}`, "no device's code"},
		{"/api/v1/usages/{usage}/outcome", `{"id":"{new x}","status":""}`, "the outcome"},
		{"/api/v1/usages/{usage}/outcome", `{"id":"{new x}","status":"opened","usage":"{hip}"}`, "different usages"},
		{"/api/v1/usages/{usage}/join", `{"id":"{new x}","other":"{usage}"}`, "with itself"},
		{"/api/v1/products", `{"id":"{new x}","di":"09520140001146","maker":"N"}`, "check digit"},
		{"/api/v1/products", `{"id":"{new x}","di":"` + stem + `"}`, "Say something"},
		{"/api/v1/corrections", `{"id":"{new x}","usage":"{usage}","withdraw":true}`, "reason"},
		{"/api/v1/corrections", `{"id":"{new x}","usage":"{usage}","product":"` + stem + `","withdraw":true,"reason":"x"}`, "names one"},
		{"/api/v1/corrections", `{"id":"{new x}","usage":"{usage}","reason":"x"}`, "changes nothing"},
		{"/api/v1/corrections", `{"id":"{new x}","usage":"{usage}","set":{"family":"X"},"reason":"x"}`, "does not have"},
		{"/api/v1/corrections", `{"id":"{new x}","usage":"{usage}","clear":["family"],"reason":"x"}`, "cannot be cleared"},
		{"/api/v1/recalls/search", `{"di":"09520140001146"}`, "Nothing was searched"},
		{"/api/v1/recalls/search", `{"di":["` + stem + `",""]}`, "Nothing was searched"},
		{"/api/v1/recalls/search", `{"di":"` + stem + `","lot":[""]}`, "empty"},
		{"/api/v1/recalls/search", `{"lot":"A"}`, "device identifier"},
		{"/api/v1/recalls/search", `{"di":"` + stem + `","lot":[{"prefix":"A","from":"B","to":"C"}]}`, "both ends of a range"},
		{"/api/v1/recalls/search", `{"di":"` + stem + `","lot":[{"from":"A1","to":"B100"}]}`, "no order"},
		{"/api/v1/recalls/search", `{"di":"` + stem + `","serial":[{"from":"9","to":"1"}]}`, "ends before it begins"},
		{"/api/v1/recalls/search", `{"any":[{"di":"` + stem + `"},{"lot":["A"]}]}`, "Nothing was searched"},
		{"/api/v1/recalls/matches", `{"criteria":{"di":"` + stem + `","made":{"from":"spring"}}}`, "not a date"},
		{"/api/v1/recalls/matches", `{"kind":"rumour","criteria":{"di":"` + stem + `"}}`, "kind of a notice"},
		{"/api/v1/recalls/search", `{"di":"` + stem + `","from":"2026-13-01"}`, "not a date"},
		{"/api/v1/recalls/search", `{"di":"` + stem + `","from":"2026-03-02","to":"2026-03-01"}`, "ends before"},
		{"/api/v1/approval", `{"id":"{new x}","approved":true,"officer":" "}`, "officer"},
	} {
		body := c.body
		if !strings.Contains(body, "{0193F0C1") {
			body = n.fill(body)
		}
		a := n.post(n.fill(c.target), body)
		if a.Status != http.StatusUnprocessableEntity && a.Status != http.StatusConflict {
			t.Errorf("%s %s: %d %s", c.target, body, a.Status, a.Body)
		}
		if !strings.Contains(a.text(), c.says) {
			t.Errorf("%s %s: %q is not in %s", c.target, body, c.says, a.Body)
		}
	}
	if n.entries() != entries {
		t.Error("something was recorded")
	}
	n.post("/api/v1/usages", n.fill(`{"id":"{new x}","procedure":"{band}","device":{"lot":"A"}}`)).problem(404, "not-found")
	n.post("/api/v1/readings", n.fill(`{"id":"{new x}","text":"x","procedure":"{band}"}`)).problem(404, "not-found")
}

func TestAFaultInATextIsPointedOut(t *testing.T) {
	n := newNode(t)
	for _, c := range []struct {
		text   string
		status int
		says   string
		offset float64
	}{
		{`(01)09520140001146(10)A`, 200, `"severity":"hard"`, 17},
		{`01095201400011`, 200, `"code":"too-short","severity":"hard"`, 2},
		{`(99`, 422, "not-understood", -1},
		{`\u0001\u0002\u00ff\u0000`, 422, "not-understood", -1},
		{`Testwell Ada`, 422, "not-understood", -1},
		{``, 422, "not-understood", -1},
		{strings.Repeat(`9`, 100_000), 422, "not-understood", -1},
	} {
		a := n.post("/api/v1/parse", `{"text":"`+c.text+`"}`).want(c.status, c.says)
		if c.status == 200 {
			if a.value("issues.0.offset") != c.offset {
				t.Errorf("%s: the fault is at %v, want %v: %s", c.text, a.value("issues.0.offset"), c.offset, a.Body)
			}
			continue
		}
		a.problem(422, "not-understood")
	}
	if n.entries() != 1 {
		t.Error("something was recorded")
	}
}

// A reading is never refused a record over what it says.
func TestWhateverIsReadIsRecorded(t *testing.T) {
	n := newNode(t)
	for i, text := range []string{`01095201400011`, `(99`, `\u0001\u0002\u00ff`, `]d2`, `\u001d\u001d`, ` `, `\ufffd\ufffd`, `\ud83d\ude00`, `\\ud800`, strings.Repeat("9", 8191), `]C1172803311021-7`, `(01)09520140001146`} {
		n.clock.move(time.Second)
		n.post("/api/v1/readings", fmt.Sprintf(`{"id":"%s","text":"%s"}`, n.id(), text)).want(201)
		if got := n.entries(); got != uint64(i+2) {
			t.Fatalf("%q: %d entries", text, got)
		}
	}
}

func TestAnImportSaysWhatBecameOfEachRow(t *testing.T) {
	n := newNode(t)
	send := func(target, body string) *answer {
		return n.send(request{method: "POST", target: target, kind: "application/x-ndjson", body: body})
	}
	send("/api/v1/imports", history).problem(422, "invalid")
	send("/api/v1/imports?source=", history).problem(422, "invalid")
	send("/api/v1/imports?source="+strings.Repeat("a", 61), history).problem(422, "invalid")
	send("/api/v1/imports?source=pas&x=1", history).problem(422, "invalid")
	send("/api/v1/imports?source=pas", "\n").want(200, `"lines":0`, `"refusals":[]`, `"notices":[]`)
	send("/api/v1/imports?source=pas", "\xff\xfe\n{}\n[]\nnull\n{\"type\":\"usage\"}\nid=1").want(200, `"recorded":0`, `"refused":6`)
	send("/api/v1/imports?source=pas", history).want(200, `"recorded":4`)
	send("/api/v1/imports?source=pas", strings.ReplaceAll(history, "NM21-0001", "NM21-0009")).want(200, `"recorded":0`, `"repeated":3`, `"refused":2`)
	send("/api/v1/imports?source=pas", `{"type":"patient","ref":"P-2","nhs_number":"999 000 0034","family":"Otherwise"}`).want(200, `"noticed":1`, `"text":"`)
}
