package app_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"implantrace/internal/app"
	"implantrace/internal/trace"
)

// A node that is killed at any moment leaves a second copy from which it can be
// rebuilt; the next start goes on with it, and in the end it has everything.
func TestTheSecondCopySurvivesKill(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	if err := os.Mkdir(dir+copyBeside, 0o700); err != nil {
		t.Fatal(err)
	}
	var all []answered
	for round := range 5 {
		all = append(all, killAfter(t, dir, 5+rand.IntN(60))...)
		to := filepath.Join(t.TempDir(), "restored")
		r, err := app.Restore(t.Context(), app.Config{Data: to, Keys: dir + ".keys"}, "test", app.RestoreFrom{Copy: dir + copyBeside})
		if err != nil {
			if round == 0 && strings.Contains(err.Error(), "no second copy") {
				continue // it was killed before the copy was begun
			}
			t.Fatalf("round %d: %v", round, err)
		}
		if v := r.Verification; len(v.Findings) > 0 || v.Opened != v.Sealed {
			t.Fatalf("round %d: %+v", round, v)
		}
	}
	// A stop hands everything over.
	p, said := start(t, dir)
	if p.url == "" {
		t.Fatal(said)
	}
	p.signal(15)
	if said, err := p.wait(); err != nil {
		t.Fatal(said, err)
	}
	to := filepath.Join(t.TempDir(), "restored")
	if _, err := app.Restore(t.Context(), app.Config{Data: to, Keys: dir + ".keys"}, "test", app.RestoreFrom{Copy: dir + copyBeside}); err != nil {
		t.Fatal(err)
	}
	c, err := app.Connect(t.Context(), app.Config{Data: to, Keys: dir + ".keys"}, "test")
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, c)
	for _, a := range all[max(0, len(all)-200):] {
		if a.find == "" {
			continue
		}
		if got, body := asked(t, c, "GET", a.find, ""); got != 200 || !strings.Contains(body, a.want) {
			t.Fatalf("%s was answered and is not in the copy: %d %s", a.find, got, body)
		}
	}
}

