package server

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// certify writes a certificate of its own making with a serial number, as old
// as it is said to be, and gives what trusts it.
func certify(t *testing.T, c Config, serial int64, at time.Time) *x509.CertPool {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	made := x509.Certificate{
		SerialNumber: big.NewInt(serial), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	raw, err := x509.CreateCertificate(rand.Reader, &made, &made, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for path, block := range map[string]*pem.Block{
		c.TLSCert: {Type: "CERTIFICATE", Bytes: raw}, c.TLSKey: {Type: "PRIVATE KEY", Bytes: secret},
	} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw})) {
		t.Fatal("the certificate cannot be trusted")
	}
	return pool
}

// TestOwnCertificate serves with a certificate of its own, refuses what is too
// old to be safe, and shows a new one when the files change.
func TestOwnCertificate(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	c := Config{TLSCert: filepath.Join(folder, "cert.pem"), TLSKey: filepath.Join(folder, "key.pem")}
	trusted := certify(t, c, 1, time.Unix(1_000_000, 0))
	r := start(t, c, nil)
	defer r.halt(t)
	address := strings.TrimPrefix(r.url, "http://")
	serial := func(trusted *x509.CertPool, most uint16) (int64, error) {
		transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted, MaxVersion: most}}
		defer transport.CloseIdleConnections()
		q, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+address+"/healthz", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := transport.RoundTrip(q)
		if err != nil {
			return 0, err
		}
		defer func() { _ = answer.Body.Close() }()
		if answer.StatusCode != http.StatusOK || answer.Header.Get("Strict-Transport-Security") == "" {
			t.Errorf("got %d and %v, want it to serve, and to keep callers at TLS", answer.StatusCode, answer.Header)
		}
		return answer.TLS.PeerCertificates[0].SerialNumber.Int64(), nil
	}
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		if got, err := serial(trusted, version); err != nil || got != 1 {
			t.Errorf("got %d and %v, want the first certificate", got, err)
		}
	}
	if _, err := serial(trusted, tls.VersionTLS11); err == nil {
		t.Error("TLS 1.1 was spoken")
	}
	if status, _ := r.get(t, r.url+"/healthz"); status != http.StatusBadRequest {
		t.Errorf("without TLS: got %d, want 400", status)
	}
	trusted = certify(t, c, 2, time.Unix(2_000_000, 0))
	if err := r.certificate.look(t.Context()); err != nil {
		t.Error(err)
	}
	if got, err := serial(trusted, 0); err != nil || got != 2 {
		t.Errorf("got %d and %v, want the new certificate", got, err)
	}
	if err := os.WriteFile(c.TLSKey, []byte("half of a fi"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := r.certificate.look(t.Context()); err != nil {
		t.Error(err)
	}
	if got, err := serial(trusted, 0); err != nil || got != 2 {
		t.Errorf("got %d and %v, want the old certificate while the files are bad", got, err)
	}
}

// TestCertificateSettings wants what cannot work to be said before anything runs.
func TestCertificateSettings(t *testing.T) {
	t.Parallel()
	for _, c := range []Config{{TLSCert: "a"}, {TLSKey: "a"}} {
		c.Data = t.TempDir()
		if _, err := c.Complete(); err == nil || !strings.Contains(err.Error(), "is missing besides") {
			t.Errorf("%+v: got %v, want the other one to be asked for", c, err)
		}
	}
	both := Config{Data: t.TempDir(), TLSCert: "/nowhere/cert", TLSKey: "/nowhere/key"}
	if _, err := openCertificate(both, slog.New(slog.DiscardHandler)); err == nil ||
		!strings.HasPrefix(err.Error(), "tls_cert ") {
		t.Errorf("got %v, want the setting to be named", err)
	}
	if full, err := both.Complete(); err != nil || full.PublicURL != "https://127.0.0.1:8080" {
		t.Errorf("got %s and %v, want an https address", full.PublicURL, err)
	}
}

// TestCertificateTimes wants a certificate that clients refuse, or soon will, to be told of.
func TestCertificateTimes(t *testing.T) {
	t.Parallel()
	leaf := &x509.Certificate{
		NotBefore: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC),
	}
	for at, want := range map[time.Time]string{
		leaf.NotBefore.Add(-time.Second):     "is not valid before 2026-01-01 00:00:00 UTC",
		leaf.NotBefore:                       "",
		leaf.NotAfter.Add(-expiresSoon):      "",
		leaf.NotAfter.Add(1 - expiresSoon):   "expires on 2026-04-01 00:00:00 UTC: renew it",
		leaf.NotAfter.Add(time.Second):       "expired on 2026-04-01 00:00:00 UTC",
		leaf.NotAfter.AddDate(1, 0, 0).UTC(): "expired on 2026-04-01 00:00:00 UTC",
	} {
		if got := validity(leaf, at); !strings.Contains(got, want) || want == "" && got != "" {
			t.Errorf("at %s: got %q, want %q", at, got, want)
		}
	}
	folder := t.TempDir()
	c := Config{TLSCert: filepath.Join(folder, "cert.pem"), TLSKey: filepath.Join(folder, "key.pem")}
	if got := c.CertificateWarning(); got != "" {
		t.Errorf("none: got %q", got)
	}
	certify(t, c, 1, time.Unix(1_000_000, 0)) // for an hour
	if got := c.CertificateWarning(); !strings.Contains(got, "expires on") {
		t.Errorf("for an hour: got %q, want a warning", got)
	}
	var log strings.Builder
	own, err := openCertificate(c, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := own.look(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if n := strings.Count(log.String(), "the certificate expires on"); n != 1 {
		t.Errorf("the log has it %d times, want once:\n%s", n, log.String())
	}
}

// TestCheckCertificate wants what could not be shown to be refused before anything is opened.
func TestCheckCertificate(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	named := func(name string) Config {
		return Config{TLSCert: filepath.Join(folder, name+".pem"), TLSKey: filepath.Join(folder, name+".key")}
	}
	mine, other := named("mine"), named("other")
	certify(t, mine, 1, time.Unix(1_000_000, 0))
	certify(t, other, 2, time.Unix(1_000_000, 0))
	if err := mine.CheckCertificate(); err != nil {
		t.Errorf("a good one: got %v, want nil", err)
	}
	for what, c := range map[string]Config{
		"not there": named("none"), "of another key": {TLSCert: mine.TLSCert, TLSKey: other.TLSKey},
		"a folder": {TLSCert: folder, TLSKey: mine.TLSKey},
	} {
		err := c.CheckCertificate()
		if wrong, ok := errors.AsType[*SettingError](err); !ok || wrong.Key != "tls_cert" {
			t.Errorf("%s: got %v, want an error that names tls_cert", what, err)
		}
		c.Data, c.Listen = filepath.Join(t.TempDir(), "data"), "127.0.0.1:0"
		if s, err := New(t.Context(), c, io.Discard); err == nil {
			t.Errorf("%s: a server was made", what)
			_ = s.Close()
		}
		if exists(c.Data) {
			t.Errorf("%s: a folder was made for a server that could not start", what)
		}
	}
}
