package bolt

import (
	"bytes"
	"crypto/rand"

	"go.etcd.io/bbolt"

	"implantrace/internal/trace"
)

// refound lets a store that was restored begin a log of its own. The log that
// it was restored from ends where the copy ends, and becomes another node's: so
// no place in it is ever given to a second entry, a log that went on elsewhere
// is no contradiction, and what the copy lacks can still be imported.
func (s *Store) refound(tx *bbolt.Tx, o Options) error {
	keys := tx.Bucket(bucketKeys)
	var own [][]byte
	if err := keys.ForEach(func(name, _ []byte) error {
		if len(name) == subjectSize {
			own = append(own, bytes.Clone(name))
		}
		return nil
	}); err != nil {
		return err
	}
	for _, subject := range own {
		wrapped := bytes.Clone(keys.Get(subject))
		if err := keys.Put(append(bytes.Clone(subject), s.node[:]...), wrapped); err != nil {
			return err
		}
		if err := keys.Delete(subject); err != nil {
			return err
		}
	}
	rand.Read(s.node[:])
	if err := tx.Bucket(bucketMeta).Put(metaNode, s.node[:]); err != nil {
		return err
	}
	return s.begin(tx, o)
}

// begin writes the first entry of the store's own log.
func (s *Store) begin(tx *bbolt.Tx, o Options) error {
	now := s.clock()
	id := trace.NewEventID()
	_, err := s.write(&transaction{store: s, tx: tx}, s.prepareCommand(trace.Command{ID: id, By: trace.Actor{Via: "node"}, Drafts: []trace.Draft{{
		ID: id, Occurred: now, Provenance: trace.System, Fact: trace.NodeFact{Node: s.node, Name: o.Name, Version: o.Version, Practice: o.Practice},
	}}}), now)
	return err
}
