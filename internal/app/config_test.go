package app_test

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"implantrace/internal/app"
	"implantrace/internal/bolt"
	"implantrace/internal/seal"
	"implantrace/internal/trace"
	"implantrace/scanner"
)

func TestReadConfig(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want app.Config
		err  string // part of it
	}{
		"empty":   {"", app.Config{FromFile: true}, ""},
		"a check": {"[[check]]\nrule = \"mri\"\nlevel = \"warn\"\nreason = \"R\"\nwho = \"W\"", app.Config{FromFile: true, Checks: []trace.CheckSettingFact{{Rule: "mri", Level: trace.Warn, Reason: "R", Who: "W"}}}, ""},
		"whole": {`
data = "/srv/implantrace"
keys = "/safe/keys"
listen = "127.0.0.1:9000"
name = "Theatre 4"
zone = "Europe/London"
[[scanner]]
name = "desk"
device = "/dev/serial/by-id/usb-Honeywell-if00"
baud = 115200
[[scanner]]
device = "COM3"
`, app.Config{FromFile: true, Data: "/srv/implantrace", Keys: "/safe/keys", Listen: "127.0.0.1:9000", Name: "Theatre 4", Zone: "Europe/London",
			Scanners: []scanner.SerialConfig{{Name: "desk", Device: "/dev/serial/by-id/usb-Honeywell-if00", Baud: 115200}, {Device: "COM3"}}}, ""},
		"how a handheld's line is read, and what is sent back": {`
[[scanner]]
device = "COM3"
parity = "even"
bits = 7
end = "idle"
idle = "300ms"
prefix = "#"
suffix = "$"
green = "\u0006"
red = "\u0015\u0015"
`, app.Config{FromFile: true, Scanners: []scanner.SerialConfig{{Device: "COM3", Parity: scanner.ParityEven, Bits: 7, Terminator: scanner.EndIdle, Idle: 300 * time.Millisecond,
			Prefix: "#", Suffix: "$", Signals: scanner.Signals{Green: "\x06", Red: "\x15\x15"}}}}, ""},
		"a time of silence that ends nothing": {"[[scanner]]\ndevice = \"COM3\"\nidle = \"300ms\"", app.Config{}, "idle"},
		"a setting nobody knows":              {`listne = "127.0.0.1:9000"`, app.Config{}, `no setting "listne"`},
		"one within a scanner":                {"[[scanner]]\ndevise = \"COM3\"", app.Config{}, `no setting "scanner.devise"`},
		"not TOML":                            {`data: /srv`, app.Config{}, "config.toml"},
		"another type":                        {`data = 5`, app.Config{}, "data"},
		"said twice":                          {"data = \"a\"\ndata = \"b\"", app.Config{}, "data"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "config.toml")
			if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := app.ReadConfig(path)
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) || !strings.Contains(err.Error(), path) {
					t.Errorf("%v", err)
				}
				return
			}
			if err != nil || !reflect.DeepEqual(got, c.want) {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
	if _, err := app.ReadConfig(filepath.Join(t.TempDir(), "none.toml")); err == nil {
		t.Error("a file that is not there was read")
	}
}

