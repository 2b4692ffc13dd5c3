package app

import (
	"context"
	"fmt"
	"os"

	"filippo.io/age"

	"implantrace/internal/evidence"
	"implantrace/internal/seal"
)

// VerifyEvidence checks an evidence pack. identity is a file with the age identity
// that opens it; "": it is not encrypted. keys are verifier keys that were noted
// elsewhere.
func VerifyEvidence(ctx context.Context, pack []byte, identity string, keys []string) (evidence.Report, error) {
	var identities []age.Identity
	if identity != "" {
		f, err := os.Open(identity)
		if err != nil {
			return evidence.Report{}, err
		}
		defer f.Close()
		if identities, err = seal.ParseIdentities(f); err != nil {
			return evidence.Report{}, fmt.Errorf("%s: %w", identity, err)
		}
	}
	open, err := evidence.Open(pack, identities...)
	if err != nil {
		return evidence.Report{}, err
	}
	return evidence.Verify(ctx, open, keys...)
}
