package orderpay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwk"
	"golang.org/x/sync/singleflight"
)

// How issuers' public keys are kept.
const (
	keysFresh  = 10 * time.Minute // they are asked for again after it
	keysLast   = time.Hour        // they are believed no longer, while nobody answers
	keysPause  = 30 * time.Second // between two questions about one set, whatever tokens come
	keysWait   = 3 * time.Second  // for an answer
	keysSize   = 64 << 10         // bytes of it
	keysInASet = 50
)

// keySets are the public keys of issuers, as they were read last.
type keySets struct {
	client *http.Client // nil = nobody is asked
	now    func() time.Time
	log    *slog.Logger

	mu     sync.Mutex
	known  map[string]*keySet // by address
	asking singleflight.Group
}

// keySet is one issuer's keys.
type keySet struct {
	keys  map[string]publicKey // by key id
	read  time.Time            // zero = never
	tried time.Time
}

// publicKey is one key and the one algorithm that it is used with.
type publicKey struct {
	algorithm string
	public    any
}

// find gives the key of an id, asking the issuer when that may help.
func (s *keySets) find(ctx context.Context, address, id string) (publicKey, bool) {
	key, ok, ask := s.look(address, id)
	if !ask {
		return key, ok
	}
	_, err, _ := s.asking.Do(address, func() (any, error) {
		// Several callers wait for this, and none of them may end it for the others.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), keysWait)
		defer cancel()
		return nil, s.ask(ctx, address)
	})
	if err != nil {
		s.log.WarnContext(ctx, "public keys of an issuer could not be read",
			slog.String("address", address), slog.String("error", err.Error()))
	}
	key, ok, _ = s.look(address, id)
	return key, ok
}

// look finds a key among those that were read; ask says that the issuer could
// know better.
func (s *keySets) look(address, id string) (key publicKey, ok, ask bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	set := s.known[address]
	if set == nil {
		return publicKey{}, false, s.client != nil
	}
	now := s.now()
	age := now.Sub(set.read)
	if age < keysLast {
		key, ok = set.keys[id]
	}
	wanted := !ok || age >= keysFresh
	return key, ok, wanted && s.client != nil && now.Sub(set.tried) >= keysPause
}

// ask reads a set anew. One that cannot be read leaves the old one.
func (s *keySets) ask(ctx context.Context, address string) error {
	if !s.begin(address) {
		return nil // another caller has just done it
	}
	keys, err := s.fetch(ctx, address)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known[address].keys, s.known[address].read = keys, s.now()
	return nil
}

// begin notes that a set is asked for now, unless it was a moment ago.
func (s *keySets) begin(address string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known == nil {
		s.known = map[string]*keySet{}
	}
	if s.known[address] == nil {
		s.known[address] = &keySet{}
	}
	now := s.now()
	if tried := s.known[address].tried; !tried.IsZero() && now.Sub(tried) < keysPause {
		return false
	}
	s.known[address].tried = now
	return true
}

// fetch asks an issuer for its keys.
func (s *keySets) fetch(ctx context.Context, address string) (map[string]publicKey, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, fmt.Errorf("ask for keys: %w", err)
	}
	request.Close = true // it is asked so seldom that an open connection would only be in the way
	request.Header.Set("Accept", "application/jwk-set+json, application/json")
	answer, err := s.client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("ask for keys: %w", err)
	}
	defer func() { _ = answer.Body.Close() }() // it was only read
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("ask for keys: status %d", answer.StatusCode)
	}
	text, err := io.ReadAll(io.LimitReader(answer.Body, keysSize+1))
	if err != nil {
		return nil, fmt.Errorf("read keys: %w", err)
	}
	if len(text) > keysSize {
		return nil, errors.New("read keys: the answer is too long")
	}
	return readKeySet(text)
}

// readKeySet reads the keys that can check a signature, and passes over all
// others. An id that comes twice is nobody's.
func readKeySet(text []byte) (map[string]publicKey, error) {
	set, err := jwk.Parse(text, jwk.WithIgnoreParseError(true))
	if err != nil {
		return nil, fmt.Errorf("read keys: %w", err)
	}
	if set.Len() > keysInASet {
		return nil, errors.New("read keys: there are too many")
	}
	keys, twice := map[string]publicKey{}, map[string]bool{}
	for n := range set.Len() {
		key, _ := set.Key(n)
		id, named := key.KeyID()
		if !named || id == "" {
			continue
		}
		var public any
		if err := jwk.Export(key, &public); err != nil {
			continue // of a sort that we do not use
		}
		algorithm := algorithmOf(public)
		if use, told := key.KeyUsage(); algorithm == "" || told && use != "sig" {
			continue
		}
		if only, told := key.Algorithm(); told && only.String() != algorithm {
			continue
		}
		if _, known := keys[id]; known {
			twice[id] = true
		}
		keys[id] = publicKey{algorithm, public}
	}
	for id := range twice {
		delete(keys, id)
	}
	return keys, nil
}
