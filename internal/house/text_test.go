package house

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Words that say a thing is unfinished. They are put together here so that this file does not hold them.
var unfinished = regexp.MustCompile(`\b(` + strings.Join([]string{"TO" + "DO", "FIX" + "ME", "HA" + "CK", "TB" + "D"}, "|") + `)\b`)

func TestNothingIsMarkedUnfinished(t *testing.T) {
	for _, file := range textFiles(t) {
		if base := filepath.Base(file); base == "package-lock.json" || base == "go.sum" {
			continue // hashes
		}
		for i, line := range lines(t, file) {
			if word := unfinished.FindString(line); word != "" {
				t.Errorf("%s:%d: %s: finish it, or say plainly what the limit is", file, i+1, word)
			}
		}
	}
}

// quoted are NHS numbers outside the synthetic range that stand in published examples of the wristband's GSRN.
var quoted = map[string]bool{
	"9434765919": true, // NHS Data Model and Dictionary, patient identification data set
	"9449305552": true,
}

var (
	tenDigits = regexp.MustCompile(`(?:^|[^0-9A-Za-z.+-])(\d{3}[ -]?\d{3}[ -]?\d{4})(?:$|[^0-9A-Za-z.-])`)
	gsrn      = regexp.MustCompile(`(?:^|\D)(?:8018)?5050898(\d{10})\d(?:$|\D)`)
)

// Every patient in tests, examples and the demonstration has a number that is never issued: 999 000 0000 to
// 999 999 9999. A valid number in a range that is issued could be somebody's.
func TestNHSNumbersAreSynthetic(t *testing.T) {
	for _, file := range textFiles(t) {
		if base := filepath.Base(file); base == "package-lock.json" || base == "go.sum" {
			continue // hashes
		}
		vectors := strings.Contains(file, "testdata/") // any ten digits stand there; a GSRN is still a patient
		for i, line := range lines(t, file) {
			for _, m := range gsrn.FindAllStringSubmatch(line, -1) {
				if number := m[1]; validNHSNumber(number) && !strings.HasPrefix(number, "999") && !quoted[number] {
					t.Errorf("%s:%d: a wristband of %s, which may be a real patient's number", file, i+1, number)
				}
			}
			if vectors {
				continue
			}
			for _, m := range tenDigits.FindAllStringSubmatch(line, -1) {
				number := strings.NewReplacer(" ", "", "-", "").Replace(m[1])
				if validNHSNumber(number) && issued(number) && !quoted[number] {
					t.Errorf("%s:%d: %s may be a real patient's NHS number: use one from 999 000 0000", file, i+1, m[1])
				}
			}
		}
	}
}

func TestNHSNumberCheck(t *testing.T) {
	for number, want := range map[string]bool{"9990000018": true, "9434765919": true, "9990000019": false, "1234567890": false} {
		if got := validNHSNumber(number); got != want {
			t.Errorf("validNHSNumber(%s) = %v, want %v", number, got, want)
		}
	}
}

// issued says whether a number lies where England and Wales issue them or did: 4, 6, 7 and 9 but 999.
func issued(number string) bool {
	return strings.ContainsRune("4679", rune(number[0])) && !strings.HasPrefix(number, "999")
}

// validNHSNumber checks the modulus 11 digit. It is written out here, apart from the product's own, on purpose.
func validNHSNumber(number string) bool {
	sum := 0
	for i, c := range number[:9] {
		sum += int(c-'0') * (10 - i)
	}
	digit := (11 - sum%11) % 11
	return digit != 10 && digit == int(number[9]-'0')
}

// textFiles lists the project's files that git holds or would take in, by their paths from the root, without pictures.
func textFiles(t *testing.T) []string {
	t.Helper()
	goFiles(t) // reading the folders tells go test's cache when a file comes or goes
	cmd := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	cmd.Dir = root(t)
	out, err := cmd.Output()
	if err != nil {
		t.Skipf("this is no git checkout: %v", err)
	}
	var files []string
	for file := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		if info, err := os.Stat(filepath.Join(root(t), file)); err != nil || !info.Mode().IsRegular() {
			continue // deleted and not yet committed, or a link
		}
		files = append(files, file)
	}
	if len(files) == 0 {
		t.Fatal("git names no file")
	}
	return files
}

// lines returns a file's lines, and none if it is not text.
func lines(t *testing.T, file string) []string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root(t), file))
	if err != nil {
		t.Error(err)
		return nil
	}
	if bytes.IndexByte(data[:min(len(data), 8000)], 0) >= 0 {
		return nil
	}
	return strings.Split(string(data), "\n")
}
