package transport

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"
)

// Certificate is a certificate and its key in two files, read again when either
// changes. While the two do not belong together, as in the middle of being
// replaced, the pair before them goes on. It is safe for concurrent use.
type Certificate struct {
	certFile, keyFile string
	now               func() time.Time

	mu     sync.Mutex
	pair   *tls.Certificate
	cert   stamp // of the files as they were last tried
	key    stamp
	looked time.Time
	fault  error // why the files as they are now are not used
}

// stamp tells one state of a file from another.
type stamp struct {
	size int64
	at   time.Time
}

// lookEvery is as often as the files are looked at.
const lookEvery = time.Second

// Load reads a certificate, with those that lead to its authority behind it, and
// its key: PEM files both.
func Load(certFile, keyFile string, now func() time.Time) (*Certificate, error) {
	c := &Certificate{certFile: certFile, keyFile: keyFile, now: now}
	c.cert, c.key = stampOf(certFile), stampOf(keyFile)
	c.looked = now()
	var err error
	c.pair, err = c.read()
	return c, err
}

func (c *Certificate) read() (*tls.Certificate, error) {
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return nil, fmt.Errorf("the certificate in %s and its key in %s: %w", c.certFile, c.keyFile, err)
	}
	return &pair, nil
}

func stampOf(path string) stamp {
	info, err := os.Stat(path)
	if err != nil {
		return stamp{}
	}
	return stamp{info.Size(), info.ModTime()}
}

// current is the pair in use, after a look at the files.
func (c *Certificate) current() (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	if since := now.Sub(c.looked); since >= 0 && since < lookEvery {
		return c.pair, c.fault
	}
	c.looked = now
	cert, key := stampOf(c.certFile), stampOf(c.keyFile)
	if cert == c.cert && key == c.key {
		return c.pair, c.fault
	}
	pair, err := c.read()
	if c.fault = err; err == nil {
		c.pair = pair
	}
	c.cert, c.key = cert, key
	return c.pair, c.fault
}

// Config is what a TLS server is to be given: TLS 1.2 and newer, with the ciphers
// that Go's standard library holds good.
func (c *Certificate) Config() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		NextProtos: []string{"h2", "http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			pair, _ := c.current() // a fault is said by Warnings
			return pair, nil
		},
	}
}

// Names reports whether the certificate was issued for a host, by name or address.
func (c *Certificate) Names(host string) bool {
	pair, _ := c.current()
	return pair.Leaf.VerifyHostname(host) == nil
}

// Host is the first name, or else the first address, that the certificate was
// issued for.
func (c *Certificate) Host() string {
	pair, _ := c.current()
	switch leaf := pair.Leaf; {
	case len(leaf.DNSNames) > 0:
		return leaf.DNSNames[0]
	case len(leaf.IPAddresses) > 0:
		return leaf.IPAddresses[0].String()
	}
	return ""
}

// soon is how long before its end a certificate is warned of.
const soon = 30 * 24 * time.Hour

// Warnings say what somebody should see to.
func (c *Certificate) Warnings() (all []string) {
	pair, fault := c.current()
	if fault != nil {
		all = append(all, fmt.Sprintf("the new TLS certificate cannot be used, and the one before it still is: %v", fault))
	}
	now := c.now()
	switch end := pair.Leaf.NotAfter; {
	case now.After(end):
		all = append(all, fmt.Sprintf("the TLS certificate ended on %s: browsers refuse it (implantrace tls renew, or a new one from the trust)", end.Format(time.DateOnly)))
	case now.Add(soon).After(end):
		all = append(all, fmt.Sprintf("the TLS certificate ends on %s (implantrace tls renew, or a new one from the trust)", end.Format(time.DateOnly)))
	}
	if now.Before(pair.Leaf.NotBefore) {
		all = append(all, fmt.Sprintf("the TLS certificate holds from %s on: is this machine's clock right?", pair.Leaf.NotBefore.Format(time.RFC3339)))
	}
	if info, err := os.Stat(c.keyFile); err == nil && info.Mode().Perm()&fs.FileMode(0o007) != 0 && exposable {
		all = append(all, fmt.Sprintf("everybody on this machine can read the key of the TLS certificate: chmod o= %s", c.keyFile))
	}
	return all
}

// Describe says in lines what a certificate is, for people.
func Describe(c *x509.Certificate) []string {
	return []string{
		"for        " + names(c),
		"by         " + c.Issuer.CommonName,
		"holds      " + c.NotBefore.Format(time.DateOnly) + " to " + c.NotAfter.Format(time.DateOnly),
		"SHA-256    " + fingerprint(c),
	}
}
