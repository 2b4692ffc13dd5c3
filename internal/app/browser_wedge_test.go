package app_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"

	"implantrace/internal/trace"
)

// keyboard types into the page as a keyboard does, at times that it says
// itself: they lie ahead, so that a busy machine changes nothing.
type keyboard struct {
	*browser
	at time.Time
}

func (b *browser) keyboard() *keyboard {
	return &keyboard{b, time.Now().Add(time.Minute)}
}

func (k *keyboard) event(p input.DispatchKeyEventParams) {
	k.t.Helper()
	p.Timestamp = input.TimeSinceEpoch(float64(k.at.UnixMicro()) / 1e6)
	ctx, cancel := context.WithTimeout(k.ctx, 20*time.Second)
	defer cancel()
	if _, err := chromedp.Call(ctx, input.DispatchKeyEvent, p); err != nil {
		k.t.Fatal(err)
	}
}

// the keys of a separator
const (
	asCtrl = "Ctrl-]"
	asAlt  = "Alt-029"
	asChar = "U+001D"
	asNone = "" // the handheld leaves it out
)

// types types a text with so long between its keys; end is the key behind it.
func (k *keyboard) types(text string, every time.Duration, separator, end string) {
	k.t.Helper()
	press := func(p input.DispatchKeyEventParams) {
		k.at = k.at.Add(every)
		p.Type = "keyDown"
		k.event(p)
		p.Type, p.Text = "keyUp", ""
		k.event(p)
	}
	for _, c := range text {
		if c != '\x1d' {
			p := input.DispatchKeyEventParams{Key: string(c), Text: string(c)}
			if c >= '0' && c <= '9' {
				p.Code, p.WindowsVirtualKeyCode = "Digit"+string(c), int64(c)
			}
			if c == ' ' {
				p.Code, p.WindowsVirtualKeyCode = "Space", 32
			}
			press(p)
			continue
		}
		switch separator {
		case asCtrl:
			press(input.DispatchKeyEventParams{Key: "]", Code: "BracketRight", Modifiers: 2, WindowsVirtualKeyCode: 221})
		case asChar:
			press(input.DispatchKeyEventParams{Key: "\x1d", Text: "\x1d"})
		case asAlt:
			k.event(input.DispatchKeyEventParams{Type: "rawKeyDown", Key: "Alt", Code: "AltLeft", Modifiers: 1, WindowsVirtualKeyCode: 18})
			for _, d := range "029" {
				press(input.DispatchKeyEventParams{Key: string(d), Code: "Numpad" + string(d), Modifiers: 1, IsKeypad: new(true), WindowsVirtualKeyCode: 96 + int64(d-'0')})
			}
			k.at = k.at.Add(every)
			k.event(input.DispatchKeyEventParams{Type: "keyUp", Key: "Alt", Code: "AltLeft", WindowsVirtualKeyCode: 18})
		}
	}
	if end != "" {
		press(input.DispatchKeyEventParams{Key: end, Code: end, Text: map[string]string{"Enter": "\r"}[end], WindowsVirtualKeyCode: map[string]int64{"Enter": 13, "Tab": 9}[end]})
	}
	k.at = k.at.Add(time.Second)
}

// readings are those of the record, in order, that came from keyboards.
func (n *served) keyed() (texts []string) {
	n.t.Helper()
	for e, err := range n.node.Store.Entries(n.t.Context(), trace.Position{Node: n.node.Store.Node()}) {
		if err != nil {
			n.t.Fatal(err)
		}
		if f, ok := e.Fact.(trace.ReadingFact); ok && (f.Source == "wedge" || f.Source == "typed") {
			texts = append(texts, f.Source+" "+f.Text)
		}
	}
	return texts
}

// comes waits for so many readings, and gives the last.
func (n *served) comes(many int) string {
	n.t.Helper()
	until(n.t, fmt.Sprintf("%d readings are recorded", many), func() bool { return len(n.keyed()) >= many })
	all := n.keyed()
	if len(all) != many {
		n.t.Fatalf("%d readings, want %d: %q", len(all), many, all)
	}
	return all[many-1]
}

const headKeys = "010952014000101517310630\x1d10A1\x1d21SN-0042"

// TestAHandheldThatTypesIsReadAnywhere: with the focus nowhere, in a field, on a
// button and in a list, fast and slow, with each way to send a separator.
func TestAHandheldThatTypesIsReadAnywhere(t *testing.T) {
	n, b := atTheatre(t)
	k := b.keyboard()
	read := 0
	for _, focus := range []string{"", "#code", "#scan-text", "#open", "#side", "#look"} {
		for _, separator := range []string{asCtrl, asAlt, asChar} {
			for _, every := range []time.Duration{time.Millisecond, 15 * time.Millisecond, 60 * time.Millisecond} {
				what := fmt.Sprintf("focus %q, separator %q, a key each %s", focus, separator, every)
				eval[int](b, `document.activeElement.blur(); 0`)
				if focus != "" {
					eval[int](b, `document.querySelector("`+focus+`").focus(); 0`)
				}
				k.types(headKeys, every, separator, "Enter")
				read++
				if got := n.comes(read); got != "wedge "+headKeys {
					t.Fatalf("%s: %q", what, got)
				}
				if left := eval[string](b, `[...document.querySelectorAll('#open-form input:not([type=hidden]), #scan-text')].map(i => i.value).join('') + document.querySelector('#side').value`); left != "" {
					t.Fatalf("%s: the fields hold %q", what, left)
				}
			}
		}
	}
	if st, err := n.node.Desk.State(t.Context()); err != nil || st.Procedure != nil {
		t.Errorf("a button was pressed: %+v, %v", st.Procedure, err)
	}
	if look := eval[string](b, `document.documentElement.dataset.look`); look != "light" {
		t.Error("Enter of a scan pressed a button")
	}
	b.leavesNothing(n.url)
}

