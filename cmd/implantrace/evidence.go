package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"implantrace/internal/app"
	"implantrace/internal/evidence"
)

// verifyEvidence checks an evidence pack, without any database.
func verifyEvidence(ctx context.Context, s streams, path, identity string, keys []string, raw bool) error {
	trust, err := trusted(keys, nil)
	if err != nil {
		return err
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	r, err := app.VerifyEvidence(ctx, b, identity, trust.Keys)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if raw {
		if err := printJSON(s.out, r); err != nil {
			return err
		}
		if len(r.Findings) > 0 {
			return errNegative
		}
		return nil
	}
	return printEvidence(s, r)
}

func printEvidence(s streams, r evidence.Report) error {
	if r.Manifest.Drill {
		fmt.Fprintln(s.out, "THIS WAS A DRILL on a copy of the record.")
	}
	fmt.Fprintf(s.out, "%s\nmade %s by node %s (%s)\n", r.Manifest.Name, r.Manifest.Made.Local().Format("2006-01-02 15:04 MST"), r.Manifest.Node, r.Manifest.Program)
	for _, f := range r.Findings {
		fmt.Fprintf(s.out, "WRONG: %s\n", f)
	}
	for _, n := range r.Notes {
		fmt.Fprintln(s.out, n)
	}
	counts := fmt.Sprintf("%d files, %d entries with their proofs, %d of them with what is sealed, %d matches, %d actions", len(r.Manifest.Files), r.Entries, r.Opened, r.Matches, r.Actions)
	if len(r.Findings) > 0 {
		fmt.Fprintf(s.out, "%s: it is NOT as it was made, or not what the entries say.\n", counts)
		return errNegative
	}
	_, err := fmt.Fprintf(s.out, "%s: all as signed, and as the entries say.\n", counts)
	return errors.Join(err)
}