// A copy beyond a backup: what the backup lacks comes from the second copy.
func TestABackupIsFinishedFromTheSecondCopy(t *testing.T) {
	share := t.TempDir()
	n := serve(t, app.Config{CopyTo: share})
	c := connect(t, n.node.Config.Data)
	dir := t.TempDir()
	identity := filepath.Join(dir, "recovery.txt")
	addRecovery(t, c, identity)
	first, second := trace.NewEventID(), trace.NewEventID()
	if got, said := asked(t, c, "POST", "/api/v1/procedures", procedureBody(first, ada)); got != 201 {
		t.Fatal(got, said)
	}
	archive := filepath.Join(dir, "b.age")
	got, body := asked(t, c, "GET", "/api/v1/operator/backup", "")
	if got != 200 {
		t.Fatal(got)
	}
	if err := os.WriteFile(archive, []byte(body), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, said := asked(t, c, "POST", "/api/v1/procedures", procedureBody(second, bob)); got != 201 {
		t.Fatal(got, said)
	}
	closed(t, c)
	n.end()

	to := filepath.Join(dir, "data")
	r, err := app.Restore(t.Context(), app.Config{Data: to}, "test", app.RestoreFrom{File: archive, Copy: share, Identity: identity})
	if err != nil || len(r.Verification.Findings) > 0 {
		t.Fatal(r, err)
	}
	again := connect(t, to)
	defer closed(t, again)
	for id, nhs := range map[trace.EventID]string{first: ada, second: bob} {
		if got, said := asked(t, again, "GET", "/api/v1/procedures/"+id.String(), ""); got != 200 || !strings.Contains(said, nhs) {
			t.Errorf("%d %s", got, said)
		}
	}
}

// The state of the copy is in the readiness, in the metrics and on the page.
func TestTheStateOfTheSecondCopyIsSaid(t *testing.T) {
	share := filepath.Join(t.TempDir(), "share")
	if err := os.Mkdir(share, 0o700); err != nil {
		t.Fatal(err)
	}
	n := serve(t, app.Config{CopyTo: share})
	c := connect(t, n.node.Config.Data)
	defer closed(t, c)
	says := func(path string, parts ...string) bool {
		got, body := asked(t, c, "GET", path, "")
		return got == 200 && !slices.ContainsFunc(parts, func(p string) bool { return !strings.Contains(body, p) })
	}
	until(t, "the copy is up to date", func() bool {
		return says("/readyz", `"second_copy":{"entries":1,"behind_entries":0,"behind_seconds":0,`) && says("/theatre", "Second copy: up to date.") &&
			says("/metrics", "implantrace_second_copy_behind_entries 0", "implantrace_second_copy_reached 1", "implantrace_second_copy_entries 1")
	})
	if err := os.Rename(share, share+"-away"); err != nil {
		t.Fatal(err)
	}
	if got, said := asked(t, c, "POST", "/api/v1/procedures", procedureBody(trace.NewEventID(), ada)); got != 201 {
		t.Fatalf("recording waits for the copy: %d %s", got, said)
	}
	until(t, "the copy is away", func() bool {
		return says("/readyz", `"status":"ready"`, `"fault":"the disk or share is not there"`, "the second copy is not written") &&
			says("/theatre/board?part=copy", "Second copy: not written since", "safe on this machine only") &&
			says("/metrics", "implantrace_second_copy_behind_entries 2", "implantrace_second_copy_reached 0")
	})
	if err := os.Rename(share+"-away", share); err != nil {
		t.Fatal(err)
	}
	until(t, "the copy has caught up", func() bool { return says("/readyz", `"entries":3,"behind_entries":0`) })
}

func TestASecondCopyIsNotBegunWhereItWouldBeLost(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	if err := openErr(t, app.Config{Data: data, CopyTo: filepath.Join(data, "copy")}); !strings.Contains(err.Error(), "lost with it") {
		t.Error(err)
	}
	if err := openErr(t, app.Config{Data: data, CopyTo: filepath.Join(t.TempDir(), "none")}); !strings.Contains(err.Error(), "cannot be begun") {
		t.Error(err)
	}
	if err := openErr(t, app.Config{Data: data, CopyNew: true}); !strings.Contains(err.Error(), "--copy-to") {
		t.Error(err)
	}
}

// addRecovery gives a node a recovery key and leaves its identity in a file.
func addRecovery(t *testing.T, c *app.Client, path string) {
	t.Helper()
	identity, public := recoveryKey(t)
	if err := os.WriteFile(path, []byte(identity+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(map[string]string{"key": public})
	if err != nil {
		t.Fatal(err)
	}
	if got, said := asked(t, c, "POST", "/api/v1/operator/recovery", string(body)); got != 200 {
		t.Fatal(got, said)
	}
}

// An identity that was erased after a backup was made is in that backup until it is
// removed, as the erasure said: restored alone it shows the name, and with the second
// copy, or from that alone, it does not. In the one that shows it, it is erased again.
func TestAnOldBackupAndALaterErasure(t *testing.T) {
	dir := t.TempDir()
	share, backups := filepath.Join(dir, "share"), filepath.Join(dir, "backups")
	for _, folder := range []string{share, backups} {
		if err := os.Mkdir(folder, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	n := serve(t, app.Config{CopyTo: share, BackupTo: backups, BackupEvery: 7 * 24 * time.Hour, BackupKeep: 3})
	c := connect(t, n.node.Config.Data)
	identity, archive := filepath.Join(dir, "recovery.txt"), filepath.Join(dir, "b.age")
	addRecovery(t, c, identity)
	id := trace.NewEventID()
	done := strings.Replace(procedureBody(id, ada), `"start":`, `"end":"2026-03-02T10:00:00Z","start":`, 1)
	if got, said := asked(t, c, "POST", "/api/v1/procedures", done); got != 201 {
		t.Fatal(got, said)
	}
	p, err := n.node.Store.Procedure(t.Context(), trace.ProcedureID(id))
	if err != nil {
		t.Fatal(err)
	}
	got, body := asked(t, c, "GET", "/api/v1/operator/backup", "")
	if got != 200 {
		t.Fatal(got)
	}
	if err := os.WriteFile(archive, []byte(body), 0o600); err != nil {
		t.Fatal(err)
	}
	erase := fmt.Sprintf(`{"id":%q,"patient":%q,"reason":"asked for in writing"}`, trace.NewEventID(), p.Patient)
	got, said := asked(t, c, "POST", "/api/v1/operator/erase", erase)
	last := time.Now().Add(3 * 7 * 24 * time.Hour).Format(time.DateOnly)
	for _, part := range []string{"The second copy: its keys are written anew", "The scheduled backups in " + backups, "last of the 3 that are kept", last, "Backups made before now hold it until they are removed"} {
		if got != 200 || !strings.Contains(said, part) {
			t.Errorf("%d: nothing of %q in %s", got, part, said)
		}
	}
	until(t, "the second copy is up to date", func() bool {
		_, body := asked(t, c, "GET", "/readyz", "")
		return strings.Contains(body, `"behind_entries":0`)
	})
	closed(t, c)
	n.end()

	for name, from := range map[string]struct {
		app.RestoreFrom
		shows bool
	}{
		"the backup alone":           {app.RestoreFrom{File: archive, Identity: identity}, true},
		"the backup and second copy": {app.RestoreFrom{File: archive, Copy: share, Identity: identity}, false},
		"the second copy alone":      {app.RestoreFrom{Copy: share, Identity: identity}, false},
	} {
		t.Run(name, func(t *testing.T) {
			to := filepath.Join(t.TempDir(), "data")
			if r, err := app.Restore(t.Context(), app.Config{Data: to}, "test", from.RestoreFrom); err != nil || len(r.Verification.Findings) > 0 {
				t.Fatal(r, err)
			}
			again := connect(t, to)
			defer closed(t, again)
			shows := func() bool {
				got, said := asked(t, again, "GET", "/api/v1/procedures/"+id.String(), "")
				if got != 200 {
					t.Fatal(got, said)
				}
				return strings.Contains(said, ada) || strings.Contains(said, "Testwell")
			}
			if shows() != from.shows {
				t.Errorf("the name is there: %v", !from.shows)
			}
			if from.shows {
				if got, said := asked(t, again, "POST", "/api/v1/operator/erase", erase); got != 200 || shows() {
					t.Errorf("erased again: %d %s", got, said)
				}
			}
			if got, said := asked(t, again, "POST", "/api/v1/operator/verify", ""); got != 200 || !strings.Contains(said, `"findings":[]`) {
				t.Errorf("%d %s", got, said)
			}
		})
	}
}
