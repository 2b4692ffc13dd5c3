package api_test

import (
	"fmt"
	"io"
	"net/url"
	"strings"
	"testing"
	"time"

	"implantrace/api"
	"implantrace/internal/staff"
	"implantrace/internal/trace"
)

// shelf keeps recordings without handhelds.
type shelf struct{ all []api.Recorded }

func (s *shelf) find(id trace.EventID) (int, error) {
	for i, r := range s.all {
		if r.ID == id {
			return i, nil
		}
	}
	return 0, trace.Errorf(trace.NotFound, "There is no such recording.")
}

func (s *shelf) Start(id trace.EventID, scanner string, long time.Duration) (api.Recorded, error) {
	if scanner != "desk" {
		return api.Recorded{}, trace.Errorf(trace.NotFound, "No handheld is called %s here.", scanner)
	}
	start := time.Date(2026, 3, 2, 8, 15, 0, 0, time.UTC)
	r := api.Recorded{ID: id, Scanner: scanner, Started: start, Until: start.Add(long)}
	s.all = append(s.all, r)
	return r, nil
}

func (s *shelf) Stop(id trace.EventID) (api.Recorded, error) {
	i, err := s.find(id)
	if err != nil {
		return api.Recorded{}, err
	}
	s.all[i].Ended, s.all[i].Bytes = "stopped", 7
	return s.all[i], nil
}

func (s *shelf) All() []api.Recorded { return s.all }

func (s *shelf) Open(id trace.EventID, w io.Writer) (api.Recorded, error) {
	i, err := s.find(id)
	if err == nil && s.all[i].Ended == "" {
		err = trace.Errorf(trace.Conflict, "This recording goes on.")
	}
	if err != nil {
		return api.Recorded{}, err
	}
	_, err = io.WriteString(w, `{"implantrace_recording":1}`+"\n")
	return s.all[i], err
}

func (s *shelf) Delete(id trace.EventID) error {
	i, err := s.find(id)
	if err == nil {
		s.all = append(s.all[:i], s.all[i+1:]...)
	}
	return err
}

func TestHandheldsAreRecorded(t *testing.T) {
	n := newNode(t)
	n.get("/api/v1/scanners/recordings").problem(404, "not-found")
	s := &shelf{}
	n.parts.Recordings = s
	n.version("test")
	n.page("/scanners").want(200, "Record what a scanner sends", "No recordings are kept")
	const path = "/api/v1/scanners/recordings"
	id := trace.NewEventID().String()
	start := func(scanner string) string {
		return fmt.Sprintf(`{"id":%q,"scanner":%q,"minutes":5}`, id, scanner)
	}
	n.post(path, start("shelf")).problem(404, "not-found")
	n.post(path, start("desk")).want(201, `"scanner":"desk"`)
	n.get(path).want(200, id)
	n.page("/scanners?part=recordings").want(200, "Recording", "stop-"+id)
	n.get(path+"/"+id).problem(409, "conflict")
	n.post(path+"/"+id+"/stop", "").want(200, `"ended":"stopped"`)
	n.get(path+"/"+id).want(200, "implantrace_recording")
	n.page("/scanners?part=recordings").want(200, "take-"+id, "delete-"+id)
	n.send(request{method: "DELETE", target: path + "/" + id}).want(204)
	n.send(request{method: "DELETE", target: path + "/" + id}).problem(404, "not-found")

	other := trace.NewEventID().String()
	of := func(minutes string) url.Values {
		return url.Values{"id": {other}, "scanner": {"desk"}, "minutes": {minutes}}
	}
	n.form("/scanners/recordings", of("some"), true).want(422)
	n.form("/scanners/recordings", of("10"), true).want(204)
	n.form("/scanners/recordings/"+other+"/stop", nil, true).want(204)
	n.form("/scanners/recordings/"+other+"/delete", nil, true).want(204)
	if len(s.all) != 0 {
		t.Errorf("kept: %v", s.all)
	}
}

// What a recording holds may name patients: whoever has a handheld recorded, or takes
// a recording out, stands in the audit, and nobody else sees that there are any.
func TestRecordingsAreForWhoMayAndAudited(t *testing.T) {
	n := newNode(t)
	n.parts.Recordings = &shelf{}
	office := n.staffed()
	admin, _ := n.administrator(office)
	sign := func(m *member) *visitor {
		v := n.visitor()
		v.signIn(m).want(303)
		return v
	}
	officer := sign(admin.hire("Olive Officer", "", staff.SafetyOfficer))
	nurse := sign(admin.hire("Nell Nurse", "", staff.Theatre))
	auditor := sign(admin.hire("Arthur Auditor", "", staff.Auditor))
	const path = "/api/v1/scanners/recordings"
	id := trace.NewEventID().String()
	body := fmt.Sprintf(`{"id":%q,"scanner":"desk","minutes":5}`, id)
	nurse.post(path, body).problem(403, "forbidden")
	if strings.Contains(nurse.page("/scanners").want(200).text(), "recordings") {
		t.Error("the page offers recordings to whoever may not have them")
	}
	officer.post(path, body).want(201)
	officer.post(path+"/"+id+"/stop", "").want(200)
	officer.send(request{method: "GET", target: path + "/" + id}).want(200, "implantrace_recording")
	officer.send(request{method: "DELETE", target: path + "/" + id, header: map[string]string{"X-Form-Token": officer.token}}).want(204)
	auditor.page("/audit").want(200, "Had a handheld recorded", "Took out the recording of a handheld", "Deleted the recording of a handheld", "Olive Officer")
}
