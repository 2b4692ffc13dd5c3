package transport_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"implantrace/internal/transport"
)

var hosts = []string{"Theatre4.trust.example", "10.20.30.40", "2001:db8::4"}

// authority makes one in a folder of the test.
func authority(t *testing.T, now time.Time, names ...string) (dir string, a transport.Authority) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "tls")
	a, err := transport.Init(dir, names, now)
	if err != nil {
		t.Fatal(err)
	}
	return dir, a
}

func verify(c, ca *x509.Certificate, host string) error {
	roots := x509.NewCertPool()
	roots.AddCert(ca)
	_, err := c.Verify(x509.VerifyOptions{DNSName: host, Roots: roots})
	return err
}

func TestAnAuthorityVouchesForTheNodeAlone(t *testing.T) {
	for _, names := range [][]string{hosts, {"theatre4.trust.example"}, {"10.20.30.40"}} {
		dir, a := authority(t, time.Now(), names...)
		for _, h := range names {
			if err := verify(a.Server, a.CA, h); err != nil {
				t.Errorf("%v: %s: %v", names, h, err)
			}
		}
		// With the authority's key, somebody makes certificates for others.
		b, err := os.ReadFile(filepath.Join(dir, transport.AuthorityKeyFile))
		if err != nil {
			t.Fatal(err)
		}
		block, _ := pem.Decode(b)
		key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		for _, host := range []string{"bank.example", "trust.example", "xtheatre4.trust.example", "10.20.30.41", "2001:db8::5"} {
			f := &x509.Certificate{SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: host}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
			if ip := net.ParseIP(host); ip != nil {
				f.IPAddresses = []net.IP{ip}
			} else {
				f.DNSNames = []string{host}
			}
			own, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			der, err := x509.CreateCertificate(rand.Reader, f, a.CA, &own.PublicKey, key)
			if err != nil {
				t.Fatal(err)
			}
			c, err := x509.ParseCertificate(der)
			if err != nil {
				t.Fatal(err)
			}
			if err := verify(c, a.CA, host); err == nil {
				t.Errorf("the authority of %v vouches for %s", names, host)
			}
		}
	}
}

