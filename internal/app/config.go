package app

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/BurntSushi/toml"

	"implantrace/internal/delivery"
	"implantrace/internal/outward"
	"implantrace/internal/staff"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
	"implantrace/scanner"
)

// Config is what a node is told. The zero value of each field is a sensible
// default.
type Config struct {
	Data string // folder of the store; ./data
	Keys string // key file; the data folder's name with ".keys" behind it
	// KeysCommand prints what a key file holds, in place of the file. Without
	// either, the environment variable [KeysVariable] may hold it.
	KeysCommand string
	NewStore    bool   // make a store for keys that are there already
	CopyTo      string // folder of the second copy, on another disk or share; "": none
	// KeepYears is how long the identity of a patient with an implant is kept
	// after the procedure; 0: 30 years.
	KeepYears   int
	BackupTo    string        // folder of the scheduled backups; "": none
	BackupEvery time.Duration // 0: a day
	BackupKeep  int           // how many of them are kept; 0: 14
	// CompactAt is the hour of the site from which the store is compacted when
	// CompactFree percent of its file are free and nobody works: "03:30", or
	// "never".
	CompactAt   string
	CompactFree int    // 0: 30
	CopyNew     bool   // begin the second copy anew in a folder where it was before
	Listen      string // address; 127.0.0.1:8080
	// TLSCert and TLSKey are the PEM files by which the node speaks TLS; without
	// them it does not, and listens on loopback only.
	TLSCert, TLSKey string
	// WithoutTLS lets other machines reach a node that does not speak TLS, if it
	// is [InPlainWords].
	WithoutTLS string
	// Hosts are names by which browsers reach the node, beside those of this
	// machine and of the certificate: of a proxy before it, for instance.
	Hosts    []string
	SignOn   staff.SignOn // the trust's own directory; without an issuer there is none
	NoSignIn bool         // nobody is asked who they are; on loopback only
	// Practice: people learn here on a store of its own, which is marked for good. A
	// practice store is opened for nothing else, and no other for practice.
	Practice bool
	Name     string // what people call the node; the machine's name
	Zone     string // the site's time zone; Europe/London
	// Hospital and HospitalAddress stand on what patients are given. "": they do
	// not.
	Hospital, HospitalAddress string
	// KeepPictures keeps photographs of labels with their procedures, sealed;
	// without it a picture is read and forgotten.
	KeepPictures bool
	// WristbandDelimiter parts the fields in AIs 91 to 93 of wristbands; a comma.
	WristbandDelimiter string
	// Badge is a regular expression for the whole text of a local staff badge;
	// its first group is the code. "": badges have AI 8017.
	Badge    string
	Scanners []scanner.SerialConfig // handhelds that are named
	// FindScanners is [FindAuto] or [FindNone]; "": FindAuto.
	FindScanners string
	// ScannersIn is where the system's files about serial ports are; "": /.
	ScannersIn string
	// Checks are the levels and switches of the settings file; FromFile says that
	// there is one.
	Checks   []trace.CheckSettingFact
	FromFile bool
	// CheckpointTo are the folders and addresses outside this machine where
	// signed checkpoints go; CheckpointEvery is the time between two, five
	// minutes.
	CheckpointTo    []string
	CheckpointEvery time.Duration

	// Exports are the runs of exports that are made and brought at intervals.
	Exports []delivery.Schedule
	// Mappings is the folder of the mappings that runs may go by; "": mappings, in the
	// data folder.
	Mappings string

	// RequestsFromAddress and RequestsOfSession are how many are answered in a
	// second; 0: 400 and 100. Behind a proxy every request comes from its address.
	RequestsFromAddress, RequestsOfSession int

	keysFromEnvironment bool
}

// keepYears is how long records of implants are kept where nobody says otherwise.
const keepYears = 30

// ErrConfig means that a node was told something that makes no sense.
var ErrConfig = errors.New("a setting makes no sense")

// configError is an [ErrConfig] that says what.
type configError struct{ error }

func (configError) Is(target error) bool { return target == ErrConfig }

func (e configError) Unwrap() error { return e.error }

