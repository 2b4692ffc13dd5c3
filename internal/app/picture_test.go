package app_test

import (
	"bytes"
	"io"
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
// it stands in any file afterwards. Where the site keeps photographs, they are
// sealed: the same is true.
func TestAPictureIsNotKept(t *testing.T) { leavesNoPicture(t, false) }

func TestAPictureThatIsKeptIsSealed(t *testing.T) { leavesNoPicture(t, true) }

func leavesNoPicture(t *testing.T, keep bool) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	dir := t.TempDir()
	n := serve(t, app.Config{Data: filepath.Join(dir, "data"), KeepPictures: keep})
	picture, err := os.ReadFile(filepath.Join("..", "..", "scanner", "testdata", "pouch.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	// EXIF as telephones write it, with a place in words.
	const place = "Ward 7, 51.5007 N 0.1246 W, Zzyzxwarren's telephone"
	exif := "Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x00" + place
	picture = append([]byte("\xff\xd8\xff\xe1\x00"+string(rune(len(exif)+2))+exif), picture[2:]...)
	procedure := trace.NewEventID().String()
	opened, err := http.Post(n.url+"/api/v1/procedures", "application/json", strings.NewReader(`{"id":"`+procedure+`","patient":{"nhs_number":"9990000018"},"code":{"text":"Lens"},"side":"left"}`))
	if err != nil {
		t.Fatal(err)
	}
	opened.Body.Close()
	if opened.StatusCode != http.StatusCreated {
		t.Fatal(opened.Status)
	}
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	if err := w.WriteField("id", trace.NewEventID().String()); err != nil {
		t.Fatal(err)
	}
	if err := w.WriteField("procedure", procedure); err != nil {
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
	parts := map[string]string{"its EXIF": place, "its pixels": string(picture[len(picture)/2 : len(picture)/2+32]), "its name": "IMG_0001"}
	var kept struct {
		Items []struct {
			Photograph string `json:"photograph"`
		} `json:"items"`
	}
	n.get("/api/v1/procedures/"+procedure+"/photographs", &kept)
	if want := map[bool]int{true: 1}[keep]; len(kept.Items) != want {
		t.Fatalf("%d photographs are kept", len(kept.Items))
	}
	for _, k := range kept.Items {
		r, err := http.Get(n.url + "/api/v1/procedures/" + procedure + "/photographs/" + k.Photograph)
		if err != nil {
			t.Fatal(err)
		}
		copied, err := io.ReadAll(r.Body)
		r.Body.Close()
		if err != nil || r.StatusCode != http.StatusOK || len(copied) < 1000 || strings.Contains(string(copied), place) {
			t.Fatalf("%s, %d bytes, %v", r.Status, len(copied), err)
		}
		parts["the copy"] = string(copied[len(copied)/2 : len(copied)/2+32])
	}
	n.end()
	files := 0
	for _, root := range []string{dir, tmp} {
		if err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			files++
			b, err := os.ReadFile(path)
			for what, part := range parts {
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