func TestKeysAreTheirOwnersAlone(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("files have other rights here")
	}
	dir, _ := authority(t, time.Now(), hosts...)
	for name, want := range map[string]fs.FileMode{"ca.key": 0o600, "server.key": 0o600, "ca.crt": 0o644, "server.crt": 0o644} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode() != want {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
	// A key that was shared with the node's group stays so when it is renewed.
	if err := os.Chmod(filepath.Join(dir, "server.key"), 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := transport.Renew(dir, time.Now()); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(filepath.Join(dir, "server.key")); err != nil || info.Mode() != 0o640 {
		t.Errorf("%v, %v", info, err)
	}
	if left, err := filepath.Glob(filepath.Join(dir, ".new-*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %q, %v", left, err)
	}
}

func TestNothingIsWrittenOver(t *testing.T) {
	dir, _ := authority(t, time.Now(), hosts...)
	if _, err := transport.Init(dir, hosts, time.Now()); err == nil || !strings.Contains(err.Error(), "is there already") {
		t.Error(err)
	}
	for _, bad := range []string{"", "a b", "*.trust.example", "https://a.example", "a.example:443", "-a.example", "a..example", "a\nb"} {
		if _, err := transport.Init(t.TempDir(), []string{bad}, time.Now()); err == nil {
			t.Errorf("%q is taken for a name", bad)
		}
	}
}

func load(t *testing.T, dir string, now func() time.Time) *transport.Certificate {
	t.Helper()
	c, err := transport.Load(filepath.Join(dir, transport.ServerFile), filepath.Join(dir, transport.ServerKeyFile), now)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// shown is the certificate that a server shows.
func shown(t *testing.T, c *transport.Certificate) *x509.Certificate {
	t.Helper()
	pair, err := c.Config().GetCertificate(&tls.ClientHelloInfo{})
	if err != nil {
		t.Fatal(err)
	}
	return pair.Leaf
}

func TestAChangedCertificateIsTakenUp(t *testing.T) {
	now := time.Now()
	dir, a := authority(t, now, hosts...)
	c := load(t, dir, func() time.Time { return now })
	if !shown(t, c).Equal(a.Server) {
		t.Fatal("another certificate is shown")
	}
	// One half alone is new: the old pair goes on, and it is said.
	cert, key := filepath.Join(dir, transport.ServerFile), filepath.Join(dir, transport.ServerKeyFile)
	oldKey, err := os.ReadFile(key)
	if err != nil {
		t.Fatal(err)
	}
	renewed, err := transport.Renew(dir, now)
	if err != nil {
		t.Fatal(err)
	}
	newKey, err := os.ReadFile(key)
	if err != nil {
		t.Fatal(err)
	}
	write := func(path string, b []byte, age time.Duration) {
		t.Helper()
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, now.Add(age), now.Add(age)); err != nil { // whatever the file system's clock resolves
			t.Fatal(err)
		}
	}
	write(key, oldKey, time.Second)
	now = now.Add(2 * time.Second)
	if !shown(t, c).Equal(a.Server) {
		t.Error("half a pair was taken up")
	}
	if w := strings.Join(c.Warnings(), "\n"); !strings.Contains(w, "cannot be used, and the one before it still is") {
		t.Errorf("%q", w)
	}
	write(key, newKey, 2*time.Second)
	if !shown(t, c).Equal(a.Server) {
		t.Error("the files are looked at more often than once a second")
	}
	now = now.Add(2 * time.Second)
	if !shown(t, c).Equal(renewed) || len(c.Warnings()) > 0 {
		t.Errorf("the new pair is not taken up: %q", c.Warnings())
	}
	// Files that go away change nothing.
	if err := os.Remove(cert); err != nil {
		t.Fatal(err)
	}
	now = now.Add(2 * time.Second)
	if !shown(t, c).Equal(renewed) || len(c.Warnings()) != 1 {
		t.Errorf("%q", c.Warnings())
	}
}

func TestTheEndOfACertificateIsSaid(t *testing.T) {
	made := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	now := made
	dir, a := authority(t, made, hosts...)
	c := load(t, dir, func() time.Time { return now })
	for _, step := range []struct {
		at   time.Time
		says string
	}{
		{made, ""},
		{made.AddDate(0, 0, 360), ""},
		{made.AddDate(0, 0, 370), "ends on 2027-04-02"},
		{made.AddDate(0, 0, 398), "ended on 2027-04-02"},
		{made.AddDate(0, 0, -1), "is this machine's clock right?"},
	} {
		now = step.at
		w := strings.Join(c.Warnings(), "\n")
		if step.says == "" && w != "" || !strings.Contains(w, step.says) {
			t.Errorf("%s: %q", step.at, w)
		}
	}
	// To renew never outlives the authority.
	late, err := transport.Renew(dir, a.CA.NotAfter.AddDate(0, 0, -10))
	if err != nil || !late.NotAfter.Equal(a.CA.NotAfter) {
		t.Errorf("%v, %v", late, err)
	}
	if _, err := transport.Renew(dir, a.CA.NotAfter.AddDate(0, 0, 1)); err == nil {
		t.Error("an authority that has ended renews")
	}
}

func TestNamesOfACertificate(t *testing.T) {
	dir, _ := authority(t, time.Now(), hosts...)
	c := load(t, dir, time.Now)
	for _, h := range []string{"theatre4.trust.example", "THEATRE4.TRUST.EXAMPLE", "10.20.30.40", "2001:db8::4"} {
		if !c.Names(h) {
			t.Errorf("%s is not its name", h)
		}
	}
	for _, h := range []string{"", "trust.example", "a.theatre4.trust.example", "10.20.30.41", "theatre4.trust.example.evil.example"} {
		if c.Names(h) {
			t.Errorf("%q is its name", h)
		}
	}
	if c.Host() != "theatre4.trust.example" {
		t.Error(c.Host())
	}
}

func TestFilesThatAreNoCertificate(t *testing.T) {
	dir, _ := authority(t, time.Now(), hosts...)
	at := func(name string) string { return filepath.Join(dir, name) }
	for _, pair := range [][2]string{{"none", "server.key"}, {"server.crt", "none"}, {"server.crt", "ca.key"}, {"server.key", "server.crt"}} {
		if _, err := transport.Load(at(pair[0]), at(pair[1]), time.Now); err == nil {
			t.Errorf("%v is a pair", pair)
		}
	}
	if _, err := transport.ReadCertificate(at("server.key")); err == nil {
		t.Error("a key was read as a certificate")
	}
	if err := os.Remove(at("ca.key")); err != nil {
		t.Fatal(err)
	}
	if _, err := transport.Renew(dir, time.Now()); err == nil || !strings.Contains(err.Error(), "takes the authority's key") {
		t.Error(err)
	}
}

func TestOneAddressLeavesRoomForOthers(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := transport.Bound(inner, transport.Bounds{All: 5, FromAddress: 3})
	defer l.Close()
	accepted := make(chan net.Conn, 100)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				close(accepted)
				return
			}
			accepted <- c
		}
	}()
	dial := func(from string) net.Conn {
		t.Helper()
		d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
		c, err := d.Dial("tcp", inner.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	// hungUp waits for the listener to close the connection.
	hungUp := func(c net.Conn) {
		t.Helper()
		if _, err := c.Read(make([]byte, 1)); err == nil {
			t.Error("it is still open")
		}
	}
	var first []net.Conn
	for range 3 {
		dial("127.0.0.1")
		first = append(first, <-accepted)
	}
	hungUp(dial("127.0.0.1"))
	for range 2 { // another address has room
		dial("127.0.0.2")
		<-accepted
	}
	hungUp(dial("127.0.0.3")) // there is none at all
	first[0].Close()
	first[0].Close() // counted once
	dial("127.0.0.3")
	<-accepted
	hungUp(dial("127.0.0.4"))
}

func TestNetworks(t *testing.T) {
	for address, want := range map[string]string{
		"10.1.2.3:80": "10.1.2.3/32", "[::ffff:10.1.2.3]:80": "10.1.2.3/32", "[2001:db8:1:2:3::4]:80": "2001:db8:1:2::/64", "[fe80::1%eth0]:80": "fe80::/64",
		"@": "invalid Prefix", "": "invalid Prefix",
	} {
		if got := transport.Network(address).String(); got != want {
			t.Errorf("%q: %s, want %s", address, got, want)
		}
	}
}
