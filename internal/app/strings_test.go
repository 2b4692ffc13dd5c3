package app_test

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"implantrace/internal/app"
	"implantrace/internal/demo"
	"implantrace/internal/history"
)

// Nothing that says who a patient is stands in any file that the node writes:
// the store, its keys, the second copy, the backup.
func TestNoFileOfTheNodeShowsAPatient(t *testing.T) {
	dir := t.TempDir()
	share := filepath.Join(dir, "share")
	if err := os.Mkdir(share, 0o700); err != nil {
		t.Fatal(err)
	}
	n := serve(t, app.Config{Data: filepath.Join(dir, "data"), CopyTo: share})
	rows := demo.Rows(1, time.Now())
	if _, err := history.Import(t.Context(), n.node.Recorder, bytes.NewReader(rows), history.Options{Source: demo.Source}, func(r history.Refusal) { t.Error(r) }); err != nil {
		t.Fatal(err)
	}
	c := connect(t, n.node.Config.Data)
	// What a scanner sends and what people write, too.
	for _, q := range [][2]string{
		{"/api/v1/readings", `{"id":"0193f0c1-0000-7000-8000-0000000000a1","text":"8018505089899900000183"}`},
		{"/api/v1/readings", `{"id":"0193f0c1-0000-7000-8000-0000000000a2","text":"Zzyzxwarren, Ottokar 12/03/1951"}`},
		{"/api/v1/procedures", `{"id":"0193f0c1-0000-7000-8000-0000000000a3","patient":{"nhs_number":"9990000018","given":"Ottokar","local_issuer":"RJC","local_number":"ZZ-771203"},"code":{"code":"W371"},"indication":"Zzyzxwarren fell on the stairs","note":"Called Zzyzxwarren by the family"}`},
	} {
		if got, said := asked(t, c, "POST", q[0], q[1]); got >= 300 {
			t.Fatalf("%s: %d %s", q[0], got, said)
		}
	}
	addRecovery(t, c, filepath.Join(t.TempDir(), "recovery.txt"))
	until(t, "the second copy is up to date", func() bool {
		_, body := asked(t, c, "GET", "/readyz", "")
		return strings.Contains(body, `"behind_entries":0`)
	})
	got, archive := asked(t, c, "GET", "/api/v1/operator/backup", "")
	if got != 200 {
		t.Fatal(got)
	}
	if err := os.WriteFile(filepath.Join(dir, "backup.age"), []byte(archive), 0o600); err != nil {
		t.Fatal(err)
	}
	closed(t, c)
	n.end()

	secrets := map[string]bool{"Zzyzxwarren": true, "Ottokar": true, "ZZ-771203": true, "12/03/1951": true, "9990000018": true, "999 000 0018": true, "8018505089899900000183": true}
	said := ""
	patients := 0
	for line := range bytes.Lines(rows) {
		var row struct {
			Type                                    string
			NHSNumber                               string `json:"nhs_number"`
			Family, Given, Birth, Local_Number, Ref string
		}
		if err := json.Unmarshal(line, &row); err != nil {
			t.Fatal(err)
		}
		if row.Type != "patient" {
			said += string(line)
			continue
		}
		patients++
		for _, s := range []string{row.NHSNumber, strings.ReplaceAll(row.NHSNumber, " ", ""), row.Family, row.Birth, row.Local_Number} {
			if len(s) >= 5 { // shorter words come about by chance
				secrets[s] = true
			}
		}
	}
	files := 0
	if err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		files++
		b, err := os.ReadFile(path)
		for s := range secrets {
			if bytes.Contains(b, []byte(s)) && !strings.Contains(said, s) { // a surgeon may have a patient's name
				t.Errorf("%s shows %q", path, s)
			}
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if files < 5 || patients < 50 || len(secrets) < 2*patients {
		t.Errorf("%d files, %d patients, %d secrets: the test looks in the wrong place", files, patients, len(secrets))
	}
}
