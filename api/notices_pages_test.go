package api_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// The pages of a notice, as a coordinator without JavaScript walks through them.
func TestThePagesOfANotice(t *testing.T) {
	n := newNode(t)
	n.walk(road)
	n.page("/notices").want(200, "No notice is kept here yet")
	n.page("/notices/new").want(200, "Find identifiers", "None is taken over until you tick it")
	form := url.Values{"action": {"read"}, "id": {n.id()}, "title": {"Fellside <stems>"}, "reference": {"2026-014"}, "reference_of": {"FSCA"},
		"paste": {"GTIN 09520140001145, lots NM21-0410 to NM21-0450, NM21-0001 and <script>ZZ-9</script>"}}
	a := n.form("/notices/new", form, false).want(200, "Is each of these what the notice names?", "NM21-0410 to NM21-0450", "&lt;script&gt;")
	if strings.Contains(a.text(), "checked") || strings.Contains(a.text(), "<script>ZZ") {
		t.Error("something is ticked, or a text is taken for markup")
	}
	// Only what is ticked is taken over.
	form.Set("action", "take")
	form["take"] = []string{"di 09520140001145", "lot NM21-0410 to NM21-0450"}
	a = n.form("/notices/new", form, false).want(200, "2 proposals were taken over", "NM21-0410 to NM21-0450</textarea>", ">09520140001145</textarea>")
	if strings.Contains(a.text(), "NM21-0001\n") {
		t.Error("what was not ticked is taken over")
	}
	delete(form, "take")
	form.Set("di", "09520140001145")
	form.Set("lot", "NM21-0410 to NM21-0450\nZZ-...")
	form.Set("actions", "Put aside\nReview")
	form.Set("action", "try")
	n.form("/notices/new", form, false).want(200, "If it were kept now", "patients confirmed", "What this answer rests on", "could not be judged")
	entries := n.entries()
	form.Set("action", "keep")
	wrong := url.Values{}
	for k, v := range form {
		wrong[k] = v
	}
	wrong.Set("lot", "A1 to B200")
	n.form("/notices/new", wrong, false).want(422, "have no order", "A1 to B200</textarea>", "Fellside &lt;stems&gt;")
	if n.entries() != entries {
		t.Error("something was recorded")
	}
	kept := n.form("/notices/new", form, false).want(303)
	at := kept.Header.Get("Location")
	if again := n.form("/notices/new", form, false).want(303); again.Header.Get("Location") != at {
		t.Error("the form that was sent twice made two")
	}
	a = n.page(at).want(200, "Open: a scan of a device that it names stops", "Required actions (2 not answered)", "Work list", "Testwell, Ada", "<strong>0</strong> late", "Time to trace on")
	n.page("/notices").want(200, "FSCA 2026-014: Fellside &lt;stems&gt;", ">open<")
	n.page(at+"?show=confirmed").want(200, "Testwell, Ada")
	n.page(at+"?show=late").want(200, "No case is in this list")

	// A bulk step, taken back.
	ticks := regexp.MustCompile(`name="case" value="([^"]+)"`).FindAllStringSubmatch(a.text(), -1)
	step := url.Values{"action": {"change"}, "id": {n.id()}, "owner": {"R. Dene"}, "status": {"contacting"}, "you": {"R. Dene"}}
	for _, m := range ticks {
		step["case"] = append(step["case"], m[1])
	}
	done := n.form(at, step, false).want(303).Header.Get("Location")
	n.page(done).want(200, "Undo that step", "contacting", "R. Dene")
	step.Set("id", n.id())
	n.form(at, step, false).want(409, "was changed by R. Dene", "Nothing was recorded")
	n.form(at, url.Values{"action": {"change"}, "id": {n.id()}, "owner": {"X"}}, false).want(422, "Choose a case")
	_, command, _ := strings.Cut(done, "done=")
	n.form(at, url.Values{"action": {"undo"}, "id": {n.id()}, "command": {command}}, false).want(303)
	n.page(at).want(200, "to review")

	// One case; a change that comes too late stays in the form.
	one := regexp.MustCompile(`href="(/notices/[0-9a-f-]+/cases/[0-9a-f-]+)"`).FindStringSubmatch(a.text())[1]
	seen := regexp.MustCompile(`name="seen" value="([^"]+)"`).FindStringSubmatch(n.page(one).want(200, "Record work", "is in the named range", "taken back later").text())[1]
	work := url.Values{"id": {n.id()}, "seen": {seen}, "you": {"P. Vale"}, "status": {"appointment"}, "due": {"2026-03-20"}, "next": {"Clinic"}, "note": {"Prefers <mornings>"}}
	n.form(one, work, false).want(303)
	n.page(one).want(200, "Prefers &lt;mornings&gt;", "P. Vale", "Due: 2026-03-20")
	late := url.Values{"id": {n.id()}, "seen": {seen}, "you": {"R. Dene"}, "note": {"Left a message"}}
	n.form(one, late, false).want(409, "changed by P. Vale", "What you typed is still in the form", "Left a message</textarea>", "Prefers &lt;mornings&gt;")

	// Actions, documents, amending, closing.
	n.form(at, url.Values{"action": {"answer"}, "id": {n.id()}, "of": {"Put aside"}, "answer": {"done"}}, false).want(303)
	n.page(at).want(200, "Required actions (1 not answered)")
	a = n.page(at+"/amend").want(200, "NM21-0410 to NM21-0450", "ZZ-...")
	amend := url.Values{"action": {"keep"}, "id": {n.id()}, "seen": regexp.MustCompile(`name="seen" value="([^"]+)"`).FindStringSubmatch(a.text())[1:]}
	for k, v := range form {
		if k != "id" && k != "action" {
			amend[k] = v
		}
	}
	amend.Set("lot", "")
	n.form(at+"/amend", amend, false).want(303)
	n.form(at, url.Values{"action": {"state"}, "id": {n.id()}, "state": {"closed"}}, false).want(409, "cases are open")
	n.form(at, url.Values{"action": {"state"}, "id": {n.id()}, "state": {"closed"}, "reason": {"Handed over"}}, false).want(303)
	n.page(at).want(200, "Closed: scans are not compared with it", "Open it again")
	// Criteria that the fields do not have are amended as JSON.
	n.post("/api/v1/notices", n.fill(`{"id":"{new tree}",`+noticeOf+`,"criteria":{"any":[{"di":"`+stem+`"},{"family":[{"brand":"Fellside","maker":"Northmoor Orthopaedics"}]}]}}`)).want(201)
	n.page(n.fill("/notices/{tree}/amend")).want(200, "&#34;any&#34;:[{&#34;di&#34;")
	if strings.Contains(n.log.String(), "Testwell") || strings.Contains(n.log.String(), "mornings") {
		t.Error("the log has a name or a note")
	}
}
