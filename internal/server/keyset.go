package server

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
)

// rootKey makes the sort of key that a root keyset has.
var rootKey = aead.XAES256GCM192BitNonceKeyTemplate

// NewKeyset makes a root keyset in a new file that only its owner can read.
// Error: fs.ErrExist when the file is there already.
func NewKeyset(path string) error {
	handle, err := keyset.NewHandle(rootKey())
	if err != nil {
		return fmt.Errorf("make keyset: %w", err)
	}
	text, err := keysetText(handle)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("make folder of keyset: %w", err)
	}
	err = writeNew(path, text)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s is there already, and secrets may be sealed under it: name a new file (%w)", path, fs.ErrExist)
	}
	return err
}

// AddKey puts another key into the keyset of a file. It opens what is sealed under it, and
// seals nothing yet: servers that do not have it could not open that. Errors: those of the file,
// and one where a key that was added before does not seal yet.
func AddKey(path string) error {
	return changeKeyset(path, func(m *keyset.Manager, primary, newest uint32) error {
		if primary != newest {
			return errors.New("a key that was added does not seal yet: purser keyset use FILE first")
		}
		_, err := m.Add(rootKey())
		return err
	})
}

// UseKey lets the key that was added last seal from now on. The others stay, for what is sealed
// under them. Errors: those of the file, and one where no key was added.
func UseKey(path string) error {
	return changeKeyset(path, func(m *keyset.Manager, primary, newest uint32) error {
		if primary == newest {
			return errors.New("its newest key seals already: purser keyset add FILE first")
		}
		return m.SetPrimary(newest)
	})
}

// dropKey takes a key out of the keyset of a file, for ever. Errors: those of the file, and
// one where there is no such key, or where it seals.
func dropKey(path string, key uint32) error {
	return changeKeyset(path, func(m *keyset.Manager, _, _ uint32) error { return m.Delete(key) })
}

// changeKeyset changes the keyset of a file in one step.
func changeKeyset(path string, change func(m *keyset.Manager, primary, newest uint32) error) error {
	text, err := os.ReadFile(path) //nolint:gosec // the operator names it
	if err != nil {
		return fmt.Errorf("read keyset: %w", err)
	}
	handle, err := keysetIn(text)
	if err != nil {
		return fmt.Errorf("%s holds no keyset: %w", path, err)
	}
	info := handle.KeysetInfo()
	m := keyset.NewManagerFromHandle(handle)
	keys := info.GetKeyInfo()
	if err := change(m, info.GetPrimaryKeyId(), keys[len(keys)-1].GetKeyId()); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if handle, err = m.Handle(); err != nil {
		return fmt.Errorf("change keyset: %w", err)
	}
	if text, err = keysetText(handle); err != nil {
		return err
	}
	return replace(path, text)
}

// keysetIn reads a keyset.
func keysetIn(text []byte) (*keyset.Handle, error) {
	return insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(text)))
}

// keysetText writes a keyset.
func keysetText(handle *keyset.Handle) ([]byte, error) {
	var text bytes.Buffer
	if err := insecurecleartextkeyset.Write(handle, keyset.NewJSONWriter(&text)); err != nil {
		return nil, fmt.Errorf("write keyset: %w", err)
	}
	return text.Bytes(), nil
}
