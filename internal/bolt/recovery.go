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
	return s.submit(ctx, &request{work: func(t *transaction) error {
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
		return t.set(metaRecovery, b)
	}})
}
