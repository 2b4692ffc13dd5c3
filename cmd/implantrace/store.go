package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"implantrace/internal/app"
)

// storeFlags adds the flags by which a command finds the node it asks.
func storeFlags(fs *flag.FlagSet) *app.Config {
	c := &app.Config{}
	fs.StringVar(&c.Data, "data", "./data", "`FOLDER` of the store")
	keyFlags(fs, c)
	return c
}

// keyFlags adds the flags that say where the node's keys are.
func keyFlags(fs *flag.FlagSet, c *app.Config) {
	fs.StringVar(&c.Keys, "keys", "", "key `FILE` (default: the data folder's name with .keys behind it, or the variable "+app.KeysVariable+")")
	fs.StringVar(&c.KeysCommand, "keys-command", "", "`COMMAND` that prints the keys, in place of a file")
}

// ask connects to the node, sends a request, and hands its answer to use.
func ask(ctx context.Context, c *app.Config, method, path, contentType string, body io.Reader, use func(io.Reader) error) error {
	client, err := app.Connect(ctx, *c, app.Version(version))
	if err != nil {
		return err
	}
	r, err := client.Do(ctx, method, path, contentType, body)
	if err == nil {
		err = errors.Join(use(r.Body), r.Body.Close())
	}
	return errors.Join(err, client.Close())
}

// asJSON reads an answer into v.
func asJSON(v any) func(io.Reader) error {
	return func(r io.Reader) error { return json.NewDecoder(r).Decode(v) }
}

// printJSON writes v for programs: indented, one value.
func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// into writes what comes to a file that appears only when it is whole, or to
// the command's output for "" and "-".
func into(path string, out io.Writer) (use func(io.Reader) error, size *int64) {
	size = new(int64)
	if path == "" || path == "-" {
		return func(r io.Reader) (err error) { *size, err = io.Copy(out, r); return err }, size
	}
	return func(r io.Reader) error {
		f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
		if err != nil {
			return err
		}
		*size, err = io.Copy(f, r)
		if err == nil {
			err = f.Sync()
		}
		if err = errors.Join(err, f.Close()); err == nil {
			err = os.Rename(f.Name(), path)
		}
		if err != nil {
			return errors.Join(fmt.Errorf("%s was not written: %w", path, err), os.Remove(f.Name()))
		}
		return nil
	}, size
}
