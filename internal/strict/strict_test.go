package strict_test

import (
	"errors"
	"testing"

	"implantrace/internal/strict"
)

func TestFieldsFindsWhatEncodingJSONPassesOver(t *testing.T) {
	for in, want := range map[string]strict.Fault{
		`{"di":"1","lots":["a","a"],"of":{"di":"2"}}`: 0,
		`["a",{"a":1},{"a":2}]`:                       0,
		`{"di":"1","di":"2"}`:                         strict.Twice,
		`{"of":[{"a":1,"b":{},"a":2}]}`:               strict.Twice,
		`{"DI":"1"}`:                                  strict.Unknown,
		`{"":1}`:                                      strict.Unknown,
		`{"lot":null}`:                                strict.Null,
		`{"lot":["a",null]}`:                          strict.Null,
	} {
		err := strict.Fields([]byte(in), nil)
		var e *strict.Error
		if errors.As(err, &e); want == 0 && err != nil || want != 0 && (e == nil || e.Fault != want || e.Offset == 0 || e.Error() == "") {
			t.Errorf("%s: %v, want fault %d", in, err, want)
		}
	}
}

func TestFieldsShowsEveryTextThatIsAValue(t *testing.T) {
	var seen []string
	end := errors.New("end")
	err := strict.Fields([]byte(`{"a":"x","b":["y",{"c":"z"}],"d":"last"}`), func(s string) error {
		if seen = append(seen, s); s == "z" {
			return end
		}
		return nil
	})
	if !errors.Is(err, end) || len(seen) != 3 {
		t.Errorf("%v, %v", seen, err)
	}
}
