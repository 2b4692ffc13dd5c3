package delivery

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode"

	"implantrace/internal/outward"
	"implantrace/internal/registry"
	"implantrace/internal/trace"
)

// destination is where the files of runs are brought.
type destination interface {
	name() string // as pages and logs show it
	put(ctx context.Context, f trace.Finder, run trace.Run) error
}

// errRefused is of an answer that will be the same at once again.
var errRefused = errors.New("refused")

func newDestination(s Schedule) (destination, error) {
	switch {
	case strings.TrimSpace(s.To) == "":
		return nil, errors.New("it wants a folder or an https address, as to")
	case !strings.Contains(s.To, "://"):
		if s.Method != "" || s.TokenFile != "" {
			return nil, errors.New("method and token_file are of an address, and not of a folder")
		}
		return folder{s.To}, nil
	}
	u, err := outward.Address(s.To)
	if err != nil {
		return nil, err
	}
	method := strings.ToUpper(s.Method)
	switch method {
	case "":
		method = http.MethodPut
	case http.MethodPut, http.MethodPost:
	default:
		return nil, fmt.Errorf("method is PUT or POST, not %q", s.Method)
	}
	client := outward.Client()
	client.Timeout = sendWithin
	return address{u, method, s.TokenFile, client}, nil
}

// sendWithin is how long it may take to send a whole file.
const sendWithin = 15 * time.Minute

// folder is a place on a disk or a share.
type folder struct{ path string }

func (f folder) name() string { return f.path }

// put writes the file under a name that begins with a dot, and gives it its own
// when all of it is on the disk. The folder is not made: a share that is not mounted would
// be taken for one.
func (f folder) put(ctx context.Context, store trace.Finder, run trace.Run) (err error) {
	if info, err := os.Stat(f.path); err != nil {
		return fmt.Errorf("the folder cannot be reached: %w", err)
	} else if !info.IsDir() {
		return fmt.Errorf("%s is no folder", f.path)
	}
	unfinished := ".implantrace-" + run.ID.String() + "-"
	all, err := os.ReadDir(f.path)
	if err != nil {
		return err
	}
	for _, left := range all { // of a process that was killed
		if strings.HasPrefix(left.Name(), unfinished) && strings.HasSuffix(left.Name(), ".part") {
			if err := os.Remove(filepath.Join(f.path, left.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	path := filepath.Join(f.path, filepath.Base(run.Result.Name))
	switch there, err := hashOf(path); {
	case err == nil && there == run.Result.SHA256:
		return syncFolder(f.path) // it was brought before
	case err == nil:
		return fmt.Errorf("%w: %s is there and holds something else", errRefused, filepath.Base(path))
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	tmp, err := os.CreateTemp(f.path, unfinished+"*.part")
	if err != nil {
		return err
	}
	defer func() {
		if rerr := os.Remove(tmp.Name()); rerr != nil && !errors.Is(rerr, fs.ErrNotExist) {
			err = errors.Join(err, rerr)
		}
	}()
	err = registry.WriteRun(ctx, store, run, func() {}, tmp)
	if err == nil {
		err = tmp.Sync()
	}
	if err = errors.Join(err, tmp.Close()); err != nil {
		return err
	}
	if err := os.Rename(tmp.Name(), path); err != nil {
		return err
	}
	return syncFolder(f.path)
}

func hashOf(path string) (h trace.Hash, err error) {
	f, err := os.Open(path)
	if err != nil {
		return h, err
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return h, err
	}
	return trace.Hash(sum.Sum(nil)), nil
}

func syncFolder(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	// A file system that cannot sync a folder (Windows) keeps names by itself.
	_ = dir.Sync()
	return dir.Close()
}

// address is another machine.
type address struct {
	url    *url.URL
	method string
	token  string // file
	client *http.Client
}

// name leaves the query out: it may hold a secret.
func (a address) name() string { return a.url.Scheme + "://" + a.url.Host + a.url.Path }

// put sends the file. PUT names it, so that the same file sent again is the same
// thing there; POST tells it apart by its Idempotency-Key, which is the run's id.
func (a address) put(ctx context.Context, store trace.Finder, run trace.Run) error {
	to := *a.url
	if a.method == http.MethodPut {
		to = *to.JoinPath(run.Result.Name)
	}
	body, w := io.Pipe()
	done := make(chan error, 1)
	go func() {
		err := registry.WriteRun(ctx, store, run, func() {}, w)
		done <- err
		_ = w.CloseWithError(err) // it has none
	}()
	r, err := http.NewRequestWithContext(ctx, a.method, to.String(), body)
	if err != nil {
		return err
	}
	r.ContentLength = run.Result.Size
	h := r.Header
	export, _ := registry.ExportNamed(run.Scope.Registry) // of a run that was made there is one
	h.Set("Content-Type", export.ContentType())
	h.Set("Content-Disposition", `attachment; filename="`+run.Result.Name+`"`)
	h.Set("Idempotency-Key", `"`+run.ID.String()+`"`)
	h.Set("Repr-Digest", "sha-256=:"+base64.StdEncoding.EncodeToString(run.Result.SHA256[:])+":")
	if a.token != "" {
		b, err := os.ReadFile(a.token)
		if err != nil {
			_ = body.Close()
			return fmt.Errorf("token_file: %w", err)
		}
		h.Set("Authorization", "Bearer "+strings.TrimSpace(string(b)))
	}
	answer, err := a.client.Do(r)
	_ = body.Close() // what was not read is not wanted
	if werr := <-done; werr != nil && !errors.Is(werr, io.ErrClosedPipe) {
		err = errors.Join(werr, closed(answer))
		return err
	}
	if err != nil {
		return unreached(err)
	}
	words, rerr := io.ReadAll(io.LimitReader(answer.Body, 4<<10))
	if err := errors.Join(rerr, answer.Body.Close()); err != nil && answer.StatusCode/100 == 2 {
		return nil // it took the file; what it says of it broke off
	}
	said := plainWords(answer.Header.Get("Content-Type"), words)
	switch code := answer.StatusCode; {
	case code/100 == 2:
		return nil
	case code/100 == 3:
		return fmt.Errorf("%w: the address answered %s, and redirections are not followed", errRefused, answer.Status)
	case code/100 == 4 && code != http.StatusRequestTimeout && code != http.StatusTooEarly && code != http.StatusTooManyRequests:
		return fmt.Errorf("%w: the address answered %s%s", errRefused, answer.Status, said)
	default:
		return fmt.Errorf("the address answered %s%s", answer.Status, said)
	}
}

func closed(r *http.Response) error {
	if r == nil {
		return nil
	}
	return r.Body.Close()
}

// unreached leaves the address out of an error: its query may hold a secret.
func unreached(err error) error {
	var of *url.Error
	if errors.As(err, &of) {
		err = of.Err
	}
	return fmt.Errorf("the address cannot be reached: %w", err)
}

// plainWords are the first words of an answer that is text.
func plainWords(kind string, b []byte) string {
	if !strings.HasPrefix(kind, "text/plain") && !strings.Contains(kind, "json") {
		return ""
	}
	s := strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(string(b), "?"))), " ")
	if r := []rune(s); len(r) > 300 {
		s = string(r[:300]) + "..."
	}
	if s == "" {
		return ""
	}
	return ": " + s
}
