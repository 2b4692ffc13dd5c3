package gs1

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestClean(t *testing.T) {
	const (
		di   = "0108025153000365"
		good = di + "101096438\x1d172206172155H02AE137"
	)
	with := func(stands string) string { return di + "101096438" + stands + "172206172155H02AE137" }
	tests := []struct{ name, in, want, steps string }{
		{"nothing to do", good, good, ""},
		{"marked, nothing to do", "]d2" + good, "]d2" + good, ""},
		{"empty", "", "", ""},
		{"one separator at the end", good + "\x1d", good + "\x1d", ""},

		{"CR LF", "]d2" + good + "\r\n", "]d2" + good, "framing 0+51"},
		{"STX ETX", "\x02]d2" + good + "\x03", "]d2" + good, "framing 0+51"},
		{"byte order mark", "\ufeff" + good, good, "framing 0+49"},
		{"spaces around", "  " + good + " \t", good, "framing 0+50"},
		{"nothing but framing", "\r\n", "", "framing 0+2"},

		{"<GS>", with("<GS>"), good, "separator 25+4"},
		{"<gs>", with("<gs>"), good, "separator 25+4"},
		{"{GS}", with("{GS}"), good, "separator 25+4"},
		{"[FNC1]", with("[FNC1]"), good, "separator 25+6"},
		{"\\F", with(`\F`), good, "separator 25+2"},
		{"\\x1d", with(`\x1d`), good, "separator 25+4"},
		{"\\u001d", with(`\u001d`), good, "separator 25+6"},
		{"^]", with("^]"), good, "separator 25+2"},
		{"%1D", with("%1D"), good, "separator 25+3"},
		{"picture of GS", with("\u241d"), good, "separator 25+3"},
		{"&#29;", with("&#29;"), good, "separator 25+5"},
		{"two words", "<GS>" + di + "10A<GS>21B", di + "10A\x1d21B", "separator 0+27 spare-separators 0+1"},
		{"~", with("~"), good, "separator 25+1"},
		{"|", with("|"), good, "separator 25+1"},
		{"^", with("^"), good, "separator 25+1"},
		{"a space", with(" "), good, "separator 25+1"},
		{"a tab", with("\t"), good, "separator 25+1"},
		{"@", with("@"), good, "separator 25+1"},
		{"the sign that old code pages show", with("\u2194"), good, "separator 25+3"},
		{"a letter with an accent", with("\u00e8"), good, "separator 25+2"},
		{"a line end", with("\r\n"), good, "separator 25+2 spare-separators 26+1"},
		{"0x1D", with("0x1D"), good, "separator 25+4"},
		{"FNC1", with("FNC1"), good, "separator 25+4"},
		{"FNC1 that is part of a value", di + "10FNC1X", di + "10FNC1X", ""},
		{"in HTML", with("&lt;GS&gt;"), good, "separator 25+10"},
		{"quoted", `"` + good + `"`, good, "framing 0+48"},
		{"fields on lines of their own", "(01)08025153000365\r\n(10)1096438", "(01)08025153000365(10)1096438", "brackets 18+2"},
		{"a strange character at the end may be what is left of more", di + "10AB\x01", di + "10AB\x01", ""},
		{"two kinds", di + "10A~21B|240C", di + "10A\x1d21B\x1d240C", "separator 19+5"},
		{"]C1 inside", with("]C1"), good, "separator 25+3"},
		{"%1D that is part of a value", di + "10A%1DZ", di + "10A%1DZ", ""},

		{"a separator in front", "\x1d" + good, good, "spare-separators 0+1"},
		{"behind the identifier", "]d2\x1d" + good, "]d2" + good, "spare-separators 3+1"},
		{"doubled", with("\x1d\x1d"), good, "spare-separators 26+1"},
		{"two at the end", good + "\x1d\x1d", good + "\x1d", "spare-separators 47+1"},

		{"} for ]", "}d2" + good, "]d2" + good, "identifier 0+1"},
		{"no ]", "d2" + good, "]d2" + good, "identifier 0+0"},
		{"shift and caps", "}D2" + strings.ToLower(good), "]d2" + good, "identifier 0+1 case 0+49"},
		{"caps lock", "]D2" + strings.ToLower(good), "]d2" + good, "case 0+49"},
		{"caps lock, Code 128", "]c1" + strings.ToLower(good), "]C1" + good, "case 0+49"},

		{"a reader that sends capitals", "]D2" + good, "]d2" + good, "identifier 0+3"},
		{"Code 128 of a reader that sends small identifiers", "]c1" + di + "10ABC", "]C1" + di + "10ABC", "identifier 0+3"},
		{"both kinds of letters: nobody can tell", "]D2" + di + "10ABc", "]D2" + di + "10ABc", ""},
		{"<CR><LF>", good + "<CR><LF>", good, "framing 0+54"},
		{"<STX> and <ETX>", "<STX>" + good + "{ETX}", good, "framing 0+56"},
		{"%0D%0A", good + "%0D%0A", good, "framing 0+52"},
		{"envelope of ISO/IEC 15434", "[)>\x1e05\x1d" + good + "\x1e\x04", good, "framing 0+55"},
		{"~1", "~1" + di + "10A~121B", di + "10A\x1d21B", "separator 0+23 spare-separators 0+1"},
		{"~1 that is a separator and AI 11", di + "10A~11260101", di + "10A\x1d11260101", "separator 19+1"},
		{"marked, and no check digit", "]C1~10109506000134352"[:3] + "10A~121B", "]C110A~121B", ""},
		{"of a spreadsheet", with("_x001D_"), good, "separator 25+7"},
		{"a GTIN in brackets", "(08717648200274)", "08717648200274", "brackets 0+16"},
		{"spaces between the fields", "(01) 08025153000365 (10) 1096438", "(01)08025153000365(10)1096438", "brackets 4+21"},
		{"square brackets", "[01]08025153000365[10]1096438", "(01)08025153000365(10)1096438", "brackets 0+22"},
		{"spaces between groups", "01 0802 5153 0003 65", "0108025153000365", "spaces 2+16"},
		{"percent-encoded", "%2801%2908025153000365", "(01)08025153000365", "percent 0+8"},
		{"scheme in mixed case", "Https://id.gs1.org/01/08025153000365", "https://id.gs1.org/01/08025153000365", "scheme 0+5"},
		{"words for AIs in a web address", "https://id.gs1.org/gtin/08025153000365/lot/A", "https://id.gs1.org/01/08025153000365/10/A", "scheme 18+24"},
		{"words for AIs and no scheme", "id.gs1.org/gtin/08025153000365/ser/A?17=290131", "https://id.gs1.org/01/08025153000365/21/A?17=290131", "scheme 0+0 scheme 10+24"},
		{"a word that is none", "https://id.gs1.org/gtim/08025153000365", "https://id.gs1.org/gtim/08025153000365", ""},
		{"no scheme", "id.gs1.org/01/08025153000365", "https://id.gs1.org/01/08025153000365", "scheme 0+0"},

		{"GS in letters and a space", with("GS "), good, "separator 25+3"},
		{"a word in strange brackets", with("[GS1]"), good, "separator 25+5"},
		{"its number", with("(29)"), good, "separator 25+4"},
		{"a space within a lot, or not: nobody can tell", di + "17220617101 10438", di + "17220617101 10438", ""},
		{"a space before what packs have", di + "17220617101096 21438", di + "17220617101096\x1d21438", "separator 30+1"},

		{"[ for ]", "[C1" + good, "]C1" + good, "identifier 0+1"},
		{"+ for ]", "+d2" + good, "]d2" + good, "identifier 0+1"},
		{"+ for ], and a word", "+d2" + with("<GS>"), "]d2" + good, "identifier 0+1 separator 28+4"},
		{"+ for ] on a keyboard where Y may be Z", "+d2" + di + "10ZY1", "+d2" + di + "10ZY1", ""},
		{"+ for ], and no check digit", "+d210ABC", "+d210ABC", ""},
		{"no ], capitals", "D2" + good, "]d2" + good, "identifier 0+0 identifier 0+3"},
		{"two things", "}d2" + with("|"), "]d2" + good, "identifier 0+1 separator 28+1"},

		{"sent twice", good + good, good, "repeated 46+46"},
		{"sent four times, with line ends", good + "\r\n" + good + "\r\n" + good + "\r\n" + good, good, "repeated 46+144"},
		{"sent twice, so that it reads as one value", di + "10A" + di + "10A", di + "10A", "repeated 19+19"},
		{"the same element twice", di + di, di + di, ""},
		{"sent twice, and no check digit", "10ABCDEFGH21ABCDEFGHIJKL" + "10ABCDEFGH21ABCDEFGHIJKL", "10ABCDEFGH21ABCDEFGHIJKL" + "10ABCDEFGH21ABCDEFGHIJKL", ""},

		{"wide characters", "\uff0801\uff09080251530003\uff16\uff15", "(01)08025153000365", "width 0+26"},
		{"an EAN-13 and an element string on lines of their own", "8025153000365\r\n17220617101096438", di + "\x1d17220617101096438", "lines 0+15"},
		{"the other way round", "17220617101096438\n8025153000365", "17220617101096438\x1d" + di, "lines 17+1"},
		{"fields and values apart", "01 08025153000365 10 1096438 21  AB", "(01)08025153000365(10)1096438(21)AB", "spaces 0+33"},
		{"curly brackets", "{01}08025153000365{10}1096438", "(01)08025153000365(10)1096438", "brackets 0+22"},
		{"the first bracket lost", "01)08025153000365(10)1096438", "(01)08025153000365(10)1096438", "brackets 0+0"},
		{"marks between the fields", "(01)08025153000365,(17)220617; (10)1096438", "(01)08025153000365(17)220617(10)1096438", "brackets 18+13"},
		{"separators between the fields", "(01)08025153000365\x1d(10)1096438", "(01)08025153000365(10)1096438", "brackets 18+1"},
		{"a comma that is the lot's", "(01)08025153000365(10)A,B", "(01)08025153000365(10)A,B", ""},
		{"a GTIN of 13 digits in the field", "(01)8025153000365(10)1096438", "(01)08025153000365(10)1096438", "brackets 0+4"},
		{"a GTIN of 13 digits, check digit wrong", "(01)8025153000366(10)1096438", "(01)8025153000366(10)1096438", ""},
		{"an identifier before brackets", "]C1(01)08025153000365(10)1096438", "(01)08025153000365(10)1096438", "brackets 0+3"},
		{"a word before brackets", "UDI: (01)08025153000365(10)1096438", "(01)08025153000365(10)1096438", "brackets 0+5"},
		{"envelope in words", "[)>{RS}05{GS}" + good + "{RS}{EOT}", good, "framing 0+68"},
		{"an envelope of another format", "[)>\x1e06\x1d9N110375286414", "[)>\x1e06\x1d9N110375286414", ""},

		{"HIBC, percent-encoded", "%2BA123BJC5D6E71G", "+A123BJC5D6E71G", "percent 0+3"},
		{"ISBT 128, percent-encoded", "%3D%2FA9997XYZ100T0479%3D%3E019031", "=/A9997XYZ100T0479=>019031", "percent 0+28"},
		{"a percent sign in front of something else", "%41BC", "%41BC", ""},
		{"HIBC on two lines", "+A123BJC5D6E71G\r\n+$$52001510X3GD", "+A123BJC5D6E71G+$$52001510X3GD", "lines 15+2"},
		{"HIBC sent twice", "+A123BJC5D6E71G+A123BJC5D6E71G", "+A123BJC5D6E71G", "repeated 15+15"},
		{"HIBC with } for ]", "}d1+A123BJC5D6E71G", "]d1+A123BJC5D6E71G", "identifier 0+1"},
		{"HIBC keeps small letters", "+a123bjc5d6e71g", "+a123bjc5d6e71g", ""},
		{"ISBT 128 with spaces", "=/A9997XYZ100T0479 =,000012", "=/A9997XYZ100T0479=,000012", "spaces 18+1"},
		{"ISBT 128 of a page's source", "=/A9997XYZ100T0479=&gt;019031&amp;,1000000000000XYZ123", "=/A9997XYZ100T0479=>019031&,1000000000000XYZ123", "percent 19+15"},
		{"ISBT 128 in small letters", "=/a9997xyz100t0479", "=/A9997XYZ100T0479", "case 0+18"},
		{"a set of blood bags, or small letters: nobody can tell", "=)yte123456a", "=)yte123456a", ""},

		{"words are left alone", "21 Jump street", "21 Jump street", ""},
		{"words with a bar", "10|ten", "10|ten", ""},
		{"a wrong check digit proves nothing", "0108025153000366 10A", "0108025153000366 10A", ""},
		{"rubbish in front", "X01" + good, "X01" + good, ""},
		{"HIBC keeps its space", "+A123BJCMD6E79++$$52001510X3+ \r\n", "+A123BJCMD6E79++$$52001510X3+ ", "framing 0+32"},
		{"ISBT 128", "=A99991712345600=,000012", "=A99991712345600=,000012", ""},
		{"a bare number is Parse's business", "08717648200274", "08717648200274", ""},
		{"a lost separator is not undone", with(""), with(""), ""},
		{"far too long", "01|" + strings.Repeat("9", maxCleaned), "01|" + strings.Repeat("9", maxCleaned), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := Clean(tt.in, Options{Now: testNow})
			var steps []string
			for _, s := range c.Steps {
				steps = append(steps, fmt.Sprintf("%s %d+%d", s.Code, s.Offset, s.Length))
			}
			if got := strings.Join(steps, " "); c.Text != tt.want || got != tt.steps {
				t.Errorf("%q: got %q, steps %q; want %q, %q", tt.in, c.Text, got, tt.want, tt.steps)
			}
			checkCleaned(t, tt.in, c, Options{Now: testNow})
		})
	}
}

