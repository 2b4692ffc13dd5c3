package card_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"implantrace/internal/card"
	"implantrace/internal/document"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
	"implantrace/scanner"
)

var (
	now      = time.Date(2026, 7, 1, 9, 0, 0, 0, time.UTC)
	hospital = card.Institution{Name: "Eskmere Hospital", Address: "1 Mill Lane, Exampleton, EX1 1AA"}
)

// hip is a procedure with a stem, a screw, a device that was wasted and a HIBC
// head.
func hip() trace.ProcedureInFull {
	stem := trace.UsageInFull{
		Usage: trace.Usage{ID: trace.UsageID{1}, Status: trace.Implanted, Provenance: trace.Scanned, Occurred: now, Location: "femur",
			Device: udi.Device{Agency: udi.AgencyGS1, DI: "09506000134352", Lot: "NM21-0417", Serial: "SN0042", Expiry: udi.Date{Day: "2028-03-31", Precision: udi.PrecisionDay}}},
		Product: trace.Product{DI: "09506000134352", Maker: "Northmoor Orthopaedics Ltd", MakerAddress: "4 Kiln Road, Exampleton", Brand: "Fellside", CatalogueNo: "FS-12",
			Attributes: trace.Attributes{Kind: trace.KindStem, MRI: trace.MRIConditional, Website: "https://patients.example/fellside"}},
	}
	screw := trace.UsageInFull{Usage: trace.Usage{ID: trace.UsageID{2}, Status: trace.Implanted, Device: udi.Device{Agency: udi.AgencyGS1, DI: "09506000134369", Lot: "S1"}},
		Product: trace.Product{Brand: "Screw 6.5", Attributes: trace.Attributes{Kind: trace.KindScrew}}}
	wasted := stem
	wasted.Usage.ID, wasted.Usage.Status, wasted.Product.Brand = trace.UsageID{3}, trace.Wasted, "Dropped"
	const carrier = "+A123BJC5D6E71G"
	head := trace.UsageInFull{Usage: trace.Usage{ID: trace.UsageID{4}, Status: trace.Implanted, Occurred: now, Carriers: []trace.Carrier{{Text: carrier, Source: "wedge"}},
		Device: udi.Understand(carrier, now).Device}, Product: trace.Product{Brand: "Head 36", Attributes: trace.Attributes{Kind: trace.KindHead}}}
	return trace.ProcedureInFull{
		Procedure: trace.Procedure{ID: trace.ProcedureID{9}, Start: time.Date(2026, 6, 30, 23, 30, 0, 0, time.UTC), Side: trace.SideLeft, Code: trace.Code{Code: "W37.1", Text: "Hip replacement"}},
		Identity:  trace.Identity{Given: "Ada Åsa", Family: "Testcase", Birth: "1951-02-28", NHSNumber: "9990000018"},
		Usages:    []trace.UsageInFull{stem, screw, wasted, head},
	}
}

var summer = time.FixedZone("BST", 60*60)

func TestCardSaysWhatIsRecorded(t *testing.T) {
	c := card.Of(hip(), hospital, summer)
	if c.Patient != "Ada Åsa Testcase" || c.Day != "2026-07-01" || c.Number != "999 000 0018" || len(c.Implants) != 2 || !slices.Equal(c.Exempt, []string{"Screw 6.5"}) {
		t.Errorf("%+v", c)
	}
	i := c.Implants[0]
	if i.Name != "Fellside" || i.Type != "Hip stem" || i.Lot != "NM21-0417" || i.Serial != "SN0042" || i.Side != "left" || i.MRI != "MR conditional: ask before a scan" || !i.Drawn {
		t.Errorf("%+v", i)
	}
	want := []string{"The maker of Head 36 is not known.", "The address of the maker of Head 36 is not known.", "The website for patients of Head 36 is not known.",
		"Neither a lot nor a serial number is recorded of Head 36.", "Whether Head 36 may go into an MRI scanner is not known."}
	if !slices.Equal(c.Lacks, want) {
		t.Errorf("%q", c.Lacks)
	}
	empty := card.Of(trace.ProcedureInFull{}, card.Institution{}, summer)
	if len(empty.Lacks) != 4 {
		t.Errorf("%q", empty.Lacks)
	}
	if _, err := empty.PDF(card.Small, now); !errors.Is(err, card.ErrNoImplant) {
		t.Errorf("a card of nothing: %v", err)
	}
	p := hip()
	p.Identity.Family = "\u0627\u0644"
	if _, err := card.Of(p, hospital, summer).PDF(card.Small, now); !errors.Is(err, document.ErrLetters) {
		t.Errorf("letters that the font does not have: %v", err)
	}
}

// Article 18(3) names twelve kinds. All others have a card, and so has a device of
// which nobody said the kind, whatever its description says.
func TestKindsThatNeedNoCard(t *testing.T) {
	none := []trace.ProductKind{"suture", "staple", "dental-filling", "dental-brace", "tooth-crown", "screw", "wedge", "plate", "wire", "pin", "clip", "connector"}
	for _, k := range none {
		if !slices.Contains(trace.ProductKinds(), k) {
			t.Errorf("nobody can say of a product that it is a %s", k)
		}
	}
	for _, k := range append(trace.ProductKinds(), "", "a kind of a later version") {
		p := hip()
		p.Usages = p.Usages[:1]
		p.Usages[0].Product.Attributes.Kind, p.Usages[0].Product.Description = k, "Bone screw, plate and wire"
		c := card.Of(p, hospital, summer)
		if got, want := len(c.Exempt) == 1 && len(c.Implants) == 0, slices.Contains(none, k); got != want {
			t.Errorf("%q without a card: %v, want %v", k, got, want)
		}
	}
}

