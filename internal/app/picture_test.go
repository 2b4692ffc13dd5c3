package app_test

import (
	"bytes"
	"io/fs"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"implantrace/internal/app"
	"implantrace/internal/trace"
)

// A photograph is read and let go of: neither it nor what the telephone noted in
// it stands in any file afterwards.
func TestAPictureIsNotKept(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	dir := t.TempDir()
	n := serve(t, app.Config{Data: filepath.Join(dir, "data")})
	picture, err := os.ReadFile(filepath.Join("..", "..", "scanner", "testdata", "pouch.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	// EXIF as telephones write it, with a place in words.
	const place = "Ward 7, 51.5007 N 0.1246 W, Zzyzxwarren's telephone"
	exif := "Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x00" + place
	picture = append([]byte("\xff\xd8\xff\xe1\x00"+string(rune(len(exif)+2))+exif), picture[2:]...)
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	if err := w.WriteField("id", trace.NewEventID().String()); err != nil {
		t.Fatal(err)
	}
	f, err := w.CreateFormFile("picture", "IMG_0001.jpg")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(picture); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := http.Post(n.url+"/api/v1/readings/picture", w.FormDataContentType(), &body)
	if err != nil {
		t.Fatal(err)
	}
	r.Body.Close()
	if r.StatusCode != http.StatusCreated {
		t.Fatalf("%s: nothing was read, and nothing is shown", r.Status)
	}
	n.end()
	files := 0
	pixels := picture[len(picture)/2 : len(picture)/2+32]
	for _, root := range []string{dir, tmp} {
		if err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			files++
			b, err := os.ReadFile(path)
			for what, part := range map[string]string{"its EXIF": place, "its pixels": string(pixels), "its name": "IMG_0001"} {
				if strings.Contains(string(b), part) {
					t.Errorf("%s is in %s", what, path)
				}
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	if files < 2 {
		t.Errorf("%d files were looked at", files)
	}
}
