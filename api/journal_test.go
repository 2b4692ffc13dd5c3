package api_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"implantrace/internal/trace"
)

func (n *node) products(many int) (ids []trace.EventID) {
	n.t.Helper()
	for i := range many {
		id := trace.NewEventID()
		rs, err := n.store.Append(context.Background(), trace.Command{ID: id, Canonical: id[:], Drafts: []trace.Draft{
			{Fact: trace.ProductFact{DI: fmt.Sprintf("0952014000%04d", i)}}, {Fact: trace.ProductFact{DI: fmt.Sprintf("0952014001%04d", i)}}}})
		if err != nil || rs[0].Err != nil {
			n.t.Fatal(rs, err)
		}
		ids = append(ids, id)
	}
	return ids
}

// A checkpoint is a signed note, and every proof leads to a checkpoint's root:
// by the checkers of golang.org/x/mod/sumdb, which are not this program's.
func TestTheJournalProvesItselfToOtherPeoplesCheckers(t *testing.T) {
	n := newNode(t)
	var j struct{ Key string }
	n.send(request{target: "/api/v1/journal"}).want(200).into(&j)
	key, err := note.NewVerifier(j.Key)
	if err != nil {
		t.Fatal(err)
	}
	// checkpoint reads the note as anybody would who knows only the format.
	checkpoint := func() (size int64, root tlog.Hash) {
		t.Helper()
		a := n.send(request{target: "/api/v1/journal/checkpoint"}).want(200)
		if ct := a.Header.Get("Content-Type"); !strings.HasPrefix(ct, "text/plain") {
			t.Errorf("a checkpoint is %s", ct)
		}
		signed, err := note.Open(a.Body, note.VerifierList(key))
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(signed.Text, "\n")
		b, err := base64.StdEncoding.DecodeString(lines[2])
		if _, serr := fmt.Sscan(lines[1], &size); err != nil || serr != nil || lines[0] != key.Name() || lines[3] != "signed 2026-03-14T09:30:00Z" {
			t.Fatalf("%q: %v, %v", signed.Text, err, serr)
		}
		return size, tlog.Hash(b)
	}
	oldSize, oldRoot := checkpoint()
	ids := n.products(11)
	size, root := checkpoint()
	if oldSize != 1 || size != 23 {
		t.Fatalf("checkpoints of %d and %d entries", oldSize, size)
	}
	tlogOf := func(hs []trace.Hash) (out []tlog.Hash) {
		for _, h := range hs {
			out = append(out, tlog.Hash(h))
		}
		return out
	}
	for seq := range size {
		var p trace.Inclusion
		n.send(request{target: fmt.Sprintf("/api/v1/journal/proofs/inclusion?seq=%d&size=%d", seq, size)}).want(200).into(&p)
		if err := tlog.CheckRecord(tlogOf(p.Proof), size, root, seq, tlog.RecordHash(p.Leaf)); err != nil {
			t.Errorf("entry %d: %v", seq, err)
		}
		if err := tlog.CheckRecord(tlogOf(p.Proof), size, root, seq, tlog.RecordHash(append(p.Leaf, 0))); err == nil {
			t.Errorf("entry %d: another leaf is proved as well", seq)
		}
	}
	for from := int64(1); from <= size; from++ {
		var p trace.Consistency
		n.send(request{target: fmt.Sprintf("/api/v1/journal/proofs/consistency?from=%d", from)}).want(200).into(&p)
		if p.To != uint64(size) || tlog.Hash(p.ToRoot) != root || from == oldSize && tlog.Hash(p.FromRoot) != oldRoot {
			t.Errorf("from %d: %+v", from, p)
		}
		if err := tlog.CheckTree(tlogOf(p.Proof), size, root, from, tlog.Hash(p.FromRoot)); err != nil {
			t.Errorf("from %d: %v", from, err)
		}
	}
	var first, second trace.Inclusion
	n.send(request{target: "/api/v1/journal/proofs/inclusion?entry=" + ids[3].String()}).want(200).into(&first)
	n.send(request{target: "/api/v1/journal/proofs/inclusion?part=1&entry=" + ids[3].String()}).want(200).into(&second)
	if first.Seq != 7 || second.Seq != 8 || !strings.Contains(string(second.Leaf), "09520140010003") {
		t.Errorf("command 3 stands at %d and %d", first.Seq, second.Seq)
	}
}

func TestProofsThatMakeNoSenseAreRefused(t *testing.T) {
	n := newNode(t)
	ids := n.products(1)
	nobody := "?log=00000000000000ff"
	for target, status := range map[string]int{
		"checkpoint" + nobody: 404, "checkpoint?log=x": 422, "proofs/consistency" + nobody + "&from=1": 404,
		"proofs/consistency": 422, "proofs/consistency?from=4": 422, "proofs/consistency?from=2&to=1": 422, "proofs/consistency?from=1&to=99": 422,
		"proofs/consistency?from=-1": 422, "proofs/consistency?from=18446744073709551615": 422,
		"proofs/inclusion": 422, "proofs/inclusion?seq=3": 404, "proofs/inclusion?seq=2&size=2": 422, "proofs/inclusion?seq=0&size=9": 422,
		"proofs/inclusion?seq=0&entry=" + ids[0].String(): 422, "proofs/inclusion?entry=" + trace.NewEventID().String(): 404,
		"proofs/inclusion?part=2&entry=" + ids[0].String(): 404, "proofs/inclusion?part=65536&entry=" + ids[0].String(): 422, "proofs/inclusion?entry=1": 422,
		"proofs/inclusion?part=1&seq=1": 422, "proofs/inclusion" + nobody + "&seq=0": 404, "proofs/inclusion" + nobody + "&entry=" + ids[0].String(): 422,
	} {
		n.send(request{target: "/api/v1/journal/" + target}).problem(status, map[int]string{404: "not-found", 422: "invalid"}[status])
	}
}
