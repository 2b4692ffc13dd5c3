package gs1

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// A host may be an address of IPv6, in square brackets, without a zone.
func TestHostsOfDigitalLinks(t *testing.T) {
	for in, want := range map[string]bool{
		"https://[2001:db8::1]/01/12312312312333": true, "https://[2001:db8::1]:8443/01/12312312312333": true, "https://[fe80::1%25lo]/01/12312312312333": false,
		"https://192.0.2.1/01/12312312312333": true, "https://xn--fsq.example/01/12312312312333": true, "https://a_b/01/12312312312333": false,
	} {
		if got := Parse(in, Options{Now: testNow}).Valid(); got != want {
			t.Errorf("%s: valid %v", in, got)
		}
	}
}

func TestDigitalLink(t *testing.T) {
	const g = gtinA
	at := func(prefix string) int { return len(prefix) }
	issue := func(severity, code, ai, before, span string) string {
		return fmt.Sprintf("%s %s %s %d+%d", severity, code, ai, at(before), len(span))
	}
	hard := func(code, ai, before, span string) []string { return []string{issue("hard", code, ai, before, span)} }
	type test struct {
		name, input        string
		o                  Options
		elements, rejected string
		issues             []string
	}
	tests := []test{
		// What a URI is.
		{"key", "https://id.gs1.org/01/" + g, Options{}, "(01)" + g, "", nil},
		{"qualifiers and attributes", "https://id.gs1.org/01/" + g + "/22/2A/10/ABC/21/S1?17=290131&3103=000195", Options{Now: testNow}, "(01)" + g + "(22)2A(10)ABC(21)S1(17)290131(3103)000195", "", nil},
		{"any host, a port, any stem", "http://a:8080/some/stem/01/" + g, Options{}, "(01)" + g, "", nil},
		{"scheme in capitals", "HTTPS://A/01/" + g, Options{}, "(01)" + g, "", nil},
		{"scheme in mixed case is another form", "Https://a/01/" + g, Options{}, "", "", hard(CodeUnknownAI, "", "", "Http")},
		{"scheme in mixed case, asked for as a URI", "Https://a/01/" + g, Options{Form: FormDigitalLink}, "", "", hard(CodeURI, "", "", "Https://")},
		{"another scheme", "ftp://a/01/" + g, Options{Form: FormDigitalLink}, "", "", hard(CodeURI, "", "", "ftp://a/")},
		{"a scheme alone", "http://", Options{}, "", "", hard(CodeURI, "", "http://", "")},
		{"no host", "http:///01/" + g, Options{}, "", "", hard(CodeURI, "", "http://", "")},
		{"no path", "http://a", Options{}, "", "", hard(CodeURI, "", "http://", "a")},
		{"no path behind a query", "http://a?01=" + g, Options{}, "", "", hard(CodeURI, "", "http://a", "?")},
		{"character of no host", "https://a$b/01/" + g, Options{}, "", "", hard(CodeURI, "", "https://a", "$")},
		{"character of no URI", "https://a/01/" + g + "/10/A^B", Options{}, "", "", hard(CodeURI, "", "https://a/01/"+g+"/10/A", "^")},
		{"letter of no URI", "https://a/é/01/" + g, Options{}, "", "", hard(CodeURI, "", "https://a/", "é"[:1])},
		{"space", "https://a/01/" + g + " ", Options{}, "", "", hard(CodeURI, "", "https://a/01/"+g, " ")},
		{"separator", "https://a/01/" + g + "\x1d", Options{}, "", "", hard(CodeURI, "", "https://a/01/"+g, "\x1d")},

		// The key, from the end of the path backwards.
		{"no key", "https://example.com/info", Options{}, "", "", hard(CodeURI, "", "https://example.com", "/info")},
		{"root", "https://example.com/", Options{}, "", "", hard(CodeURI, "", "https://example.com", "/")},
		{"a pair that is no AI ends the search", "https://a/01/" + g + "/89/X", Options{}, "", "", hard(CodeURI, "", "https://a", "/01/"+g+"/89/X")},
		{"words for AIs are not read", "https://a/gtin/" + g, Options{}, "", "", hard(CodeURI, "", "https://a", "/gtin/"+g)},
		{"the stem may have pairs like AIs", "https://a/10/stem/99/x/01/" + g, Options{}, "(01)" + g, "", nil},
		{"the last key counts", "https://a/00/123456789012345675/01/" + g, Options{}, "(01)" + g, "", nil},
		{"empty segment", "https://a/01//" + g, Options{}, "", "", hard(CodeURI, "", "https://a", "/01//"+g)},
		{"key without value", "https://a/01/", Options{}, "", "", hard(CodeEmpty, "01", "https://a/01/", "")},
		{"qualifier without value", "https://a/01/" + g + "/10/", Options{}, "(01)" + g, "", hard(CodeEmpty, "10", "https://a/01/"+g+"/10/", "")},
		{"slash at the end", "https://a/01/" + g + "/", Options{}, "", "", hard(CodeURI, "", "https://a", "/01/"+g+"/")},
		{"wrong check digit", "https://a/01/" + gtinAX, Options{}, "", "(01)" + gtinAX, hard(CodeCheckDigit, "01", "https://a/01/"+gtinAX[:13], "3")},
		{"too short", "https://a/01/123", Options{}, "", "(01)123", hard(CodeTooShort, "01", "https://a/01/", "123")},
		{"too long", "https://a/01/" + g + ";x", Options{}, "", "(01)" + g + ";x", hard(CodeTooLong, "01", "https://a/01/", g+";x")},

		// Qualifiers.
		{"other sequence", "https://a/01/" + g + "/235/X", Options{}, "(01)" + g + "(235)X", "", nil},
		{"wrong order", "https://a/01/" + g + "/21/S/10/L", Options{}, "(01)" + g + "(21)S(10)L", "", hard(CodePathOrder, "01", "https://a", "/01/"+g+"/21/S/10/L")},
		{"two sequences mixed", "https://a/01/" + g + "/10/L/235/X", Options{}, "(01)" + g + "(10)L(235)X", "", hard(CodePathOrder, "01", "https://a", "/01/"+g+"/10/L/235/X")},
		{"attribute in the path", "https://a/01/" + g + "/99/X", Options{}, "(01)" + g + "(99)X", "", hard(CodePathOrder, "01", "https://a", "/01/"+g+"/99/X")},
		{"key without qualifiers", "https://a/00/123456789012345675/21/S", Options{}, "(00)123456789012345675(21)S", "", []string{
			issue("hard", CodePathOrder, "00", "https://a", "/00/123456789012345675/21/S"),
		}},
		{"location and its extension", "https://a/414/9506000134352/254/32a%2Fb", Options{}, "(414)9506000134352(254)32a/b", "", nil},
		{"patient", "https://a/8018/950600013435000011/8019/1", Options{}, "(8018)950600013435000011(8019)1", "", nil},

		// Attributes.
		{"qualifier in the query", "https://a/01/" + g + "?10=L", Options{}, "(01)" + g + "(10)L", "", hard(CodeQuery, "10", "https://a/01/"+g+"?10=", "L")},
		{"qualifier of another sequence in the query", "https://a/01/" + g + "/235/X?10=L", Options{}, "(01)" + g + "(235)X(10)L", "", nil},
		{"an AI that is no attribute", "https://a/01/" + g + "?254=L", Options{}, "(01)" + g + "(254)L", "", hard(CodeQuery, "254", "https://a/01/"+g+"?254=", "L")},
		{"empty parameters", "https://a/01/" + g + "?&&99=A&&98=B&", Options{}, "(01)" + g + "(99)A(98)B", "", nil},
		{"empty query", "https://a/01/" + g + "?", Options{}, "(01)" + g, "", nil},
		{"attribute without value", "https://a/01/" + g + "?99=", Options{}, "(01)" + g, "", hard(CodeEmpty, "99", "https://a/01/"+g+"?99=", "")},
		{"parameters that are no AI", "https://a/01/" + g + "?lang=en&99=A&all", Options{}, "(01)" + g + "(99)A", "", []string{
			issue("warning", CodeIgnored, "", "https://a/01/"+g+"?", "lang=en"),
			issue("warning", CodeIgnored, "", "https://a/01/"+g+"?lang=en&99=A&", "all"),
		}},
		{"parameter without name", "https://a/01/" + g + "?=A", Options{}, "(01)" + g, "", []string{issue("warning", CodeIgnored, "", "https://a/01/"+g+"?", "=A")}},
		{"AI without value sign", "https://a/01/" + g + "?99", Options{}, "(01)" + g, "", []string{issue("warning", CodeIgnored, "", "https://a/01/"+g+"?", "99")}},
		{"number that is no AI", "https://a/01/" + g + "?999=A", Options{}, "(01)" + g, "", hard(CodeUnknownAI, "", "https://a/01/"+g+"?", "999")},
		{"twice with one value", "https://a/01/" + g + "?99=A&99=A", Options{}, "(01)" + g + "(99)A(99)A", "", hard(CodeDuplicateAI, "99", "https://a/01/"+g+"?99=A&99=", "A")},
		{"key again in the query", "https://a/01/" + g + "?01=" + g, Options{}, "(01)" + g + "(01)" + g, "", hard(CodeDuplicateAI, "01", "https://a/01/"+g+"?01=", g)},
		{"path and query, twice", "https://a/01/" + g + "/10/A?10=A", Options{}, "(01)" + g + "(10)A(10)A", "", hard(CodeDuplicateAI, "10", "https://a/01/"+g+"/10/A?10=", "A")},
		{"another key as attribute", "https://a/8004/9520614141234567?01=" + g, Options{}, "(8004)9520614141234567(01)" + g, "", nil},
		{"associations hold", "https://a/01/" + g + "?37=5", Options{}, "(01)" + g + "(37)5", "", []string{
			issue("association", CodeExcludedAI, "01", "https://a/01/", g),
			issue("association", CodeRequiredAI, "37", "https://a/01/"+g+"?37=", "5"),
			issue("association", CodeRequiredAI, "37", "https://a/01/"+g+"?37=", "5"),
		}},
		{"day not given", "https://a/01/" + g + "?17=290200", Options{Now: testNow}, "(01)" + g + "(17)290200", "", []string{issue("warning", CodeDayNotGiven, "17", "https://a/01/"+g+"?17=2902", "00")}},
		{"day not given, escaped", "https://a/01/" + g + "?17=2902%300", Options{Now: testNow}, "(01)" + g + "(17)290200", "", []string{issue("warning", CodeDayNotGiven, "17", "https://a/01/"+g+"?17=", "2902%300")}},

		// Fragments.
		{"fragment behind the path", "https://a/01/" + g + "#top", Options{}, "(01)" + g, "", nil},
		{"fragment behind the query", "https://a/01/" + g + "?99=A#x?98=B", Options{}, "(01)" + g + "(99)A", "", nil},
		{"fragment before a question mark", "https://a/01/" + g + "#x?99=A", Options{}, "(01)" + g, "", nil},
		{"fragment in the host", "https://a#b/01/" + g, Options{}, "", "", hard(CodeURI, "", "https://a", "#")},

		// Escapes.
		{"escapes", "https://a/01/" + g + "/10/%2f%3F%25/21/%41%62?99=a%26b", Options{}, "(01)" + g + "(10)/?%(21)Ab(99)a&b", "", nil},
		{"plus in the path is a plus", "https://a/01/" + g + "/10/A+B", Options{}, "(01)" + g + "(10)A+B", "", nil},
		{"plus in the query is a space", "https://a/01/" + g + "?99=A+B", Options{}, "(01)" + g, "(99)A B", hard(CodeCharset, "99", "https://a/01/"+g+"?99=", "A+B")},
		{"escaped plus in the query", "https://a/01/" + g + "?99=A%2BB", Options{}, "(01)" + g + "(99)A+B", "", nil},
		{"escapes that are none", "https://a/01/" + g + "/10/A%ZZ%4", Options{}, "(01)" + g + "(10)A%ZZ%4", "", []string{"warning escape 10 31+6"}},
		{"a query that lost its mark", "https://a/01/" + g + "/10/AB&17=290131", Options{}, "(01)" + g + "(10)AB&17=290131", "", []string{"warning escape 10 31+12"}},
		{"escaped twice", "https://a/01/" + g + "/10/A%252FB", Options{}, "(01)" + g + "(10)A%2FB", "", []string{"warning escape 10 31+7"}},
		{"a lot with an ampersand", "https://a/01/" + g + "/10/A&B", Options{}, "(01)" + g + "(10)A&B", "", nil},
		{"null in the path", "https://a/01/" + g + "/10/A%00B", Options{}, "(01)" + g, "", hard(CodeCharset, "10", "https://a/01/"+g+"/10/", "A%00B")},
		{"null in the query", "https://a/01/" + g + "?99=%00", Options{}, "(01)" + g, "", hard(CodeCharset, "99", "https://a/01/"+g+"?99=", "%00")},
		{"an escaped AI is none", "https://a/%30%31/" + g, Options{}, "", "", hard(CodeURI, "", "https://a", "/%30%31/"+g)},
		{"an escaped GTIN", "https://a/01/%30" + g[1:], Options{}, "(01)" + g, "", nil},
		{"escaped wrong check digit", "https://a/01/%30" + gtinAX[1:], Options{}, "", "(01)" + gtinAX, hard(CodeCheckDigit, "01", "https://a/01/", "%30"+gtinAX[1:])},

		// Options.
		{"short GTIN", "https://a/01/9506000134352", Options{}, "", "(01)9506000134352", hard(CodeTooShort, "01", "https://a/01/", "9506000134352")},
		{"short GTIN wanted", "https://a/01/9506000134352", Options{ShortGTINs: true}, "(01)" + g, "", nil},
		{"GTIN-8 wanted", "https://a/01/95050003", Options{ShortGTINs: true}, "(01)00000095050003", "", nil},
		{"GTIN-12 wanted, in the query", "https://a/8004/9520614141234567?01=614141000036", Options{ShortGTINs: true}, "(8004)9520614141234567(01)00614141000036", "", nil},
		{"short GTIN wanted, wrong check digit", "https://a/01/9506000134353", Options{ShortGTINs: true}, "", "(01)" + gtinAX, hard(CodeCheckDigit, "01", "https://a/01/", "9506000134353")},
		{"eleven digits are no short GTIN", "https://a/01/95060001343", Options{ShortGTINs: true}, "", "(01)95060001343", hard(CodeTooShort, "01", "https://a/01/", "95060001343")},
		{"short GTIN elsewhere", "01" + "9506000134352", Options{ShortGTINs: true}, "", "(01)9506000134352", hard(CodeTooShort, "01", "01", "9506000134352")},
		{"unknown AI wanted", "https://a/01/" + g + "?89=A&88=%42C", Options{UnknownAIs: true}, "(01)" + g, "", []string{
			issue("hard", CodeUnknownAI, "", "https://a/01/"+g+"?", "89"),
			issue("hard", CodeUnknownAI, "", "https://a/01/"+g+"?89=A&", "88"),
		}},
		{"unknown AI of known length wanted", "https://a/01/" + g + "?3106=A&4290=%42%28C", Options{UnknownAIs: true}, "(01)" + g + "(3106)A", "", []string{
			issue("warning", CodeUnallocatedAI, "3106", "https://a/01/"+g+"?", "3106"),
			issue("hard", CodeUnknownAI, "", "https://a/01/"+g+"?3106=A&", "4290"),
		}},
		{"unknown AI with escapes wanted", "https://a/01/" + g + "?429=%42%28C", Options{UnknownAIs: true}, "(01)" + g + `(429)B\(C`, "", []string{issue("warning", CodeUnallocatedAI, "429", "https://a/01/"+g+"?", "429")}},
		{"unknown AI with a bad character", "https://a/01/" + g + "?429=A%7EB", Options{UnknownAIs: true}, "(01)" + g, "(429)A~B", hard(CodeCharset, "429", "https://a/01/"+g+"?429=", "A%7EB")},
		{"unknown AI twice", "https://a/01/" + g + "?429=A&429=A", Options{UnknownAIs: true}, "(01)" + g + "(429)A(429)A", "", []string{
			issue("warning", CodeUnallocatedAI, "429", "https://a/01/"+g+"?", "429"),
			issue("warning", CodeUnallocatedAI, "429", "https://a/01/"+g+"?429=A&", "429"),
			issue("hard", CodeDuplicateAI, "429", "https://a/01/"+g+"?429=A&429=", "A"),
		}},
		{"strict leaves the warnings", "https://a/01/" + g + "?lang=en&17=290200", Options{Strict: true, Now: testNow}, "(01)" + g + "(17)290200", "", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := Parse(tt.input, tt.o)
			checkResult(t, tt.input, r)
			if want := formOf(tt.input); tt.o.Form == 0 && r.Form != want || tt.o.Form != 0 && r.Form != tt.o.Form {
				t.Errorf("form %v", r.Form)
			}
			if got := r.HRI(); got != tt.elements {
				t.Errorf("elements %s, want %s", got, tt.elements)
			}
			if got := hri(r.Rejected()); got != tt.rejected {
				t.Errorf("rejected %s, want %s", got, tt.rejected)
			}
			if tt.issues == nil {
				tt.issues = []string{}
			}
			if got := codes(r); !reflect.DeepEqual(got, tt.issues) {
				t.Errorf("issues %q, want %q", got, tt.issues)
			}
		})
	}
}

