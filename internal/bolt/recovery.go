package bolt

import (
	"context"

	"implantrace/internal/trace"
)

var metaRecovery = []byte("recovery") // -> recipients

// Recovery lists who can open the store's backups beside the holder of its
// keys.
func (s *Store) Recovery(ctx context.Context) (all []trace.Recipient, err error) {
	err = s.view(ctx, func(t *transaction) error {
		all, err = t.recovery()
		return err
	})
	return all, err
}

func (t *transaction) recovery() (all []trace.Recipient, err error) {
	b, err := t.setting(metaRecovery)
	if b != nil {
		err = t.store.codec.Unmarshal(b, &all)
	}
	return all, err
}

// SetRecovery changes the list: change gets what is there and gives what is to
// be there. Its error leaves everything as it was.
func (s *Store) SetRecovery(ctx context.Context, change func([]trace.Recipient) ([]trace.Recipient, error)) error {
	return s.submit(ctx, upkeep(func(t *transaction) error {
		all, err := t.recovery()
		if err != nil {
			return err
		}
		if all, err = change(all); err != nil {
			return err
		}
		b, err := s.codec.Marshal(all)
		if err != nil {
			return err
		}
		if err := t.set(metaRecovery, b); err != nil {
			return err
		}
		return t.keyringChanged()
	}))
}

// metaCopies holds folders' names -> the ids of the second copies in them.
var metaCopies = []byte("copies")

// CopyID is what the second copy in a folder is known by; "" where there never
// was one.
func (s *Store) CopyID(ctx context.Context, folder string) (id string, err error) {
	err = s.view(ctx, func(t *transaction) error {
		all, err := t.copies()
		id = all[folder]
		return err
	})
	return id, err
}

func (t *transaction) copies() (all map[string]string, err error) {
	b, err := t.setting(metaCopies)
	if b != nil {
		err = t.store.codec.Unmarshal(b, &all)
	}
	return all, err
}

// SetCopyID remembers what the second copy in a folder is known by.
func (s *Store) SetCopyID(ctx context.Context, folder, id string) error {
	return s.submit(ctx, upkeep(func(t *transaction) error {
		all, err := t.copies()
		if err != nil {
			return err
		}
		if all == nil {
			all = make(map[string]string)
		}
		all[folder] = id
		b, err := s.codec.Marshal(all)
		if err != nil {
			return err
		}
		return t.set(metaCopies, b)
	}))
}
