package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"implantrace/internal/backup"
	"implantrace/internal/bolt"
	"implantrace/internal/seal"
	"implantrace/internal/trace"
)

// Verify proves the store of a data folder: through the node that runs on it,
// or, where none does, the file as it lies there. It changes nothing, and opens
// a damaged file too.
func Verify(ctx context.Context, c Config, v Version, trust trace.Trust) (report trace.Verification, err error) {
	c, err = c.withDefaults()
	if err != nil {
		return report, err
	}
	conn, err := dialSocket(ctx, c.Data)
	if err != nil {
		if err := c.storeThere(); err != nil {
			return report, err
		}
		return VerifyFile(ctx, c, filepath.Join(c.Data, bolt.FileName), "", trust)
	}
	conn.Close()
	client, err := Connect(ctx, c, v)
	if err != nil {
		return report, err
	}
	body, err := json.Marshal(trust)
	if err != nil {
		return report, errors.Join(err, client.Close())
	}
	r, err := client.Do(ctx, "POST", "/api/v1/operator/verify", "application/json", bytes.NewReader(body))
	if err == nil {
		err = errors.Join(json.NewDecoder(r.Body).Decode(&report), r.Body.Close())
	}
	return report, errors.Join(err, client.Close())
}

// VerifyFile proves a file that no node has open: a store, or a backup, which
// the node's keys or an identity open. A store is proved without its keys too;
// what is sealed is then not opened.
func VerifyFile(ctx context.Context, c Config, path, identity string, trust trace.Trust) (v trace.Verification, err error) {
	c, err = c.withDefaults()
	if err != nil {
		return v, err
	}
	in, err := os.Open(path)
	if err != nil {
		return v, err
	}
	defer in.Close()
	head := make([]byte, 64)
	n, err := io.ReadFull(in, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return v, err
	}
	if !seal.Encrypted(head[:n]) {
		keys, err := c.loadKeys(ctx)
		if err != nil && !errors.Is(err, seal.ErrNoKeys) {
			return v, err
		}
		return bolt.VerifyFile(ctx, path, keys, "", trust)
	}
	place, err := c.place(ctx, RestoreFrom{File: path, Identity: identity, Check: true})
	if err != nil {
		return v, err
	}
	a, err := backup.Open(io.MultiReader(bytes.NewReader(head[:n]), in), place.identities...)
	if err != nil {
		return v, fmt.Errorf("%s: %w", path, err)
	}
	dir, err := os.MkdirTemp("", "implantrace-verify-*")
	if err != nil {
		return v, err
	}
	defer os.RemoveAll(dir)
	store := filepath.Join(dir, bolt.FileName)
	out, err := os.OpenFile(store, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return v, err
	}
	if err := errors.Join(a.Store(&counted{out: out, total: a.Manifest.Bytes, ctx: ctx}), out.Close()); err != nil {
		return v, fmt.Errorf("%s: %w", path, err)
	}
	return bolt.VerifyFile(ctx, store, a.Keys, dir, trust)
}
