package api_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/png"
	"os"
	"testing"
	"time"

	"implantrace/api"
)

// blank is a white picture.
func blank(t testing.TB, w, h int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewPaletted(image.Rect(0, 0, w, h), color.Palette{color.White, color.Black})); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// declared is the head of a PNG that says it is w by h, and nothing behind it.
func declared(w, h uint32) []byte {
	head := append([]byte("IHDR"), make([]byte, 13)...)
	binary.BigEndian.PutUint32(head[4:], w)
	binary.BigEndian.PutUint32(head[8:], h)
	head[12], head[13] = 8, 2
	b := append([]byte("\x89PNG\r\n\x1a\n"), 0, 0, 0, 13)
	b = append(b, head...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(head))
}

func TestPicturesThatCannotBeReadAreRefusedQuickly(t *testing.T) {
	n := newNode(t)
	before := n.entries()
	for name, c := range map[string]struct {
		picture []byte
		status  int
		kind    string
	}{
		"100 megapixels": {declared(10_000, 10_000), 413, "too-large"},
		"no pixel":       {declared(0, 10), 422, "invalid"},
		"only a head":    {declared(10, 10), 422, "invalid"},
		"cut off":        {label(t)[:150], 422, "invalid"},
		"no picture":     {[]byte("<svg xmlns='http://www.w3.org/2000/svg'/>"), 422, "invalid"},
		"nothing":        {[]byte{}, 422, "invalid"},
		"a text":         {[]byte("0109520140001145"), 422, "invalid"},
		"a terapixel":    {declared(1<<20, 1<<20), 413, "too-large"},
		"negative sides": {declared(1<<31, 1<<31), 422, "invalid"},
		"an animation":   {[]byte("RIFF\x1a\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x02\x00\x00\x00\x09\x00\x00\x09\x00\x00"), 422, "invalid"},
		"a JPEG's start": {[]byte("\xff\xd8\xff\xe1\xff\xffExif\x00\x00"), 422, "invalid"},
		"a WebP's start": {[]byte("RIFF\xff\xff\xff\x7fWEBPVP8L\xff\xff\xff\x7f\x2f\xff\xff\xff\xff"), 422, "invalid"},
	} {
		start := time.Now()
		n.send(request{method: "POST", target: "/api/v1/decode", kind: "image/png", body: string(c.picture)}).problem(c.status, c.kind)
		kind, body := upload(t, map[string]string{"id": n.id()}, c.picture)
		n.send(request{method: "POST", target: "/api/v1/readings/picture", kind: kind, body: body}).problem(c.status, c.kind)
		if took := time.Since(start); took > 2*time.Second {
			t.Errorf("%s took %s", name, took)
		}
	}
	if n.entries() != before {
		t.Error("something was recorded")
	}
}

// spoiled is a picture with a Data Matrix that can be read, and at its lower left
// one that cannot.
func spoiled(t testing.TB) []byte {
	t.Helper()
	b, err := os.ReadFile("../scanner/testdata/spoiled.png")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// What could not be read is told by both routes: what, where, why, and what to
// do; nothing is told of a picture that was read whole or that shows nothing.
func TestWhatAPictureCouldNotBeReadForIsTold(t *testing.T) {
	n := newNode(t)
	told := []string{`"unread":[{"format":"matrix","corners":[[`, `"why":"A square code at the lower left could not be read: it may be damaged, bent or covered."`, `"hint":"Flatten the pack`}
	n.send(request{method: "POST", target: "/api/v1/decode", kind: "image/png", body: string(spoiled(t))}).want(200, append(told, `"sure":true`)...)
	kind, body := upload(t, map[string]string{"id": n.id()}, spoiled(t))
	picture := request{method: "POST", target: "/api/v1/readings/picture", kind: kind, body: body}
	n.send(picture).want(201, append(told, `"lot":"12AB"`)...)
	n.send(picture).want(200, append(told, `"repeated":true`)...)

	for name, data := range map[string][]byte{"read whole": label(t), "blank": blank(t, 400, 300)} {
		n.send(request{method: "POST", target: "/api/v1/decode", kind: "image/png", body: string(data)}).want(200, `"unread":[]`)
		kind, body := upload(t, map[string]string{"id": n.id()}, data)
		if a := n.send(request{method: "POST", target: "/api/v1/readings/picture", kind: kind, body: body}).want(201); !bytes.Contains(a.Body, []byte(`"unread":[]`)) {
			t.Errorf("%s: %s", name, a.Body)
		}
	}
}

func TestAPictureFormSaysWhatIsMissing(t *testing.T) {
	n := newNode(t)
	for name, fields := range map[string]map[string]string{
		"no id":           {},
		"nil id":          {"id": "00000000-0000-0000-0000-000000000000"},
		"no uuid":         {"id": "1"},
		"procedure no id": {"id": n.id(), "procedure": "1"},
	} {
		kind, body := upload(t, fields, label(t))
		a := n.send(request{method: "POST", target: "/api/v1/readings/picture", kind: kind, body: body})
		if a.problem(422, "invalid"); a.text() == "" {
			t.Error(name)
		}
	}
	kind, body := upload(t, map[string]string{"id": n.id()}, nil)
	n.send(request{method: "POST", target: "/api/v1/readings/picture", kind: kind, body: body}).problem(422, "invalid")
	kind, body = upload(t, map[string]string{"id": n.id()}, label(t))
	n.send(request{method: "POST", target: "/api/v1/readings/picture", kind: kind, body: body[:len(body)/2]}).problem(422, "invalid")
	n.send(request{method: "POST", target: "/api/v1/readings/picture", kind: "application/json", body: `{}`}).problem(422, "invalid")
	n.send(request{method: "POST", target: "/api/v1/decode", kind: "application/json", body: `{}`}).problem(422, "invalid")
	kind, body = upload(t, map[string]string{"id": n.id(), "procedure": n.id()}, label(t))
	n.send(request{method: "POST", target: "/api/v1/readings/picture", kind: kind, body: body}).problem(404, "not-found")
	kind, body = upload(t, map[string]string{"id": n.id()}, make([]byte, api.PictureMost+api.BodyMost))
	n.send(request{method: "POST", target: "/api/v1/readings/picture", kind: kind, body: body}).problem(413, "too-large")
	n.send(request{method: "POST", target: "/api/v1/decode", kind: "image/png", body: string(make([]byte, api.PictureMost+1))}).problem(413, "too-large")
}