func configf(format string, args ...any) error { return configError{fmt.Errorf(format, args...)} }

// file is the TOML form.
type file struct {
	Data               string   `toml:"data"`
	Keys               string   `toml:"keys"`
	KeysCommand        string   `toml:"keys_command"`
	CopyTo             string   `toml:"copy_to"`
	BackupTo           string   `toml:"backup_to"`
	BackupEvery        string   `toml:"backup_every"`
	BackupKeep         int      `toml:"backup_keep"`
	CompactAt          string   `toml:"compact_at"`
	CompactFree        int      `toml:"compact_free"`
	KeepYears          int      `toml:"keep_identities_years"`
	Mappings           string   `toml:"mappings"`
	Listen             string   `toml:"listen"`
	TLSCert            string   `toml:"tls_cert"`
	TLSKey             string   `toml:"tls_key"`
	WithoutTLS         string   `toml:"without_tls"`
	Hosts              []string `toml:"hosts"`
	NoSignIn           bool     `toml:"no_sign_in"`
	FromAddress        int      `toml:"requests_from_address"`
	OfSession          int      `toml:"requests_of_session"`
	Name               string   `toml:"name"`
	Zone               string   `toml:"zone"`
	Hospital           string   `toml:"hospital"`
	HospitalAddress    string   `toml:"hospital_address"`
	KeepPictures       bool     `toml:"keep_pictures"`
	WristbandDelimiter string   `toml:"wristband_delimiter"`
	Badge              string   `toml:"badge"`
	CheckpointTo       []string `toml:"checkpoint_to"`
	CheckpointEvery    string   `toml:"checkpoint_every"`
	Scanners           string   `toml:"scanners"`
	Scanner            []struct {
		Name   string `toml:"name"`
		Device string `toml:"device"`
		Baud   int    `toml:"baud"`
		Parity string `toml:"parity"`
		Bits   int    `toml:"bits"`
		End    string `toml:"end"`
		Idle   string `toml:"idle"`
		Prefix string `toml:"prefix"`
		Suffix string `toml:"suffix"`
		Green  string `toml:"green"`
		Grey   string `toml:"grey"`
		Amber  string `toml:"amber"`
		Red    string `toml:"red"`
	} `toml:"scanner"`
	SignOn struct {
		Name             string `toml:"name"`
		Issuer           string `toml:"issuer"`
		ClientID         string `toml:"client_id"`
		ClientSecretFile string `toml:"client_secret_file"`
		Claim            string `toml:"claim"`
		Redirect         string `toml:"redirect"`
	} `toml:"sign_on"`
	Export []struct {
		Name      string `toml:"name"`
		Registry  string `toml:"registry"`
		Section   string `toml:"section"`
		Mapping   string `toml:"mapping"`
		GLN       string `toml:"gln"`
		Every     string `toml:"every"`
		Period    string `toml:"period"`
		Full      bool   `toml:"full"`
		To        string `toml:"to"`
		Method    string `toml:"method"`
		TokenFile string `toml:"token_file"`
		Accepted  bool   `toml:"accepted_when_delivered"`
	} `toml:"export"`
	Check []struct {
		Rule   string `toml:"rule"`
		Level  string `toml:"level"`
		Off    bool   `toml:"off"`
		Reason string `toml:"reason"`
		Who    string `toml:"who"`
	} `toml:"check"`
}

