package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"image"
	"os"
	"strings"
	"time"

	"implantrace/internal/udi"
	"implantrace/scanner"
)

func decodeCommand() subcommand {
	return subcommand{
		name: "decode", args: "[--jsonl] FILE...", summary: "read the barcodes in pictures",
		help: `
Reads the barcodes in JPEG, PNG or WebP files and says what they mean. Nothing is recorded.

A symbol is sure when its content proves itself, or when independent passes agree; one that is not has to be scanned
again, and is never taken for read.

Exit code 1 when no symbol in a file is sure, or a file is no picture that can be read; 3 when a file is not there.

Examples:
  implantrace decode label.jpg
  implantrace decode --jsonl *.png

With --jsonl each file is answered by one line, in order: {"file","ms","width","height","symbols":[{"format","aim",
"text","corners","engine","pass","sure"}],"unread":[{"format","corners","why"}],"error"}.`,
		setup: func(fs *flag.FlagSet) func(context.Context, streams, []string) error {
			lines := fs.Bool("jsonl", false, "write JSON lines")
			return func(ctx context.Context, s streams, args []string) error {
				if len(args) == 0 {
					return usagef("name the picture files")
				}
				workers := scanner.NewWorkers(1)
				defer workers.Close()
				var undone, negative error
				for i, file := range args {
					p, err := decodeFile(ctx, workers, file)
					if ctx.Err() != nil {
						return ctx.Err()
					}
					if *lines {
						if err := json.NewEncoder(s.out).Encode(lineOf(file, p, err)); err != nil {
							return err
						}
					} else {
						if i > 0 {
							fmt.Fprintln(s.out)
						}
						printPicture(s, file, p, err)
					}
					var missing *os.PathError
					switch {
					case errors.As(err, &missing):
						undone = errUndone
					case err != nil || !sure(p):
						negative = errNegative
					}
				}
				if undone != nil {
					return undone
				}
				return negative
			}
		},
	}
}

func sure(p scanner.Picture) bool {
	for _, s := range p.Symbols {
		if s.Sure {
			return true
		}
	}
	return false
}

func decodeFile(ctx context.Context, workers *scanner.Workers, file string) (scanner.Picture, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return scanner.Picture{}, err
	}
	now := time.Now()
	return scanner.DecodeImage(ctx, data, scanner.ImageOptions{Workers: workers, Proves: func(scan string) bool { return udi.Proves(scan, now) }})
}

func printPicture(s streams, file string, p scanner.Picture, err error) {
	if err != nil {
		fmt.Fprintf(s.out, "%s: %v\n", file, err)
		return
	}
	fmt.Fprintf(s.out, "%s: %d x %d, %d ms\n", file, p.Width, p.Height, p.Elapsed.Milliseconds())
	if len(p.Symbols)+len(p.Unread) == 0 {
		fmt.Fprintln(s.out, "  No code could be read. Take the picture nearer, straight on and without glare.")
	}
	for _, sym := range p.Symbols {
		if !sym.Sure {
			fmt.Fprintf(s.out, "  %s: unsure, scan again\n", sym.Format)
			continue
		}
		fmt.Fprintf(s.out, "%s %s %s\n", sym.Format, sym.AIM, strings.ReplaceAll(sym.Text, "\x1d", "<GS>"))
		printMeaning(s.out, udi.Understand(sym.AIM+sym.Text, time.Now()))
	}
	for _, u := range p.Unread {
		fmt.Fprintf(s.out, "  %s %s\n", u.Why, u.Hint)
	}
}

// decodeLine is an output line.
type decodeLine struct {
	File    string       `json:"file"`
	Ms      float64      `json:"ms"`
	Width   int          `json:"width"`
	Height  int          `json:"height"`
	Symbols []symbolLine `json:"symbols"`
	Unread  []unreadLine `json:"unread"` // located and not read
	Error   string       `json:"error"`
}

type symbolLine struct {
	Format  string    `json:"format"`
	AIM     string    `json:"aim"`
	Text    string    `json:"text"`
	Corners [4][2]int `json:"corners"`
	Engine  string    `json:"engine"`
	Pass    string    `json:"pass"`
	Sure    bool      `json:"sure"`
}

type unreadLine struct {
	Format  string    `json:"format"`
	Corners [4][2]int `json:"corners"`
	Why     string    `json:"why"` // and what to do
}

func lineOf(file string, p scanner.Picture, err error) decodeLine {
	l := decodeLine{File: file, Ms: float64(p.Elapsed.Microseconds()) / 1000, Width: p.Width, Height: p.Height, Symbols: []symbolLine{}, Unread: []unreadLine{}}
	if err != nil {
		l.Error = err.Error()
	}
	for _, sym := range p.Symbols {
		out := symbolLine{Format: sym.Format, AIM: sym.AIM, Text: sym.Text, Engine: sym.Engine, Pass: sym.Pass, Sure: sym.Sure}
		out.Corners = pairs(sym.Corners)
		l.Symbols = append(l.Symbols, out)
	}
	for _, u := range p.Unread {
		l.Unread = append(l.Unread, unreadLine{u.Format, pairs(u.Corners), u.Why + " " + u.Hint})
	}
	return l
}

func pairs(corners [4]image.Point) (out [4][2]int) {
	for i, c := range corners {
		out[i] = [2]int{c.X, c.Y}
	}
	return out
}