// checkCleaned holds for every input.
func checkCleaned(t *testing.T, in string, c Cleaned, o Options) {
	t.Helper()
	if len(c.Steps) == 0 && c.Text != in {
		t.Errorf("%q became %q without a step", in, c.Text)
	}
	for _, s := range c.Steps {
		if s.Offset < 0 || s.Length < 0 || s.Offset+s.Length > len(in) || s.Code == "" || s.Message == "" || s.Detail == "" {
			t.Errorf("%q: step %+v", in, s)
		}
	}
	last := 0
	for i := range len(c.Text) + 1 {
		at := c.Origin(i)
		if at < last || at > len(in) {
			t.Fatalf("%q: byte %d of %q stood at %d, behind %d", in, i, c.Text, at, last)
		}
		last = at
	}
	if before := Parse(in, o); before.Valid() && len(c.Steps) > 0 && !slices.ContainsFunc(c.Steps, func(s Step) bool { return s.Code == StepFraming || s.Code == StepSeparator || s.Code == StepRepeated }) {
		t.Errorf("%q was right, and has %+v", in, c.Steps)
	}
}

func TestOriginsPointIntoTheInput(t *testing.T) {
	in := "\x02}d20108025153000365" + "10A<GS>21B\r\n"
	c := Clean(in, Options{Now: testNow})
	r := Parse(c.Text, Options{Now: testNow})
	for e := range r.Elements() {
		if start, n := c.Span(e.Offset, e.Length); in[start:start+n] != e.Value {
			t.Errorf("(%s)%s: %q stands at %d", e.AI, e.Value, in[start:start+n], start)
		}
	}
	if r.Len() != 3 || !r.Valid() {
		t.Errorf("%q: %v", c.Text, r.Err())
	}
	if start, n := c.Span(len(c.Text), 0); start > len(in) || n != 0 {
		t.Errorf("the end: %d+%d", start, n)
	}
}

func FuzzClean(f *testing.F) {
	for _, s := range []string{"", "}D20108025153000365", "01 0802 5153 0003 65", "%2801%2908025153000365", "<GS>0108025153000365", "Https://a/01/08025153000365",
		"(08717648200274)", "0108025153000365" + "10A~21B|240C", "\ufeff\x02+A\x03", "]d2\x1d\x1d01", "^]", "\\F\\F", "[01]08025153000365"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		o := Options{Now: testNow}
		checkCleaned(t, in, Clean(in, o), o)
	})
}

func FuzzReadings(f *testing.F) {
	for _, s := range []string{"", "01108573260055401721102910A1905221042920115956137", "]d210", "+0010030378123456789017130700103033262+3000017", "0108025153000365101096438_172206172155H02AE137", "10\x1d21"} {
		f.Add(s, int64(1770000000))
	}
	f.Fuzz(func(t *testing.T, in string, unix int64) {
		checkReadings(t, in, Options{Now: time.Unix(unix%4e9, 0)})
	})
}