// ReadConfig reads a TOML file. A key that nobody knows is an error: it was
// meant to say something.
func ReadConfig(path string) (Config, error) {
	var f file
	meta, err := toml.DecodeFile(path, &f)
	var missing *fs.PathError
	switch {
	case errors.As(err, &missing):
		return Config{}, err // its path is in it
	case err != nil:
		return Config{}, configf("%s: %w", path, err)
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		return Config{}, configf("%s: there is no setting %q", path, unknown[0])
	}
	c := Config{Data: f.Data, Keys: f.Keys, KeysCommand: f.KeysCommand, CopyTo: f.CopyTo, BackupTo: f.BackupTo, BackupKeep: f.BackupKeep, CompactAt: f.CompactAt, CompactFree: f.CompactFree, KeepYears: f.KeepYears, Mappings: f.Mappings, Listen: f.Listen, NoSignIn: f.NoSignIn, Name: f.Name, Zone: f.Zone, Hospital: f.Hospital, HospitalAddress: f.HospitalAddress, KeepPictures: f.KeepPictures, WristbandDelimiter: f.WristbandDelimiter, Badge: f.Badge}
	c.TLSCert, c.TLSKey, c.WithoutTLS, c.Hosts = f.TLSCert, f.TLSKey, f.WithoutTLS, f.Hosts
	c.RequestsFromAddress, c.RequestsOfSession = f.FromAddress, f.OfSession
	c.CheckpointTo, c.FindScanners = f.CheckpointTo, f.Scanners
	if f.BackupEvery != "" {
		if c.BackupEvery, err = time.ParseDuration(f.BackupEvery); err != nil || c.BackupEvery <= 0 {
			return Config{}, configf("%s: backup_every %q is no time (such as 24h)", path, f.BackupEvery)
		}
	}
	if f.CheckpointEvery != "" {
		if c.CheckpointEvery, err = time.ParseDuration(f.CheckpointEvery); err != nil || c.CheckpointEvery <= 0 {
			return Config{}, configf("%s: checkpoint_every %q is no time (such as 5m or 1h)", path, f.CheckpointEvery)
		}
	}
	c.FromFile = true
	if on := f.SignOn; on.Issuer != "" || on.ClientID != "" {
		if c.SignOn, err = signOn(on.Issuer, on.ClientID, on.ClientSecretFile); err != nil {
			return Config{}, configf("%s: %w", path, err)
		}
		c.SignOn.Name, c.SignOn.Claim, c.SignOn.Redirect = on.Name, on.Claim, on.Redirect
		if on.Name == "" {
			c.SignOn.Name = "the trust's directory"
		}
	}
	for _, e := range f.Export {
		s := delivery.Schedule{Name: e.Name, Registry: e.Registry, Section: e.Section, Mapping: e.Mapping, GLN: e.GLN, Period: e.Period, Full: e.Full, To: e.To, Method: e.Method, TokenFile: e.TokenFile, Accepted: e.Accepted}
		if s.Every, err = time.ParseDuration(e.Every); err != nil {
			return Config{}, configf("%s: the export %q: every %q is no time (such as 24h or 168h)", path, e.Name, e.Every)
		}
		c.Exports = append(c.Exports, s)
	}
	for _, k := range f.Check {
		c.Checks = append(c.Checks, trace.CheckSettingFact{Rule: k.Rule, Level: trace.Level(k.Level), Off: k.Off, Reason: k.Reason, Who: k.Who})
	}
	for _, s := range f.Scanner {
		sc := scanner.SerialConfig{Name: s.Name, Device: s.Device, Baud: s.Baud, Parity: scanner.Parity(s.Parity), Bits: s.Bits, Terminator: scanner.Terminator(s.End),
			Prefix: s.Prefix, Suffix: s.Suffix, Signals: scanner.Signals{Green: s.Green, Grey: s.Grey, Amber: s.Amber, Red: s.Red}}
		if s.Parity == "none" {
			sc.Parity = scanner.ParityNone
		}
		if s.Idle != "" {
			if sc.Idle, err = time.ParseDuration(s.Idle); err != nil || sc.Terminator != scanner.EndIdle {
				return Config{}, configf("%s: the scanner %s: idle %q is a time (such as 200ms), and wants end = \"idle\"", path, s.Name, s.Idle)
			}
		}
		c.Scanners = append(c.Scanners, sc)
	}
	return c, nil
}

// signOn reads what says how the trust's own directory is asked.
func signOn(issuer, client, secretFile string) (staff.SignOn, error) {
	if _, err := outward.Address(issuer); err != nil {
		return staff.SignOn{}, fmt.Errorf("sign_on: issuer: %w", err)
	}
	if client == "" {
		return staff.SignOn{}, errors.New("sign_on wants a client_id")
	}
	s := staff.SignOn{Issuer: issuer, ClientID: client}
	if secretFile != "" {
		b, err := os.ReadFile(secretFile)
		if err != nil {
			return s, fmt.Errorf("sign_on: client_secret_file: %w", err)
		}
		s.ClientSecret = strings.TrimSpace(string(b))
	}
	return s, nil
}

