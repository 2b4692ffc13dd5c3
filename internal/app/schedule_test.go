package app_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"implantrace/internal/app"
)

func backups(t *testing.T, folder string) []string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(folder, "implantrace-*.age"))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// numberOf is the running number in a scheduled backup's name. The next one may
// stand before the last was seen, so a test waits for a number or a later one.
func numberOf(t *testing.T, path string) int {
	t.Helper()
	parts := strings.Split(filepath.Base(path), "-")
	n, err := strconv.Atoi(parts[len(parts)-2])
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return n
}

// Backups are made at intervals and proved, so many are kept, and one that fails
// removes none.
func TestBackupsAreMadeAtIntervalsAndTheLastGoodOneStays(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "backups")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	n := serve(t, app.Config{BackupTo: folder, BackupEvery: time.Millisecond, BackupKeep: 2})
	c := connect(t, n.node.Config.Data)
	says := func(part string) func() bool {
		return func() bool {
			got, body := asked(t, c, "GET", "/readyz", "")
			return got == 200 && strings.Contains(body, part)
		}
	}
	until(t, "that there is no recovery key", says("the scheduled backup failed: a backup that only this machine's key file opens"))
	if all := backups(t, folder); len(all) > 0 {
		t.Errorf("%v", all)
	}
	identity := filepath.Join(t.TempDir(), "recovery.txt")
	addRecovery(t, c, identity)
	until(t, "the fifth backup", func() bool {
		all := backups(t, folder)
		return len(all) > 0 && numberOf(t, all[len(all)-1]) >= 5
	})
	until(t, "the readiness", says(`"scheduled_backup":{"last":`))
	if _, body := asked(t, c, "GET", "/metrics", ""); !strings.Contains(body, "implantrace_scheduled_backup_succeeded 1") {
		t.Error("the metrics do not say so")
	}
	// The folder is away: nothing is removed, and it is said.
	if err := os.Rename(folder, folder+"-away"); err != nil {
		t.Fatal(err)
	}
	until(t, "that the folder is away", says("the scheduled backup failed"))
	closed(t, c)
	n.end()
	all := backups(t, folder+"-away")
	if len(all) == 0 || len(all) > 3 {
		t.Fatalf("%d backups are kept: %v", len(all), all)
	}
	for _, path := range all {
		if _, err := app.Restore(t.Context(), app.Config{Data: filepath.Join(t.TempDir(), "data")}, "test", app.RestoreFrom{File: path, Identity: identity, Check: true}); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// A clock that was years ahead does not keep the next backup waiting, nor does it
// make the newest the first to be removed.
func TestAClockThatJumpedDelaysNoBackup(t *testing.T) {
	folder := t.TempDir()
	first := serve(t, app.Config{})
	c := connect(t, first.node.Config.Data)
	addRecovery(t, c, filepath.Join(t.TempDir(), "recovery.txt"))
	closed(t, c)
	data, node := first.node.Config.Data, first.node.Store.Node()
	first.end()
	for i, stamp := range []string{"20260101T000000Z", "20990101T000000Z"} {
		name := fmt.Sprintf("implantrace-%s-%06d-%s.age", node, i+7, stamp)
		if err := os.WriteFile(filepath.Join(folder, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	stranger := filepath.Join(folder, "implantrace-0102030405060708-000001-20260101T000000Z.age")
	if err := os.WriteFile(stranger, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	part := filepath.Join(folder, ".implantrace-"+node.String()+"-1.part") // of a process that was killed
	if err := os.WriteFile(part, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	serve(t, app.Config{Data: data, BackupTo: folder, BackupEvery: 24 * time.Hour, BackupKeep: 2})
	until(t, "the next backup", func() bool {
		all := backups(t, folder)
		return len(all) == 3 && strings.Contains(strings.Join(all, " "), node.String()+"-000009-")
	})
	if all := strings.Join(backups(t, folder), " "); strings.Contains(all, "-000007-") || !strings.Contains(all, "-000008-") || !strings.Contains(all, stranger) {
		t.Errorf("kept: %s", all)
	}
	if _, err := os.Stat(part); err == nil {
		t.Error("what was left unfinished lies about")
	}
}