func TestParseScanner(t *testing.T) {
	for text, want := range map[string]scanner.SerialConfig{
		"/dev/ttyACM0":                   {Device: "/dev/ttyACM0"},
		"/dev/ttyACM0@9600":              {Device: "/dev/ttyACM0", Baud: 9600},
		"desk=/dev/ttyACM0@115200":       {Name: "desk", Device: "/dev/ttyACM0", Baud: 115200},
		"desk=COM3":                      {Name: "desk", Device: "COM3"},
		"=COM3":                          {Device: "COM3"},
		"/dev/serial/by-id/usb-A=B-if00": {Device: "/dev/serial/by-id/usb-A=B-if00"},
		"desk=/dev/serial/by-id/usb-A=B-if00@9600": {Name: "desk", Device: "/dev/serial/by-id/usb-A=B-if00", Baud: 9600},
		`desk=\\.\COM12`:                            {Name: "desk", Device: `\\.\COM12`},
		"/dev/serial/by-id/usb-A@B-if00@9600":       {Device: "/dev/serial/by-id/usb-A@B-if00", Baud: 9600},
		"theatre four=/dev/serial/by-path/pci:1-if": {Name: "theatre four", Device: "/dev/serial/by-path/pci:1-if"},
	} {
		if got, err := app.ParseScanner(text); err != nil || got != want {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "desk=", "@9600", "desk=@9600", "/dev/ttyACM0@", "/dev/ttyACM0@fast", "/dev/ttyACM0@-9600", "/dev/ttyACM0@0", "/dev/ttyACM0@9600.5"} {
		if got, err := app.ParseScanner(text); err == nil {
			t.Errorf("%q was taken for %+v", text, got)
		}
	}
}

// Without a certificate nobody else may reach the node, unless somebody asks for
// that in plain words. A refused address leaves no store behind.
func TestOnlyLoopbackIsServedWithoutTLS(t *testing.T) {
	for _, address := range []string{"0.0.0.0:8080", ":8080", "[::]:8080", "192.168.1.1:8080", "example.com:80", "localhost.example.com:80", "127.0.0.1.example.com:80",
		"127.0.0.1", "localhost", "8080", "[fe80::1]:8080", "[::ffff:192.168.1.1]:80", "0:8080"} {
		data := filepath.Join(t.TempDir(), "data")
		n, err := app.Open(t.Context(), app.Config{Data: data, Listen: address}, "test", slog.New(slog.DiscardHandler), nil)
		if err == nil {
			n.Close()
			t.Errorf("%s would be served", address)
			continue
		}
		if !strings.Contains(err.Error(), "there is no certificate") && !strings.Contains(err.Error(), "is no address") {
			t.Errorf("%s: %v", address, err)
		}
		for _, path := range []string{data, data + ".keys"} {
			if _, err := os.Stat(path); err == nil {
				t.Errorf("%s: %s was made", address, path)
			}
		}
	}
	for _, c := range []app.Config{{WithoutTLS: "yes"}, {WithoutTLS: "true"}, {TLSCert: "a.crt"}, {TLSKey: "a.key"}, {TLSCert: "a.crt", TLSKey: "a.key", WithoutTLS: app.InPlainWords}, {TLSCert: "none.crt", TLSKey: "none.key"},
		{NoSignIn: true, WithoutTLS: app.InPlainWords}, {NoSignIn: true, TLSCert: "a.crt", TLSKey: "a.key"}, {Hosts: []string{"https://a.example"}}, {Hosts: []string{"*.example"}}, {Hosts: []string{""}}} {
		c.Data, c.Listen = filepath.Join(t.TempDir(), "data"), "0.0.0.0:0"
		if err := openErr(t, c); !errors.Is(err, app.ErrConfig) {
			t.Errorf("%+v: %v", c, err)
		}
		if _, err := os.Stat(c.Data); err == nil {
			t.Errorf("%+v: a store was made", c)
		}
	}
	n, err := app.Open(t.Context(), app.Config{Data: filepath.Join(t.TempDir(), "data"), Listen: "0.0.0.0:0", WithoutTLS: app.InPlainWords}, "test", slog.New(slog.DiscardHandler), nil)
	if err != nil {
		t.Fatal(err)
	}
	if w := strings.Join(n.Warnings(t.Context()), "\n"); !strings.Contains(w, app.InPlainWords) {
		t.Errorf("it is not warned of: %s", w)
	}
	n.Close()
	for _, address := range []string{"127.0.0.1:0", "localhost:0", "[::1]:0", "127.9.9.9:0", "[::ffff:127.0.0.1]:0"} {
		n, err := app.Open(t.Context(), app.Config{Data: filepath.Join(t.TempDir(), "data"), Listen: address}, "test", slog.New(slog.DiscardHandler), nil)
		if err != nil {
			t.Errorf("%s: %v", address, err)
			continue
		}
		n.Close()
	}
}

func openErr(t *testing.T, c app.Config) error {
	t.Helper()
	n, err := app.Open(t.Context(), c, "test", slog.New(slog.DiscardHandler), nil)
	if err == nil {
		n.Close()
		t.Fatal("it opens")
	}
	return err
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	n, err := app.Open(t.Context(), app.Config{Data: data}, "test", slog.New(slog.DiscardHandler), nil)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(data + ".keys"); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key file: %v, %v", info, err)
	}
	if n.Config.Zone != "Europe/London" || n.Config.Name == "" || n.Config.Listen != "127.0.0.1:8080" || !filepath.IsAbs(n.Config.Data) {
		t.Errorf("%+v", n.Config)
	}
	// Within one process too.
	if err := openErr(t, app.Config{Data: data}); !strings.Contains(err.Error(), "another implantrace has the store in "+data+" open") {
		t.Error(err)
	}
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}

	keys := data + ".keys"
	if err := os.Rename(keys, keys+".gone"); err != nil {
		t.Fatal(err)
	}
	for range 2 { // no other keys are made in their place
		err := openErr(t, app.Config{Data: data}).Error()
		for _, part := range []string{"the keys of the store in " + data + " are missing", keys, "Put the copy of that file back", "--keys"} {
			if !strings.Contains(err, part) {
				t.Errorf("missing keys: %s", err)
			}
		}
	}
	other := filepath.Join(t.TempDir(), "other.keys")
	if err := seal.NewKeyring().Save(other); err != nil {
		t.Fatal(err)
	}
	if err := openErr(t, app.Config{Data: data, Keys: other}); !strings.Contains(err.Error(), other+" holds the keys of another store") {
		t.Error(err)
	}
	if err := os.WriteFile(other, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	openErr(t, app.Config{Data: data, Keys: other})
	if err := openErr(t, app.Config{Data: data, Keys: keys + ".gone", Zone: "Europe/Camelot"}); !strings.Contains(err.Error(), "Europe/Camelot") {
		t.Error(err)
	}
	// A scanner that cannot be is said, and the store is closed again.
	bad := app.Config{Data: data, Keys: keys + ".gone", Scanners: []scanner.SerialConfig{{Device: "/dev/null", Baud: 7}}}
	if scanner.SerialSupported {
		if err := openErr(t, bad); !strings.Contains(err.Error(), "/dev/null") {
			t.Error(err)
		}
	}
	n, err = app.Open(t.Context(), app.Config{Data: data, Keys: keys + ".gone"}, "test", slog.New(slog.DiscardHandler), nil)
	if err != nil {
		t.Fatalf("with its keys back: %v", err)
	}
	n.Close()

	// A store that lost its content does not begin again.
	if err := os.Truncate(filepath.Join(data, bolt.FileName), 0); err != nil {
		t.Fatal(err)
	}
	openErr(t, app.Config{Data: data, Keys: keys + ".gone"})
}
