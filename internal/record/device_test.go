package record

import (
	"reflect"
	"testing"

	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// What an entry says of a device is what is recorded of it: no value is lost.
func TestEveryValueOfADeviceIsKept(t *testing.T) {
	var d udi.Device
	v := reflect.ValueOf(&d).Elem()
	for i := range v.NumField() {
		switch f := v.Field(i); f.Kind() {
		case reflect.String:
			f.SetString(v.Type().Field(i).Name)
		default:
			f.Set(reflect.ValueOf(udi.Date{Day: "2031-06-30", Precision: udi.PrecisionDay}))
		}
	}
	u := foldUsage([]trace.Entry{{Fact: trace.UsageFact{Usage: trace.UsageID{1}, Device: d}}})
	if u.Device != d {
		t.Errorf("%+v", u.Device)
	}
}
