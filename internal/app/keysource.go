package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"implantrace/internal/seal"
)

// KeysVariable is the environment variable that may hold the content of the
// key file.
const KeysVariable = "IMPLANTRACE_KEYS"

// commandTime is how long the command that gives the keys may take.
const commandTime = 30 * time.Second

// elsewhere says where the keys come from when they are in no file: "" for a
// file.
func (c Config) elsewhere() string {
	switch {
	case c.KeysCommand != "":
		return "the command that gives the keys"
	case c.keysFromEnvironment:
		return "the variable " + KeysVariable
	}
	return ""
}

// LoadKeys reads the node's keys from where they are kept. [seal.ErrNoKeys]
// when they are in a file and there is none.
func LoadKeys(ctx context.Context, c Config) (*seal.Keyring, error) {
	c, err := c.withDefaults()
	if err != nil {
		return nil, err
	}
	return c.loadKeys(ctx)
}

func (c Config) loadKeys(ctx context.Context) (*seal.Keyring, error) {
	switch {
	case c.KeysCommand != "":
		out, err := output(ctx, c.KeysCommand)
		if err != nil {
			return nil, err
		}
		return seal.ParseKeyring(out, "what the keys command printed")
	case c.keysFromEnvironment:
		return seal.ParseKeyring([]byte(os.Getenv(KeysVariable)), "the variable "+KeysVariable)
	}
	if refuse, _ := seal.Exposed(c.Keys); refuse != "" {
		return nil, fmt.Errorf("the keys are not kept secret: %s", refuse)
	}
	return seal.LoadKeyring(c.Keys)
}

// output runs the command and gives what it prints. What it says on its other
// stream is for people; what it prints is never shown.
func output(ctx context.Context, command string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, commandTime)
	defer cancel()
	shell := []string{"sh", "-c"}
	if runtime.GOOS == "windows" {
		shell = []string{"cmd", "/C"}
	}
	cmd := exec.CommandContext(ctx, shell[0], shell[1], command)
	cmd.WaitDelay = time.Second
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	switch {
	case ctx.Err() != nil:
		return nil, fmt.Errorf("the keys command gave nothing within %s", commandTime)
	case err != nil:
		words := strings.TrimSpace(said.String())
		if len(words) > 300 {
			words = words[:300]
		}
		return nil, fmt.Errorf("the keys command failed: %w", errors.Join(err, errors.New(words)))
	}
	return out, nil
}