// pictures renders a PDF, a picture a page, and gives what its text says.
func pictures(t *testing.T, pdf []byte) (pages [][]byte, text string) {
	t.Helper()
	if _, err := exec.LookPath("pdftoppm"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("pdftoppm is missing: run .ci/needs test")
		}
		t.Skip("pdftoppm is missing")
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "a.pdf")
	if err := os.WriteFile(file, pdf, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("pdftoppm", "-r", "300", "-png", file, filepath.Join(dir, "p")).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	names, _ := filepath.Glob(filepath.Join(dir, "p*.png"))
	slices.Sort(names)
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, b)
	}
	out, err := exec.Command("pdftotext", "-layout", file, "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	return pages, strings.Join(strings.Fields(string(out)), " ")
}

// What is printed says whose it is and what, and its symbols read back as the
// devices that were recorded.
func TestPrintedCardReadsBack(t *testing.T) {
	for _, f := range []card.Format{card.Small, card.Large} {
		t.Run(f.Name, func(t *testing.T) {
			c := card.Of(hip(), hospital, summer)
			pdf, err := c.PDF(f, now)
			if err != nil {
				t.Fatal(err)
			}
			if again, _ := c.PDF(f, now); string(again) != string(pdf) {
				t.Error("the same card is another file")
			}
			pages, text := pictures(t, pdf)
			for _, want := range []string{"Implant card 1 of 2", "Ada Åsa Testcase", "Born: 1951-02-28", "Number: 999 000 0018", "Implanted on: 2026-07-01", "At: Eskmere Hospital",
				"Fellside", "Lot: NM21-0417", "Serial: SN0042", "Where: femur, left", "MRI: MR conditional: ask before a scan", "Head 36"} {
				if !strings.Contains(text, want) {
					t.Errorf("the card does not say %q: %s", want, text)
				}
			}
			if strings.Contains(text, "Screw") || strings.Contains(text, "Dropped") {
				t.Error("the card names a device that needs none, or that was wasted")
			}
			var read []string
			for _, page := range pages {
				p, err := scanner.DecodeImage(t.Context(), page, scanner.ImageOptions{Proves: func(s string) bool { return udi.Proves(s, now) }})
				if err != nil {
					t.Fatal(err)
				}
				for _, s := range p.Symbols {
					if !s.Sure {
						t.Errorf("not sure of %+v", s)
					}
					read = append(read, s.AIM+s.Text)
				}
			}
			if want := []string{"]d2010950600013435217280331" + "10NM21-0417\x1d21SN0042", "]d1+A123BJC5D6E71G"}; !slices.Equal(read, want) {
				t.Errorf("read back %q, want %q", read, want)
			}
			for i, s := range read {
				d := udi.Understand(s, now).Device
				if want := c.Implants[i].HRF; d.HRF() != want {
					t.Errorf("%q is %s, and the record says %s", s, d.HRF(), want)
				}
			}
		})
	}
}

// A device with long names goes on to another side; nothing is cut off.
func TestLongTextsGoOn(t *testing.T) {
	p := hip()
	p.Usages = p.Usages[:1]
	p.Usages[0].Product.MakerAddress = strings.Repeat("Long Street 12345, ", 20) + "Lastword"
	pdf, err := card.Of(p, hospital, summer).PDF(card.Small, now)
	if err != nil {
		t.Fatal(err)
	}
	pages, text := pictures(t, pdf)
	if !strings.Contains(text, "Lastword") || !strings.Contains(text, "(more)") || strings.Count(text, "12345") != 20 || len(pages) < 3 {
		t.Errorf("%d pages: %s", len(pages), text)
	}
}

func TestNotesHaveEveryDevice(t *testing.T) {
	pdf, err := card.Notes(hip(), hospital, summer, now)
	if err != nil {
		t.Fatal(err)
	}
	_, text := pictures(t, pdf)
	for _, want := range []string{"Implant record", "Ada Åsa Testcase", "Fellside", "Screw 6.5", "Dropped", "Head 36", "implanted", "wasted", "2026-07-01", "Eskmere Hospital", "(01)09506000134352"} {
		if !strings.Contains(text, want) {
			t.Errorf("the notes do not say %q: %s", want, text)
		}
	}
	if pdf, err = card.Notes(trace.ProcedureInFull{}, card.Institution{}, summer, now); err != nil {
		t.Fatal(err)
	}
	if _, text := pictures(t, pdf); !strings.Contains(text, "No device is recorded.") {
		t.Error(text)
	}
}

func ExampleOf() {
	c := card.Of(hip(), hospital, summer)
	fmt.Println(c.Implants[0].Name, c.Implants[0].HRF)
	fmt.Println(c.Lacks[0])
	// Output:
	// Fellside (01)09506000134352(17)280331(10)NM21-0417(21)SN0042
	// The maker of Head 36 is not known.
}