// TestWhatAPersonTypesStaysWhereItIsTyped: at every speed that people reach, with
// what a field held before, and what looked like a scan and was none.
func TestWhatAPersonTypesStaysWhereItIsTyped(t *testing.T) {
	n, b := atTheatre(t)
	k := b.keyboard()
	value := func(want string) {
		t.Helper()
		until(t, "the field holds "+want, func() bool { return eval[string](b, `document.querySelector('#text').value`) == want })
	}
	eval[int](b, `document.querySelector('#text').focus(); 0`)
	for _, every := range []time.Duration{45 * time.Millisecond, 80 * time.Millisecond, 300 * time.Millisecond} {
		eval[int](b, `document.querySelector('#text').value = ''; 0`)
		k.types("Total hip replacement", every, asNone, "")
		value("Total hip replacement")
	}
	// A handheld reads while half a word is there: the field gets it back, with the
	// caret where it was.
	eval[int](b, `(f => { f.value = 'Total replacement'; f.setSelectionRange(6, 6) })(document.querySelector('#text')); 0`)
	k.types(headKeys, 5*time.Millisecond, asCtrl, "Enter")
	if got := n.comes(1); got != "wedge "+headKeys {
		t.Fatalf("%q", got)
	}
	k.types("hip ", 90*time.Millisecond, asNone, "")
	value("Total hip replacement")
	// Four keys at once are fingers on the keyboard.
	eval[int](b, `(f => { f.value = ''; f.focus() })(document.querySelector('#text')); 0`)
	k.at = time.Now()
	k.types("asdf", 5*time.Millisecond, asNone, "")
	value("asdf")
	// A program that types for a person is as fast as a handheld. What it typed is
	// there when the next field is entered.
	eval[int](b, `(f => { f.value = ''; f.focus() })(document.querySelector('#text')); 0`)
	k.at = time.Now().Add(time.Minute)
	k.types("Total hip replacement, uncemented", time.Millisecond, asNone, "")
	eval[int](b, `document.querySelector('#code').focus(); 0`)
	if got := eval[string](b, `document.querySelector('#text').value`); got != "Total hip replacement, uncemented" {
		t.Errorf("the field holds %q", got)
	}
	if got := n.keyed(); len(got) != 1 {
		t.Errorf("%q", got)
	}
	// What is typed and sent is typed.
	eval[int](b, `document.querySelector('#scan-text').focus(); 0`)
	k.types("ABCDEFGH", 90*time.Millisecond, asNone, "Enter")
	if got := n.comes(2); !strings.HasPrefix(got, "typed") {
		t.Errorf("%q", got)
	}
	b.leavesNothing(n.url)
}

// TestAHandheldWithoutEnterOrSeparatorIsTold.
func TestAHandheldWithoutEnterOrSeparatorIsTold(t *testing.T) {
	n, b := atTheatre(t)
	k := b.keyboard()
	k.types("0109520140001015173106301010A121SN0042", 5*time.Millisecond, asNone, "Enter")
	if got := n.comes(1); !strings.HasPrefix(got, "wedge 0109") {
		t.Fatal(got)
	}
	b.shows("Separator lost")
	b.accessible("theatre, with a lost separator")
	// Fast and without an end: a scan all the same.
	k.at = time.Now()
	k.types(headKeys, time.Millisecond, asCtrl, "")
	if got := n.comes(2); got != "wedge "+headKeys {
		t.Fatal(got)
	}
	// Slow and without an end: nobody knows whether it is whole.
	k.at = time.Now()
	k.types("0109520140001015", 70*time.Millisecond, asNone, "")
	b.shows("16 characters were typed where there is nothing to type into")
	if got := n.keyed(); len(got) != 2 {
		t.Errorf("%q", got)
	}
	// Another Enter or a line feed behind the first is the handheld's.
	eval[int](b, `document.querySelector('#look').focus(); 0`)
	k.at = time.Now().Add(time.Minute)
	k.types(headKeys, 5*time.Millisecond, asCtrl, "Enter")
	k.at = k.at.Add(-time.Second)
	k.types("", 5*time.Millisecond, asNone, "Enter")
	n.comes(3)
	if look := eval[string](b, `document.documentElement.dataset.look`); look != "light" {
		t.Error("the second Enter pressed a button")
	}
}

// TestAPINIsNoReading: in a field for secrets nothing short is taken out.
func TestAPINIsNoReading(t *testing.T) {
	n, b := atTheatre(t)
	b.do(chromedp.WaitReady("body.is-started"))
	eval[int](b, `document.querySelector('#scan-form').insertAdjacentHTML('afterend', '<input type="password" id="secret" aria-label="secret">'); document.querySelector('#secret').focus(); 0`)
	k := b.keyboard()
	k.types("12345678", time.Millisecond, asNone, "Enter")
	if got := eval[string](b, `document.querySelector('#secret').value`); got != "12345678" {
		t.Errorf("%q", got)
	}
	// A badge that is read there is a badge.
	eval[int](b, `document.querySelector('#secret').value = ''; 0`)
	k.types("8017505089800000000126", time.Millisecond, asNone, "Enter")
	if got := n.comes(1); got != "wedge 8017505089800000000126" {
		t.Errorf("%q", got)
	}
	if got := eval[string](b, `document.querySelector('#secret').value`); got != "" {
		t.Errorf("the badge stays in the field for the PIN: %q", got)
	}
}
