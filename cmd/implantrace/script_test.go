package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"implantrace": main})
}

// TestScripts runs the scripts of testdata/script, which read as the manual of
// the command does.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			label, err := os.ReadFile(filepath.Join("..", "..", "testdata", "label.png"))
			if err != nil {
				return err
			}
			if err := os.WriteFile(filepath.Join(env.WorkDir, "label.png"), label, 0o644); err != nil {
				return err
			}
			return pictures(env.WorkDir)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"waitfor": waitFor, "exits": exits, "terminate": terminate, "flip": flip, "longline": longLine, "taken": takenPort, "nothing": nothing, "cutoff": cutOff, "firstword": firstWord,
		},
	})
}

// pictures lays down pouch.png, .jpg and .webp, which show a Data Matrix at the
// upper left and a Code 128 below it; upside-down.jpg, the same with an
// orientation that a telephone noted; and pictures that are refused.
func pictures(dir string) error {
	files := map[string][]byte{}
	for _, name := range []string{"pouch.png", "pouch.jpg", "pouch.webp"} {
		data, err := os.ReadFile(filepath.Join("..", "..", "scanner", "testdata", name))
		if err != nil {
			return err
		}
		files[name] = data
	}
	exif := "Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x03\x00\x00\x00\x00\x00\x00"
	files["upside-down.jpg"] = append([]byte("\xff\xd8\xff\xe1\x00"+string(rune(len(exif)+2))+exif), files["pouch.jpg"][2:]...)
	head := []byte("IHDR\x00\x01\x00\x00\x00\x01\x00\x00\x08\x00\x00\x00\x00") // 65536 by 65536, gray
	files["huge.png"] = binary.BigEndian.AppendUint32(append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d"), head...), crc32.ChecksumIEEE(head))
	files["half.png"] = files["pouch.png"][:len(files["pouch.png"])/2]
	files["moving.webp"] = []byte("RIFF\x22\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x02\x00\x00\x00\x09\x00\x00\x09\x00\x00ANIM\x06\x00\x00\x00\xff\xff\xff\xff\x00\x00")
	var moving bytes.Buffer
	frame := image.NewPaletted(image.Rect(0, 0, 10, 10), color.Palette{color.White, color.Black})
	if err := gif.EncodeAll(&moving, &gif.GIF{Image: []*image.Paletted{frame, frame}, Delay: []int{10, 10}}); err != nil {
		return err
	}
	files["moving.gif"] = moving.Bytes()
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// firstword FILE NAME [PREFIX] puts the first word of a file into the variable NAME;
// with a prefix, the first that begins with it.
func firstWord(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 || len(args) > 3 {
		ts.Fatalf("usage: firstword FILE NAME [PREFIX]")
	}
	prefix := strings.Join(args[2:], "")
	for word := range strings.FieldsSeq(ts.ReadFile(args[0])) {
		if strings.HasPrefix(word, prefix) {
			ts.Setenv(args[1], word)
			return
		}
	}
	ts.Fatalf("%s has no word that begins with %q", args[0], prefix)
}

// exits CODE COMMAND... runs a command that has to end with this exit code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND...")
	}
	err := ts.Exec(args[1], args[2:]...)
	var ended *exec.ExitError
	if code := args[0]; !errors.As(err, &ended) || strconv.Itoa(ended.ExitCode()) != code {
		ts.Fatalf("%q ends with %v, want exit code %s", args[1:], err, code)
	}
}

// waitfor PATTERN [NAME] waits until a file of that pattern is there, and puts
// its folder into the variable NAME.
func waitFor(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: waitfor PATTERN [NAME]")
	}
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		found, err := filepath.Glob(ts.MkAbs(args[0]))
		ts.Check(err)
		if len(found) == 0 {
			continue
		}
		if len(args) == 2 {
			ts.Setenv(args[1], filepath.Dir(found[0]))
		}
		return
	}
	ts.Fatalf("%s never comes", args[0])
}

// terminate sends SIGTERM to what runs in the background.
func terminate(ts *testscript.TestScript, _ bool, _ []string) {
	for _, cmd := range ts.BackgroundCmds() {
		ts.Check(cmd.Process.Signal(syscall.SIGTERM))
	}
}