func TestDigitalLinkBehindAnIdentifier(t *testing.T) {
	const input = "]d1https://a/01/" + gtinA + "/10/%41%42"
	r := Parse(input, Options{})
	if r.Form != FormDigitalLink || r.Symbology != "]d1" || r.HRI() != "(01)"+gtinA+"(10)AB" || len(r.Issues) != 0 {
		t.Errorf("%v %s %s %v", r.Form, r.Symbology, r.HRI(), codes(r))
	}
	var offsets [][2]int
	for e := range r.Elements() {
		offsets = append(offsets, [2]int{e.Offset, e.Length})
	}
	if want := [][2]int{{16, 14}, {34, 6}}; !reflect.DeepEqual(offsets, want) {
		t.Errorf("offsets %v, want %v", offsets, want)
	}
	// A carrier of element strings has no web address.
	if r := Parse("]d2https://a/01/"+gtinA, Options{}); r.Form != FormScanData || r.Valid() || !hasCode(r, CodeUnknownAI) {
		t.Errorf("in GS1 DataMatrix: %v %v", r.Form, codes(r))
	}
}

func TestDigitalLinkHasAtMost64AIs(t *testing.T) {
	var b strings.Builder
	b.WriteString("https://a/01/" + gtinA)
	mark := "?"
	for i := range 63 {
		fmt.Fprintf(&b, "%s%d=%06d", mark, 3100+10*(i%6)+i/6%6, i) // different AIs and, in the end, some twice
		mark = "&"
	}
	r := Parse(b.String(), Options{})
	if hasCode(r, CodeTooMany) || r.Len() != 64 {
		t.Errorf("64 AIs: %d elements, too many %v", r.Len(), hasCode(r, CodeTooMany))
	}
	r = Parse(b.String()+"&99=A", Options{})
	if !hasCode(r, CodeTooMany) || r.Len() != 64 || r.Valid() {
		t.Errorf("65 AIs: %d elements, too many %v", r.Len(), hasCode(r, CodeTooMany))
	}
	path := "https://a/01/" + gtinA + strings.Repeat("/10/A", 64)
	if r := Parse(path, Options{}); !hasCode(r, CodeTooMany) || r.Len() != 64 {
		t.Errorf("65 AIs in the path: %d elements, %v", r.Len(), codes(r))
	}
}

