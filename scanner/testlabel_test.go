package scanner_test

import (
	"strings"
	"testing"

	"implantrace/scanner"
)

func TestTheTestLabelShowsWhatAHandheldDoes(t *testing.T) {
	right := "]d2" + scanner.TestLabelElements
	swap := func(pairs ...string) string { return strings.NewReplacer(pairs...).Replace(right[3:]) }
	for name, c := range map[string]struct {
		text string
		want []string // each in one fault, and no more faults
	}{
		"right":                      {right, nil},
		"no AIM identifier":          {right[3:], []string{"no AIM identifier"}},
		"FNC1 lost":                  {"]d1" + right[3:], []string{"FNC1 at the beginning is lost"}},
		"separator lost":             {strings.ReplaceAll(right, "\x1d", ""), []string{"separator between two fields is lost"}},
		"another for the separator":  {strings.ReplaceAll(right, "\x1d", "|"), []string{`"|" for the separator`}},
		"all capitals":               {"]d2" + strings.ToUpper(right[3:]), []string{"capital and small"}},
		"all small":                  {"]d2" + strings.ToLower(right[3:]), []string{"capital and small"}},
		"case the other way":         {"]d2" + swapCase(right[3:]), []string{"capital and small"}},
		"German keyboard":            {"]d2" + swap("z", "y", "y", "z", "Z", "Y", "Y", "Z"), []string{"German"}},
		"French keyboard":            {"]d2" + swap("a", "q", "q", "a", "A", "Q", "Q", "A", "z", "w", "w", "z", "Z", "W", "W", "Z"), []string{"French"}},
		"French, with its digits":    {swap("a", "q", "q", "a", "A", "Q", "Q", "A", "z", "w", "w", "z", "Z", "W", "W", "Z", "0", "à", "1", "&", "9", "ç", "8", "_"), []string{"no AIM", "French", "Digits", "changed on its way"}},
		"a suffix":                   {right + "\t", []string{`"\t" behind`}},
		"a prefix":                   {"]d2" + "#" + right[3:], []string{`"#" before`}},
		"a letter missing":           {strings.Replace(right, "W", "", 1), []string{"changed on its way"}},
		"several":                    {strings.ToUpper(strings.ReplaceAll(right[3:], "\x1d", "")), []string{"no AIM", "capital and small", "separator between two fields is lost"}},
		"the mark alone":             {"TESTPRINT", []string{"no AIM", "Digits", "changed on its way"}},
		"only the second field, low": {"]d2" + strings.Replace(right[3:], "TESTPRINT", "testprint", 1), []string{"capital and small"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, ok := scanner.JudgeTestLabel(c.text, noon)
			if !ok || got.Right != (c.want == nil) || len(got.Faults) != len(c.want) || !got.At.Equal(noon) {
				t.Fatalf("%q: %t %+v", c.text, ok, got)
			}
			for i, want := range c.want {
				if !strings.Contains(got.Faults[i], want) {
					t.Errorf("%q: %q, want %q", c.text, got.Faults[i], want)
				}
			}
		})
	}
	if _, ok := scanner.JudgeTestLabel("]d20109506000134352", noon); ok {
		t.Error("a device's code is taken for the test label")
	}
}

func swapCase(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return r - 32
		case r >= 'A' && r <= 'Z':
			return r + 32
		}
		return r
	}, s)
}

// Whatever comes, a label that was changed is not called right.
func FuzzTestLabel(f *testing.F) {
	f.Add("]d2" + scanner.TestLabelElements)
	f.Add(scanner.TestLabelElements)
	f.Add("]TESTPRINT")
	f.Fuzz(func(t *testing.T, text string) {
		got, ok := scanner.JudgeTestLabel(text, noon)
		if got.Right != (text == "]d2"+scanner.TestLabelElements) || ok && !got.Right && len(got.Faults) == 0 {
			t.Errorf("%q: %+v", text, got)
		}
	})
}
