package app_test

import (
	"strings"
	"testing"

	"implantrace/internal/app"
	"implantrace/internal/seal"
)

// A node without a recovery key works, says what is missing, and makes no
// backup that would be lost with it.
func TestANodeWithoutARecoveryKeySaysSo(t *testing.T) {
	n := serve(t, app.Config{})
	c := connect(t, n.node.Config.Data)
	defer closed(t, c)
	if got, body := asked(t, c, "GET", "/readyz", ""); got != 200 || !strings.Contains(body, "there is no recovery key") {
		t.Errorf("%d %s", got, body)
	}
	if got, body := asked(t, c, "GET", "/api/v1/operator/backup", ""); got != 409 || !strings.Contains(body, "implantrace keys recovery new") {
		t.Errorf("%d %s", got, body)
	}
	_, public := recoveryKey(t)
	_, second := recoveryKey(t)
	for _, s := range []struct {
		path, body string
		status     int
		says       string
	}{
		{"", `{"key":"age1nonsense"}`, 422, "no public key"},
		{"/remove", `{"key":"` + public + `"}`, 404, "no recovery key"},
		{"", `{"key":"` + public + `","name":"the safe"}`, 200, "the safe"},
		{"", `{"key":"` + public + `","name":"the other safe"}`, 200, `"name":"the other safe"`},
		{"/remove", `{"key":"` + public + `"}`, 409, "the only recovery key"},
		{"", `{"key":"` + second + `"}`, 200, second},
		{"/remove", `{"key":"` + public + `"}`, 200, second},
	} {
		if got, body := asked(t, c, "POST", "/api/v1/operator/recovery"+s.path, s.body); got != s.status || !strings.Contains(body, s.says) {
			t.Errorf("%s %s: %d %s", s.path, s.body, got, body)
		}
	}
	if got, body := asked(t, c, "GET", "/readyz", ""); got != 200 || strings.Contains(body, "recovery") {
		t.Errorf("%d %s", got, body)
	}
	if got, _ := asked(t, c, "GET", "/api/v1/operator/backup", ""); got != 200 {
		t.Errorf("%d", got)
	}
}

func recoveryKey(t *testing.T) (identity, public string) {
	t.Helper()
	identity, public, err := seal.NewRecovery()
	if err != nil {
		t.Fatal(err)
	}
	return identity, public
}