// ParseScanner reads a handheld as the command line names it: DEVICE,
// DEVICE@BAUD, or NAME=DEVICE@BAUD.
func ParseScanner(s string) (scanner.SerialConfig, error) {
	var c scanner.SerialConfig
	// A device may have these characters in its own name: no name has a slash.
	if name, rest, ok := strings.Cut(s, "="); ok && !strings.ContainsAny(name, `/\`) {
		c.Name, s = name, rest
	}
	c.Device = s
	if i := strings.LastIndexByte(s, '@'); i >= 0 {
		baud, err := strconv.Atoi(s[i+1:])
		if err != nil || baud <= 0 {
			return c, fmt.Errorf("%q is no speed in baud", s[i+1:])
		}
		c.Device, c.Baud = s[:i], baud
	}
	if c.Device == "" {
		return c, errors.New("the scanner wants a device, such as /dev/ttyACM0")
	}
	return c, nil
}

func (c Config) withDefaults() (Config, error) {
	if c.Data == "" {
		c.Data = "data"
	}
	abs, err := filepath.Abs(c.Data)
	if err != nil {
		return c, err
	}
	c.Data = abs
	switch file := c.Keys != ""; {
	case file && c.KeysCommand != "":
		return c, configf("the keys come from a file or from a command, not from both")
	case !file && c.KeysCommand == "" && os.Getenv(KeysVariable) != "":
		c.keysFromEnvironment = true
	case !file && c.KeysCommand == "":
		c.Keys = c.Data + ".keys"
	}
	switch {
	case c.KeepYears < 0:
		return c, configf("identities cannot be kept for %d years", c.KeepYears)
	case c.KeepYears == 0:
		c.KeepYears = keepYears
	}
	switch {
	case c.BackupEvery < 0, c.BackupKeep < 0:
		return c, configf("backups cannot be made every %s, nor %d kept", c.BackupEvery, c.BackupKeep)
	case c.BackupEvery == 0:
		c.BackupEvery = backupEvery
	}
	if c.RequestsFromAddress < 0 || c.RequestsOfSession < 0 {
		return c, configf("a node that answers no requests is of no use")
	}
	if c.BackupKeep == 0 {
		c.BackupKeep = backupKeep
	}
	if c.CompactAt == "" {
		c.CompactAt = compactAt
	}
	if _, _, _, err := c.compactHour(); err != nil {
		return c, err
	}
	switch {
	case c.CompactFree < 0, c.CompactFree > 100:
		return c, configf("%d percent of a file are never free", c.CompactFree)
	case c.CompactFree == 0:
		c.CompactFree = compactFree
	}
	if c.Listen == "" {
		c.Listen = "127.0.0.1:8080"
	}
	switch c.FindScanners {
	case "":
		c.FindScanners = FindAuto
	case FindAuto, FindNone:
	default:
		return c, configf("scanners are looked for (%s) or not (%s), not %q", FindAuto, FindNone, c.FindScanners)
	}
	if c.CheckpointEvery == 0 {
		c.CheckpointEvery = 5 * time.Minute
	}
	if c.Zone == "" {
		c.Zone = "Europe/London"
	}
	if c.Name == "" {
		if c.Name, err = os.Hostname(); err != nil || c.Name == "" {
			c.Name = "node"
		}
	}
	return c, nil
}

func (c Config) location() (*time.Location, error) {
	zone, err := time.LoadLocation(c.Zone)
	if err != nil {
		return nil, configf("there is no time zone %q", c.Zone)
	}
	return zone, nil
}

// rules say how wristbands and badges are read.
func (c Config) rules() (udi.Rules, error) {
	r := udi.Rules{Delimiter: c.WristbandDelimiter}
	if c.Badge != "" {
		badge, err := regexp.Compile(c.Badge)
		if err != nil {
			return r, configf("the badge %q is no regular expression: %w", c.Badge, err)
		}
		r.Badge = badge
	}
	return r, nil
}
