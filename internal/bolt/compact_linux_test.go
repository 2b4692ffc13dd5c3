package bolt_test

import (
	"context"
	"syscall"
	"testing"

	"implantrace/internal/bolt"
	"implantrace/internal/bolt/faulty"
	"implantrace/internal/trace"
)

// A disk that fails while the store is compacted takes nothing from it, and does not
// keep anybody from recording; when it works again the store is compacted. Power that
// is cut at any moment leaves the old file or the new one.
func TestACompactionOnADiskThatFails(t *testing.T) {
	for name, f := range map[string]faulty.Fault{
		"no room to write": {Op: faulty.Write, Errno: syscall.ENOSPC},
		"writing fails":    {Op: faulty.Write, Errno: syscall.EIO, Half: true},
		"a sync fails":     {Op: faulty.Sync, Errno: syscall.EIO, Lose: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := context.Background()
			l := newLedger(t, bolt.Options{})
			l.insist(40)
			from := l.disk.Note("")
			f.File = bolt.FileName + ".compact"
			hits := 0
			for skip := range 8 {
				f.Skip, f.Times = skip, 1
				l.disk.Fail(f)
				_, err := l.s.Compact(ctx, nil)
				hit := l.disk.Hits() > 0
				if hit && err == nil {
					t.Errorf("operation %d of its kind failed, and nothing is said", skip)
				}
				if !hit && err != nil {
					t.Errorf("without a fault: %v", err)
				}
				if hit {
					hits++
				}
				l.disk.Fail()
				if err := l.s.WriteTrouble(); err != nil {
					t.Errorf("the store is said not to write: %v", err)
				}
				l.insist(4)
				l.whole(name)
			}
			if hits == 0 {
				t.Error("nothing failed")
			}
			if _, err := l.s.Compact(ctx, nil); err != nil {
				t.Errorf("when the disk works again: %v", err)
			}
			l.insist(8)
			l.whole("afterwards")
			l.cuts(7, from, 40)
		})
	}
}

// A folder whose names cannot be made durable keeps the store from recording, until
// they can: power that is cut in between would bring the old file back.
func TestNothingIsAcknowledgedByAFileWhoseNameIsNotOnTheDisk(t *testing.T) {
	l := newLedger(t, bolt.Options{})
	l.insist(40)
	from := l.disk.Note("")
	l.disk.Fail(faulty.Fault{Op: faulty.Sync, File: ".", Errno: syscall.EIO})
	if _, err := l.s.Compact(context.Background(), nil); err == nil {
		t.Error("nothing is said")
	}
	c := device(trace.NewEventID())
	if r, err := l.add(c); trace.KindOf(err) != trace.OutcomeUnknown {
		t.Errorf("%+v, %v", r, err)
	}
	l.whole("read meanwhile")
	l.disk.Fail()
	if _, err := l.add(c); err != nil {
		t.Error(err)
	}
	l.insist(8)
	l.whole("afterwards")
	l.cuts(9, from, 60)
}
