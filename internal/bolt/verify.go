package bolt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"

	"go.etcd.io/bbolt"

	"implantrace/internal/record"
	"implantrace/internal/seal"
	"implantrace/internal/trace"
)

// findingsMost bounds a report; a file in ruins has no end of them.
const findingsMost = 1000

// Verify works out everything again from the journal and compares: each
// entry's bytes, each hash of the trees, each sealed part against its
// commitment, and every row of the record byte for byte (built anew in a
// temporary file in dir; "" is the system's). What is wrong is in the report;
// the error is for what kept it from looking.
func (s *Store) Verify(ctx context.Context, dir string) (report trace.Verification, err error) {
	report.Findings = []trace.Finding{}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		// bbolt panics on pages that are not what they should be, and so does
		// reading a mapped page that is not there.
		if p := recover(); p != nil {
			find(&report, "the file", fmt.Sprintf("cannot be read on: %v", p))
		}
	}()
	tmp, err := os.MkdirTemp(dir, "implantrace-verify-*")
	if err != nil {
		return report, err
	}
	defer os.RemoveAll(tmp)
	anew, err := bbolt.Open(filepath.Join(tmp, "anew.db"), 0o600, &bbolt.Options{NoSync: true, FreelistType: bbolt.FreelistMapType})
	if err != nil {
		return report, err
	}
	defer anew.Close()
	err = s.db.View(func(tx *bbolt.Tx) error {
		return anew.Update(func(fresh *bbolt.Tx) error {
			v := verifier{store: s, there: &transaction{store: s, tx: tx}, anew: &transaction{store: s, tx: fresh}, report: &report}
			return v.run(ctx)
		})
	})
	return report, err
}

func find(r *trace.Verification, where, what string) {
	if len(r.Findings) < findingsMost {
		r.Findings = append(r.Findings, trace.Finding{Where: where, What: what})
	}
}

type verifier struct {
	store       *Store
	there, anew *transaction
	report      *trace.Verification
}

func (v *verifier) run(ctx context.Context) error {
	for _, name := range buckets() {
		if v.there.tx.Bucket(name) == nil {
			find(v.report, fmt.Sprintf("bucket %q", name), "is missing")
			return nil
		}
		if _, err := v.anew.tx.CreateBucket(name); err != nil {
			return err
		}
	}
	if err := v.entries(ctx); err != nil {
		return err
	}
	if err := v.compare(ctx, bucketTree, "tree hash"); err != nil {
		return err
	}
	for _, p := range record.Tables() {
		if err := v.compare(ctx, []byte{byte(p.Table)}, p.Name); err != nil {
			return err
		}
	}
	for k := range v.anew.Scan(record.Nodes, nil) {
		head, err := v.anew.head(trace.NodeID(k))
		if err != nil {
			return err
		}
		v.report.Heads = append(v.report.Heads, head)
	}
	return nil
}

// entries reads every row of the journal and builds the tree and the record
// anew from what can be read.
func (v *verifier) entries(ctx context.Context) error {
	next := make(map[trace.NodeID]uint64)
	c := v.there.tx.Bucket(bucketLog).Cursor()
	for k, row := c.First(); k != nil; k, row = c.Next() {
		if err := ctx.Err(); err != nil {
			return err
		}
		at := record.PositionOf(k)
		where := fmt.Sprintf("entry %d of node %s", at.Seq, at.Node)
		if at.Seq != next[at.Node] {
			find(v.report, where, fmt.Sprintf("follows entry %d: entries are missing", int64(next[at.Node])-1))
		}
		next[at.Node] = at.Seq + 1
		v.report.Entries++
		e, leaf, err := v.store.codec.DecodeRow(row)
		if err != nil {
			find(v.report, where, "cannot be read: "+err.Error())
			continue
		}
		if e.Position != at {
			find(v.report, where, fmt.Sprintf("says of itself that it is entry %d of node %s", e.Seq, e.Node))
			continue
		}
		again, err := v.store.codec.Encode(e)
		if err != nil || !bytes.Equal(again, leaf) {
			find(v.report, where, "is not in the canonical encoding")
		}
		v.sealed(where, e)
		if at.Seq == v.anew.size(at.Node) {
			if err := v.anew.keep(e); err != nil {
				find(v.report, where, "cannot be folded: "+err.Error())
			}
		}
	}
	return nil
}

func (v *verifier) sealed(where string, e trace.Entry) {
	if len(e.Commitment) == 0 && len(e.Sealed) == 0 {
		return
	}
	v.report.Sealed++
	if len(e.Commitment) == 0 || len(e.Sealed) == 0 {
		find(v.report, where, "has a commitment without a sealed part, or the other way round")
		return
	}
	if v.store.keys() == nil {
		return
	}
	secret, err := v.there.secret(e)
	switch {
	case errors.Is(err, seal.ErrCommitment), errors.Is(err, seal.ErrSealed):
		find(v.report, where, "its sealed part is not what was sealed: "+err.Error())
	case err != nil:
		find(v.report, where, err.Error())
	case secret == nil:
		v.report.Erased++
	default:
		v.report.Opened++
	}
}

// compare walks a bucket and its rebuilt twin side by side.
func (v *verifier) compare(ctx context.Context, name []byte, what string) error {
	a, b := v.there.tx.Bucket(name).Cursor(), v.anew.tx.Bucket(name).Cursor()
	ka, va := a.First()
	kb, vb := b.First()
	for ka != nil || kb != nil {
		if err := ctx.Err(); err != nil {
			return err
		}
		order := bytes.Compare(ka, kb)
		switch {
		case kb == nil || ka != nil && order < 0:
			find(v.report, fmt.Sprintf("%s %x", what, ka), "is there, and the journal does not account for it")
			ka, va = a.Next()
		case ka == nil || order > 0:
			find(v.report, fmt.Sprintf("%s %x", what, kb), "is missing")
			kb, vb = b.Next()
		default:
			if !bytes.Equal(va, vb) {
				find(v.report, fmt.Sprintf("%s %x", what, ka), "is not what the journal comes to")
			}
			v.report.Rows++
			ka, va = a.Next()
			kb, vb = b.Next()
		}
	}
	return nil
}
