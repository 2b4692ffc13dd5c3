// Package carry brings a notice from one node to others that no network reaches:
// as a file that its node signs. Whoever takes it in names the key, which they got
// by another way; the notice keeps its id, so that it is one notice everywhere.
package carry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"implantrace/internal/casework"
	"implantrace/internal/command"
	"implantrace/internal/journal"
	"implantrace/internal/recall"
	"implantrace/internal/trace"
)

// kind is the kind of the signed statement.
const kind = "notice"

// via begins the words by which a carried version is told: node and number follow.
const via = "carried:"

// Carried is a notice on its way.
type Carried struct {
	Node    trace.NodeID      `json:"node"` // it comes from
	Notice  trace.NoticeID    `json:"notice"`
	Version int               `json:"version"` // counted there from 1
	State   trace.NoticeState `json:"state"`
	Body    recall.Notice     `json:"body"`
}

// Out signs a notice as it stands.
func Out(ctx context.Context, o *casework.Office, p trace.Prover, id trace.NoticeID) ([]byte, error) {
	n, err := o.Store.Notice(ctx, id)
	if err != nil {
		return nil, err
	}
	c := Carried{Node: o.Store.Node(), Notice: id, State: n.State}
	if c.Body, err = o.Body(ctx, n); err != nil {
		return nil, err
	}
	for _, s := range n.History {
		_, err := o.Store.NoticeBody(ctx, s.Position)
		if err != nil && trace.KindOf(err) != trace.NotFound {
			return nil, err
		}
		if err == nil {
			c.Version++
		}
	}
	body, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	return p.Attest(kind, body)
}

// In takes a signed notice in. key is the verifier key of its node, as somebody
// noted it. A version that was taken in before, or an older one, changes nothing:
// done is then false. An error of kind Invalid means that it is not signed by that
// key, or no notice.
func In(ctx context.Context, o *casework.Office, by trace.Actor, signed []byte, key string) (id trace.NoticeID, done bool, err error) {
	verifier, err := journal.ParseKey(key)
	if err != nil {
		return id, false, trace.Errorf(trace.Invalid, "The key is %w.", err)
	}
	body, signer, err := journal.OpenStatement(kind, signed, verifier)
	switch {
	case errors.Is(err, journal.ErrSignature):
		return id, false, trace.Errorf(trace.Invalid, "The notice is not signed by that key, or was changed afterwards. Nothing was taken over.")
	case err != nil:
		return id, false, trace.Errorf(trace.Invalid, "The file is no signed notice.")
	}
	var c Carried
	if err := json.Unmarshal(body, &c); err != nil || c.Notice.IsZero() || c.Version < 1 {
		return id, false, trace.Errorf(trace.Invalid, "The file is no signed notice.")
	}
	if signer != journal.Origin(c.Node) {
		return id, false, trace.Errorf(trace.Invalid, "The notice says that it comes from another node than the one that signed it.")
	}
	by.Via = via + c.Node.String() + ":" + strconv.Itoa(c.Version)
	now, err := o.Store.Notice(ctx, c.Notice)
	switch {
	case trace.KindOf(err) == trace.NotFound:
		q := casework.SaveNotice{Meta: command.Meta{ID: trace.EventID(c.Notice), By: by, Provenance: trace.Imported}, Notice: c.Body}
		_, err = o.Save(ctx, q)
		return c.Notice, err == nil, err
	case err != nil:
		return id, false, err
	}
	if c.Node == o.Store.Node() {
		return c.Notice, false, trace.Errorf(trace.Conflict, "The notice was written on this node: what stands here is the latest.")
	}
	if before := versionOf(now, c.Node); before >= c.Version {
		return c.Notice, false, nil
	}
	q := casework.AmendNotice{Meta: command.Meta{ID: trace.DeriveID[trace.OfEvent](c.Notice, fmt.Sprintf("carried %s %d", c.Node, c.Version)), By: by, Provenance: trace.Imported},
		NoticeID: c.Notice, Seen: now.Body, Notice: c.Body}
	return c.Notice, true, o.Amend(ctx, q)
}

// versionOf is the latest version of a node's that was taken in.
func versionOf(n trace.Notice, node trace.NodeID) (latest int) {
	for _, s := range n.History {
		rest, ok := strings.CutPrefix(s.By.Via, via+node.String()+":")
		if v, err := strconv.Atoi(rest); ok && err == nil {
			latest = max(latest, v)
		}
	}
	return latest
}