// nothing PATTERN: no file of that pattern is there.
func nothing(ts *testscript.TestScript, _ bool, args []string) {
	for _, pattern := range args {
		if found, err := filepath.Glob(ts.MkAbs(pattern)); err != nil || len(found) > 0 {
			ts.Fatalf("%s: %q, %v", pattern, found, err)
		}
	}
}

// flip FILE TEXT changes one bit of every place where the text stands.
func flip(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: flip FILE TEXT")
	}
	b, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	changed := []byte(args[1])
	changed[0] ^= 1
	if !bytes.Contains(b, []byte(args[1])) {
		ts.Fatalf("%q does not stand in %s", args[1], args[0])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), bytes.ReplaceAll(b, []byte(args[1]), changed), 0o600))
}

// cutoff FILE N leaves the first N bytes of a file.
func cutOff(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: cutoff FILE N")
	}
	n, err := strconv.ParseInt(args[1], 10, 64)
	ts.Check(err)
	ts.Check(os.Truncate(ts.MkAbs(args[0]), n))
}

// longline FILE N appends a line of N bytes.
func longLine(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: longline FILE N")
	}
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	b, err := os.ReadFile(ts.MkAbs(args[0]))
	if !errors.Is(err, os.ErrNotExist) {
		ts.Check(err)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), append(append(b, bytes.Repeat([]byte("x"), n)...), '\n'), 0o644))
}

// taken NAME puts an address into the variable NAME on which somebody listens.
func takenPort(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: taken NAME")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { l.Close() })
	ts.Setenv(args[0], l.Addr().String())
}

// Every command explains itself: what it does, each flag, and examples that
// its own flags take.
func TestHelpOfEveryCommand(t *testing.T) {
	for _, c := range commands() {
		t.Run(c.name, func(t *testing.T) {
			for _, args := range [][]string{{"help", c.name}, {c.name, "--help"}, {c.name, "-h"}} {
				var out, err bytes.Buffer
				if code := run(args, streams{out: &out, err: &err}); code != exitDone || err.Len() > 0 {
					t.Errorf("%q: exit %d, %s", args, code, err.String())
				}
				text := out.String()
				if !strings.HasPrefix(text, "Usage: implantrace "+c.name) || len(text) < 100 {
					t.Errorf("%q says %q", args, text)
				}
				fs, _ := c.flags()
				fs.VisitAll(func(f *flag.Flag) {
					if value, usage := flag.UnquoteUsage(f); usage == "" || !strings.Contains(text, fmt.Sprintf("  --%s %s\n        %s", f.Name, value, usage)) {
						t.Errorf("%q does not explain --%s", args, f.Name)
					}
				})
			}
			if c.name != "version" && !strings.Contains(c.help, "\nExamples:\n") {
				t.Error("no examples")
			}
			if len(c.summary) == 0 || len(c.summary) > 60 {
				t.Errorf("summary %q", c.summary)
			}
			_, examples, _ := strings.Cut(c.help, "Examples:\n")
			for line := range strings.Lines(examples) {
				_, command, ok := strings.Cut(line, "  implantrace "+c.name)
				if !ok {
					continue
				}
				fs, _ := c.flags()
				if _, err := interleaved(fs, strings.Fields(command)); err != nil {
					t.Errorf("the example %q: %v", strings.TrimSpace(line), err)
				}
			}
		})
	}
}

func TestFlagsStandAnywhere(t *testing.T) {
	fs := flag.NewFlagSet("test", flag.ContinueOnError)
	a, b := fs.Bool("a", false, ""), fs.String("b", "", "")
	rest, err := interleaved(fs, []string{"one", "--a", "two", "-b=x", "three", "--", "--a", "-z"})
	if got := strings.Join(rest, " "); err != nil || !*a || *b != "x" || got != "one two three --a -z" {
		t.Errorf("%q, %v, %q, %v", got, *a, *b, err)
	}
	if rest, err := interleaved(fs, []string{"-"}); err != nil || len(rest) != 1 {
		t.Errorf("%q, %v", rest, err)
	}
}
