package api_test

import (
	"context"
	"fmt"
	"io"
	"slices"
	"testing"

	"implantrace/api"
	"implantrace/internal/command"
	"implantrace/internal/trace"
)

// operator is a node's operator without a node: what it is asked is the test's
// to say.
type operator struct{ recovery []trace.Recipient }

func (o *operator) Backup(_ context.Context, w io.Writer, size func(int64)) error {
	if len(o.recovery) == 0 {
		return trace.Errorf(trace.Conflict, "there is no recovery key")
	}
	size(7)
	_, err := io.WriteString(w, "a copy!")
	return err
}

func (o *operator) Recovery(context.Context) ([]trace.Recipient, error) { return o.recovery, nil }

func (o *operator) AddRecovery(_ context.Context, r trace.Recipient) error {
	if r.Key == "" {
		return trace.Errorf(trace.Invalid, "this is no public key")
	}
	o.recovery = append(o.recovery, r)
	return nil
}

func (o *operator) RemoveRecovery(_ context.Context, key string) error {
	i := slices.IndexFunc(o.recovery, func(r trace.Recipient) bool { return r.Key == key })
	switch {
	case i < 0:
		return trace.Errorf(trace.NotFound, "there is none")
	case len(o.recovery) == 1:
		return trace.Errorf(trace.Conflict, "it is the last")
	}
	o.recovery = slices.Delete(o.recovery, i, i+1)
	return nil
}

func (o *operator) Erase(_ context.Context, c command.ErasePatient) (api.Erased, error) {
	if c.Reason == "" {
		return api.Erased{}, trace.Errorf(trace.Conflict, "the identity is kept")
	}
	return api.Erased{Erasure: command.Erasure{Patients: []trace.PatientID{c.Patient}, Readings: 2}, Copies: []string{"backups until then"}}, nil
}

func (o *operator) Compact(context.Context) (trace.Compaction, error) {
	if len(o.recovery) > 0 {
		return trace.Compaction{}, trace.Errorf(trace.Busy, "another time")
	}
	return trace.Compaction{Before: 300, After: 200}, nil
}

func (o *operator) Compacting() (done, total int64) { return 3, 7 }

func (o *operator) RotateKeys(context.Context) error { return nil }

func (o *operator) RotateLookup(context.Context) error { return nil }

func TestKeysAreChangedThroughTheSocketOnly(t *testing.T) {
	n := newNode(t)
	for _, path := range []string{"/api/v1/operator/keys/rotate", "/api/v1/operator/keys/rotate-lookup"} {
		n.post(path, "").problem(403, "forbidden")
		n.send(request{method: "POST", target: path, socket: true}).want(204)
	}
}

func TestAStoreIsCompactedThroughTheSocketOnly(t *testing.T) {
	n := newNode(t)
	const path = "/api/v1/operator/compact"
	n.post(path, "").problem(403, "forbidden")
	n.get(path).problem(403, "forbidden")
	n.send(request{target: path, socket: true}).want(200, `"done":3`, `"total":7`)
	n.send(request{method: "POST", target: path, socket: true}).want(200, `"bytes_before":300`, `"bytes_after":200`)
	n.send(request{method: "POST", target: "/api/v1/operator/recovery", body: `{"key":"age1x"}`, socket: true}).want(200)
	n.send(request{method: "POST", target: path, socket: true}).problem(503, "busy")
}

func TestAnErasureAnswersWhatItCameTo(t *testing.T) {
	n := newNode(t)
	body := `{"id":"{new erase}","patient":"0193f0c1-0000-7000-8000-0000000000aa","reason":"%s"}`
	n.post("/api/v1/operator/erase", n.fill(fmt.Sprintf(body, "x"))).problem(403, "forbidden")
	ask := func(body string) *answer {
		return n.send(request{method: "POST", target: "/api/v1/operator/erase", body: n.fill(body), socket: true})
	}
	ask(fmt.Sprintf(body, "asked for in writing")).want(200, "0193f0c1-0000-7000-8000-0000000000aa", `"readings":2`, "backups until then")
	ask(fmt.Sprintf(body, "")).problem(409, "conflict")
	ask(`{"patient":"everybody"}`).problem(422, "invalid")
}

func TestBackupsWantARecoveryKey(t *testing.T) {
	n := newNode(t)
	ask := func(method, path, body string) *answer {
		t.Helper()
		return n.send(request{method: method, target: "/api/v1/operator/" + path, body: body, socket: true})
	}
	n.get("/api/v1/operator/recovery").problem(403, "forbidden")
	n.post("/api/v1/operator/recovery", `{"key":"age1x"}`).problem(403, "forbidden")
	n.post("/api/v1/operator/recovery/remove", `{"key":"age1x"}`).problem(403, "forbidden")
	ask("GET", "backup", "").problem(409, "conflict")
	ask("GET", "recovery", "").want(200, `"items":[]`)
	ask("POST", "recovery", `{"key":""}`).problem(422, "invalid")
	ask("POST", "recovery", `{"key":"age1x","name":"the safe","secret":"x"}`).problem(422, "invalid")
	ask("POST", "recovery", `{"key":"age1x","name":"the safe"}`).want(200, `"name":"the safe"`)
	if a := ask("GET", "backup", "").want(200, "a copy!"); a.Header.Get("Implantrace-Store-Bytes") != "7" {
		t.Errorf("%v", a.Header)
	}
	ask("POST", "recovery/remove", `{"key":"age1x"}`).problem(409, "conflict")
	ask("POST", "recovery/remove", `{"key":"age1y"}`).problem(404, "not-found")
	ask("POST", "recovery", `{"key":"age1y"}`).want(200, "age1x", "age1y")
	ask("POST", "recovery/remove", `{"key":"age1x"}`).want(200, "age1y")
}
