package server

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/purserhq/purser/internal/worker"
)

// certificateLook is the pause between two looks at the files of the certificate.
const certificateLook = time.Minute

// certificate is the one that the server shows. It is read again when its
// files change, so that a renewal needs no restart.
type certificate struct {
	certFile, keyFile string
	log               *slog.Logger

	mu     sync.Mutex
	shown  *tls.Certificate
	times  [2]time.Time // of the files as they were read
	warned time.Time    // when the log had last that it has expired, or soon will
}

// openCertificate reads the files that the configuration names; none is nil.
func openCertificate(c Config, log *slog.Logger) (*certificate, error) {
	if c.TLSCert == "" {
		return nil, nil //nolint:nilnil // nil is plain HTTP
	}
	own := &certificate{certFile: c.TLSCert, keyFile: c.TLSKey, log: log}
	if err := own.read(); err != nil {
		return nil, settingError("tls_cert", "cannot be used: "+withOwner(err))
	}
	return own, nil
}

// CheckCertificate reads the certificate and its key as a server would. Error: *SettingError.
func (c Config) CheckCertificate() error {
	_, err := openCertificate(c, nil)
	return err
}

// CertificateWarning says that the certificate has expired, will within two weeks, or is not
// valid yet; empty = it is good, or there is none that could be read.
func (c Config) CertificateWarning() string {
	own, err := openCertificate(c, nil)
	if err != nil || own == nil {
		return ""
	}
	return validity(own.shown.Leaf, now())
}

// expiresSoon is how long before its end a certificate should have been renewed.
const expiresSoon = 14 * 24 * time.Hour

// validity says what is wrong with the time of a certificate; empty = nothing.
func validity(leaf *x509.Certificate, at time.Time) string {
	told := func(at time.Time) string { return at.UTC().Format(time.DateTime) + " UTC" }
	switch {
	case leaf == nil:
		return ""
	case at.After(leaf.NotAfter):
		return "the certificate expired on " + told(leaf.NotAfter) + ", and clients refuse it: renew it"
	case at.Before(leaf.NotBefore):
		return "the certificate is not valid before " + told(leaf.NotBefore) + ": look at the clock"
	case at.Add(expiresSoon).After(leaf.NotAfter):
		return "the certificate expires on " + told(leaf.NotAfter) + ": renew it"
	}
	return ""
}

// read reads the files where they are not those that are shown.
func (c *certificate) read() error {
	var times [2]time.Time
	for i, path := range []string{c.certFile, c.keyFile} {
		about, err := os.Stat(path)
		if err != nil {
			return err
		}
		times[i] = about.ModTime()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.shown != nil && times == c.times {
		return nil
	}
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return err
	}
	c.shown, c.times = &pair, times
	return nil
}

// look reads the files again. While they cannot be used the old certificate is
// shown: they may be in the middle of being written. One that is about to expire is told of
// once a day.
func (c *certificate) look(ctx context.Context) error {
	if err := c.read(); err != nil {
		c.log.WarnContext(ctx, "the certificate could not be read again", slog.String("error", err.Error()))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	at := now()
	if words := validity(c.shown.Leaf, at); words != "" && at.Sub(c.warned) >= warnAgain {
		c.warned = at
		c.log.WarnContext(ctx, "the certificate needs a look", slog.String("why", words))
	}
	return nil
}

// warnAgain is the pause between two warnings of the same.
const warnAgain = 24 * time.Hour

// chores are the loop of the certificate, if there is one.
func (c *certificate) chores() []worker.Chore {
	if c == nil {
		return nil
	}
	return []worker.Chore{{Name: "certificate", Pause: certificateLook, AtOnce: true, Do: c.look}}
}

// config is how the server speaks TLS: the ciphers are Go's choice.
func (c *certificate) config() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			c.mu.Lock()
			defer c.mu.Unlock()
			return c.shown, nil
		},
	}
}

// serve answers at a door: with TLS where there is a certificate and the door
// is not for operators, whose listener is inside.
func (c *certificate) serve(server *http.Server, d door) error {
	if c == nil || d.sort == operators {
		return server.Serve(d)
	}
	server.TLSConfig = c.config()
	next := server.Handler
	server.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Strict-Transport-Security", "max-age=31536000")
		next.ServeHTTP(w, r)
	})
	return server.ServeTLS(d, "", "")
}

// checkTLS wants both files or none.
func (c *Config) checkTLS() error {
	if (c.TLSCert == "") != (c.TLSKey == "") {
		key, other := "tls_key", "tls_cert"
		if c.TLSCert == "" {
			key, other = other, key
		}
		return settingError(key, "is missing besides "+other)
	}
	return nil
}

// scheme is how the server itself is reached.
func (c *Config) scheme() string {
	if c.TLSCert != "" {
		return "https"
	}
	return "http"
}
