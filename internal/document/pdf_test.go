package document_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"implantrace/internal/document"
)

var made = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// text is what a person reads of a PDF.
func text(t *testing.T, pdf []byte) string {
	t.Helper()
	tool, err := exec.LookPath("pdftotext")
	if err != nil {
		t.Skip("pdftotext (poppler-utils) is not here")
	}
	path := filepath.Join(t.TempDir(), "x.pdf")
	if err := os.WriteFile(path, pdf, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(tool, "-layout", path, "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func page(t *testing.T, s document.Style, html string) []byte {
	t.Helper()
	d := document.New(s)
	if err := d.Page(html); err != nil {
		t.Fatal(err)
	}
	b, err := d.PDF()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestNamesComeOutAsTheyAreWritten(t *testing.T) {
	names := []string{"Siân Ŵyn-Ŷoung", "Nguyễn Thị Ánh", "Łukasz Żółć", "Ọlá Adébáyọ", "O'Brien", "Çağrı Şahin", "Ελένη Παπαδοπούλου", "Дарья Щукина"}
	got := text(t, page(t, document.Style{Title: "T", Made: made}, "<p>"+strings.Join(names, "</p><p>")+"</p>"))
	for _, n := range names {
		if !strings.Contains(got, n) {
			t.Errorf("%s does not stand in\n%s", n, got)
		}
	}
}

func TestLettersThatCannotBeSetAreTold(t *testing.T) {
	for _, name := range []string{"王小明", "محمد", "अनीता", "😀", "Adébáyọ̀"} {
		if err := document.New(document.Style{}).Page("<p>" + name + "</p>"); !errors.Is(err, document.ErrLetters) {
			t.Errorf("%s: %v", name, err)
		}
		if err := document.New(document.Style{}).Page("<table><tr><td>" + name + "</td></tr></table>"); !errors.Is(err, document.ErrLetters) {
			t.Errorf("%s in a table: %v", name, err)
		}
	}
}

func TestOtherElementsAreRefused(t *testing.T) {
	for _, h := range []string{"<script>x</script>", "<p><img src=x></p>", "loose text", "<ul><p>x</p></ul>", "<p><a href=x>y</a></p>", "<iframe></iframe>"} {
		if err := document.New(document.Style{}).Page(h); !errors.Is(err, document.ErrHTML) {
			t.Errorf("%s: %v", h, err)
		}
	}
}

func TestADocumentIsTheSameEachTime(t *testing.T) {
	h := "<h1>One</h1><p>Two <strong>three</strong></p><ul><li>four</li></ul><table><tr><th>A</th></tr><tr><td>B</td></tr></table>"
	if !bytes.Equal(page(t, document.Style{Made: made}, h), page(t, document.Style{Made: made}, h)) {
		t.Error("the same document has other bytes")
	}
}

func TestATableGoesOnOverPagesWithItsHeading(t *testing.T) {
	var b strings.Builder
	b.WriteString("<table><tr><th>Patient</th><th>Why</th></tr>")
	for range 120 {
		b.WriteString("<tr><td>Testwell, Ada</td><td>DI 07611994064584 is named; lot A17 is named, and more is said of it than fits a line of this table</td></tr>")
	}
	got := text(t, page(t, document.Style{Made: made, Mark: "DRILL"}, b.String()+"</table>"))
	pages := strings.Count(got, "\f")
	if pages < 2 || strings.Count(got, "Patient") != pages || strings.Count(got, "Testwell") != 120 {
		t.Errorf("%d pages, %d headings, %d rows", pages, strings.Count(got, "Patient"), strings.Count(got, "Testwell"))
	}
	if strings.Count(got, "DRILL") < pages {
		t.Error("a page is not marked")
	}
}