func TestDigitalLinkOutput(t *testing.T) {
	for _, tt := range []struct {
		name, input, want string
		err               error
	}{
		{"key", "(01)" + gtinA, "https://id.gs1.org/01/" + gtinA, nil},
		{"device", "]d201" + gtinA + "1729013110ABC123\x1d21SN987654", "https://id.gs1.org/01/" + gtinA + "/10/ABC123/21/SN987654?17=290131", nil},
		{"order of the elements does not count", "(21)S(10)L(22)V(01)" + gtinA, "https://id.gs1.org/01/" + gtinA + "/22/V/10/L/21/S", nil},
		{"attributes in the order of their AIs", "(01)" + gtinA + "(99)Z(3103)000195(17)290131(11)260101", "https://id.gs1.org/01/" + gtinA + "?11=260101&17=290131&3103=000195&99=Z", nil},
		{"all but unreserved characters are escaped", "(01)" + gtinA + "(10)/?%+&=_-.9aZ(99):;,", "https://id.gs1.org/01/" + gtinA + "/10/%2F%3F%25%2B%26%3D_-.9aZ?99=%3A%3B%2C", nil},
		{"two sequences, of which the shorter leaves a place for a lot", "(01)" + gtinA + "(235)X(10)L", "https://id.gs1.org/01/" + gtinA + "/235/X?10=L", nil},
		{"two sequences and no place for a variant", "(01)" + gtinA + "(235)X(10)L(22)V", "", ErrNoPlace},
		{"the first key", "(00)123456789012345675(02)" + gtinA + "(37)5", "https://id.gs1.org/00/123456789012345675?02=" + gtinA + "&37=5", nil},
		{"another key is an attribute", "(8004)9520614141234567(01)" + gtinA, "https://id.gs1.org/8004/9520614141234567?01=" + gtinA, nil},
		{"twice with one value", "(01)" + gtinA + "(10)A(01)" + gtinA, "https://id.gs1.org/01/" + gtinA + "/10/A", nil},
		{"twice with two values", "(01)" + gtinA + "(10)A(10)B", "", ErrTwoValues},
		{"no key", "(10)A", "", ErrNoKey},
		{"nothing", "", "", ErrNoKey},
		{"no attribute", "(00)123456789012345675(254)A", "", ErrNoPlace},
		{"URI", "http://a/x/01/" + gtinA + "/10/%41?lang=en&99=B#c", "https://id.gs1.org/01/" + gtinA + "/10/A?99=B", nil},
		{"bare GTIN", "]E09506000134352", "https://id.gs1.org/01/" + gtinA, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Parse(tt.input, Options{}).DigitalLink()
			if tt.err != nil {
				tt.want = ""
			}
			if got != tt.want || !errors.Is(err, tt.err) {
				t.Errorf("got %q, %v, want %q, %v", got, err, tt.want, tt.err)
			}
		})
	}
	if _, err := Parse("(01)"+gtinA+"(429)A", Options{UnknownAIs: true}).DigitalLink(); !errors.Is(err, ErrNoPlace) {
		t.Errorf("unknown AI: %v", err)
	}
}
