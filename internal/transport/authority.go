package transport

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// The files of an authority's folder.
const (
	AuthorityFile    = "ca.crt"     // what browsers are told to trust
	AuthorityKeyFile = "ca.key"     // signs; is needed to renew only
	ServerFile       = "server.crt" // what the node shows
	ServerKeyFile    = "server.key"
)

const (
	authorityYears = 10
	serverDays     = 397 // some browsers refuse longer ones
	early          = time.Hour
)

// Authority is what [Init] made.
type Authority struct{ CA, Server *x509.Certificate }

// Init makes an authority and a certificate for a node in a folder. The authority
// can vouch for the given names and addresses and for nothing else (RFC 5280
// section 4.2.1.10), so that a browser that trusts it trusts it for this node
// alone, whoever should come by its key. Files that are there are not written over.
func Init(dir string, hosts []string, now time.Time) (Authority, error) {
	var a Authority
	dns, ips, err := sorted(hosts)
	if err != nil {
		return a, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return a, err
	}
	for _, name := range []string{AuthorityFile, AuthorityKeyFile, ServerFile, ServerKeyFile} {
		if _, err := os.Lstat(filepath.Join(dir, name)); err == nil {
			return a, fmt.Errorf("%s is there already: implantrace tls renew makes a new certificate from it, and another --out a new authority", filepath.Join(dir, name))
		}
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return a, err
	}
	t := &x509.Certificate{
		Subject:   pkix.Name{CommonName: "implantrace authority of " + hosts[0] + ", " + now.Format(time.DateOnly)},
		NotBefore: now.Add(-early), NotAfter: now.AddDate(authorityYears, 0, 0),
		IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		PermittedDNSDomainsCritical: true, PermittedDNSDomains: dns,
	}
	for _, ip := range ips {
		bits := 8 * len(ip)
		t.PermittedIPRanges = append(t.PermittedIPRanges, &net.IPNet{IP: ip, Mask: net.CIDRMask(bits, bits)})
	}
	// A kind of name of which none is permitted is not constrained, and has to be
	// excluded whole.
	if len(dns) == 0 {
		t.ExcludedDNSDomains = []string{""}
	}
	if len(ips) == 0 {
		t.ExcludedIPRanges = []*net.IPNet{{IP: net.IPv4zero.To4(), Mask: net.CIDRMask(0, 32)}, {IP: net.IPv6zero, Mask: net.CIDRMask(0, 128)}}
	}
	if a.CA, err = sign(t, nil, key, key); err != nil {
		return a, err
	}
	if err := errors.Join(writeKey(filepath.Join(dir, AuthorityKeyFile), key), writeCertificate(filepath.Join(dir, AuthorityFile), a.CA)); err != nil {
		return a, err
	}
	a.Server, err = issue(dir, a.CA, key, dns, ips, now)
	return a, err
}

// Renew makes a new key and certificate for the node in the folder of an
// authority, for the names of the one that is there. A node that serves takes it up
// by itself.
func Renew(dir string, now time.Time) (*x509.Certificate, error) {
	ca, err := ReadCertificate(filepath.Join(dir, AuthorityFile))
	if err != nil {
		return nil, err
	}
	old, err := ReadCertificate(filepath.Join(dir, ServerFile))
	if err != nil {
		return nil, err
	}
	b, err := os.ReadFile(filepath.Join(dir, AuthorityKeyFile))
	if err != nil {
		return nil, fmt.Errorf("to renew takes the authority's key: %w", err)
	}
	block, _ := pem.Decode(b)
	if block == nil {
		return nil, fmt.Errorf("%s holds no key", filepath.Join(dir, AuthorityKeyFile))
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(dir, AuthorityKeyFile), err)
	}
	key, ok := parsed.(*ecdsa.PrivateKey)
	if !ok || !key.PublicKey.Equal(ca.PublicKey) {
		return nil, fmt.Errorf("%s is not the key of %s", AuthorityKeyFile, AuthorityFile)
	}
	return issue(dir, ca, key, old.DNSNames, old.IPAddresses, now)
}

// issue makes the node's key and certificate in place of those that are there.
func issue(dir string, ca *x509.Certificate, caKey *ecdsa.PrivateKey, dns []string, ips []net.IP, now time.Time) (*x509.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	end := now.AddDate(0, 0, serverDays)
	if end.After(ca.NotAfter) {
		end = ca.NotAfter
	}
	if !end.After(now) {
		return nil, fmt.Errorf("the authority itself ended on %s: make a new one", ca.NotAfter.Format(time.DateOnly))
	}
	t := &x509.Certificate{
		NotBefore: now.Add(-early), NotAfter: end, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, BasicConstraintsValid: true, DNSNames: dns, IPAddresses: ips,
	}
	t.Subject.CommonName = "implantrace node"
	cert, err := sign(t, ca, key, caKey)
	if err != nil {
		return nil, err
	}
	// The key first: a pair of which only one half is new is not taken up.
	return cert, errors.Join(writeKey(filepath.Join(dir, ServerKeyFile), key), writeCertificate(filepath.Join(dir, ServerFile), cert))
}

func sign(t, by *x509.Certificate, key, byKey *ecdsa.PrivateKey) (*x509.Certificate, error) {
	if by == nil {
		by = t
	}
	var err error
	if t.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127)); err != nil {
		return nil, err
	}
	der, err := x509.CreateCertificate(rand.Reader, t, by, &key.PublicKey, byKey)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

// label is a part of a machine's name (RFC 1123).
var label = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$`)

// sorted parts names from addresses.
func sorted(hosts []string) (dns []string, ips []net.IP, err error) {
	if len(hosts) == 0 {
		return nil, nil, errors.New("a certificate is made for at least one name")
	}
	for _, h := range hosts {
		if ip := net.ParseIP(h); ip != nil {
			if four := ip.To4(); four != nil {
				ip = four
			}
			ips = append(ips, ip)
			continue
		}
		for part := range strings.SplitSeq(h, ".") {
			if !label.MatchString(part) {
				return nil, nil, fmt.Errorf("%q is no name or address of a machine", h)
			}
		}
		dns = append(dns, strings.ToLower(h))
	}
	return dns, ips, nil
}

// ReadCertificate reads the first certificate of a PEM file.
func ReadCertificate(path string) (*x509.Certificate, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(b)
	if block == nil || block.Type != "CERTIFICATE" {
		return nil, fmt.Errorf("%s holds no certificate", path)
	}
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

func writeCertificate(path string, c *x509.Certificate) error {
	return replace(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}), 0o644)
}

func writeKey(path string, key *ecdsa.PrivateKey) error {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	return replace(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600)
}

// replace writes a file beside the old one and puts it in its place, with the
// group and mode of the old one.
func replace(path string, content []byte, mode os.FileMode) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // nothing, once it has its place
	if old, serr := os.Stat(path); serr == nil {
		mode = old.Mode().Perm()
		err = keepGroup(f, old)
	}
	_, werr := f.Write(content)
	if err = errors.Join(err, werr, f.Chmod(mode), f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

func names(c *x509.Certificate) string {
	all := append([]string{}, c.DNSNames...)
	for _, ip := range c.IPAddresses {
		all = append(all, ip.String())
	}
	return strings.Join(all, ", ")
}

func fingerprint(c *x509.Certificate) string {
	sum := sha256.Sum256(c.Raw)
	parts := make([]string, len(sum))
	for i, b := range sum {
		parts[i] = fmt.Sprintf("%02X", b)
	}
	return strings.Join(parts, ":")
}
