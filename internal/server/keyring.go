package server

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/core/cryptofmt"
	tinkpb "github.com/tink-crypto/tink-go/v2/proto/tink_go_proto"
	"github.com/tink-crypto/tink-go/v2/tink"

	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/store/sqlstore"
	"github.com/purserhq/purser/internal/wallet"
)

// keyring seals gateway credentials, the secrets of signing keys, of endpoints and of
// terminals, and the hashes of PINs. What was sealed for one thing of one merchant does
// not open as another's.
type keyring struct {
	aead  tink.AEAD // nil when no keyset was given
	keys  []uint32  // the ids of those that open, oldest first; 0 = what is sealed under it does not name it
	seals uint32    // the id of the one that seals
}

// openKeyring reads the root keyset from the environment's text or from its
// file, which is made when it is in the data folder and not there yet.
func openKeyring(c Config) (*keyring, error) {
	if c.Keyset == "" && c.KeysetFile == "" {
		return &keyring{}, nil // a command that needs it says so
	}
	if c.Keyset != "" {
		return readKeyring([]byte(c.Keyset.Reveal()), "keyset")
	}
	text, err := os.ReadFile(c.KeysetFile)
	switch {
	case err == nil:
		return readKeyring(text, "keyset_file")
	case !errors.Is(err, fs.ErrNotExist):
		return nil, settingError("keyset_file", "cannot be read: "+withOwner(err))
	case c.Data == "" || c.KeysetFile != filepath.Join(c.Data, keysetName):
		return nil, settingError("keyset_file", "is not there: "+c.KeysetFile+
			" (make one with: purser keyset new FILE)")
	}
	if err := NewKeyset(c.KeysetFile); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	if err := sqlstore.GiveToFolder(c.KeysetFile); err != nil {
		return nil, err
	}
	// Another process may have been first; what is in the file now counts.
	if text, err = os.ReadFile(c.KeysetFile); err != nil {
		return nil, settingError("keyset_file", "cannot be read: "+withOwner(err))
	}
	return readKeyring(text, "keyset_file")
}

// CheckKeyset reads the keyset as a server would, but makes none. Error: *SettingError.
func (c Config) CheckKeyset() error {
	if c.Keyset == "" && c.Data != "" && c.KeysetFile == filepath.Join(c.Data, keysetName) && !exists(c.KeysetFile) {
		return nil // the first start makes it
	}
	_, err := openKeyring(c)
	return err
}

// keysetModes are the permissions that the file of a keyset has to lack: those of everybody, and
// the group's to write.
const keysetModes = 0o026

// KeysetWarning says that more people than its owner and group may read the file of the keyset,
// or more than its owner may change it; empty = they may not, or there is no such file.
func (c Config) KeysetWarning() string {
	if c.Keyset != "" || runtime.GOOS == "windows" { // which has no such modes
		return ""
	}
	about, err := os.Stat(c.KeysetFile)
	if err != nil || about.Mode().Perm()&keysetModes == 0 {
		return ""
	}
	return fmt.Sprintf("the file of the keyset may be read or changed by others (%s has mode %04o): "+
		"chmod 0600, or 0640 for one that only its group may read besides", c.KeysetFile, about.Mode().Perm())
}

// readKeyring takes a keyset as text. Its words never show the text.
func readKeyring(text []byte, key string) (*keyring, error) {
	handle, err := keysetIn(text)
	if err != nil {
		return nil, settingError(key, "holds no keyset: bring your copy of it back "+
			"(only for a new database, make one with: purser keyset new FILE)")
	}
	primitive, err := aead.New(handle)
	if err != nil {
		return nil, settingError(key, "holds a keyset of the wrong kind: it must seal and open (AEAD)")
	}
	ring := &keyring{aead: primitive}
	for _, k := range handle.KeysetInfo().GetKeyInfo() {
		if k.GetStatus() != tinkpb.KeyStatusType_ENABLED {
			continue
		}
		id := k.GetKeyId()
		if k.GetOutputPrefixType() != tinkpb.OutputPrefixType_TINK {
			id = 0
		}
		ring.keys = append(ring.keys, id)
		if k.GetKeyId() == handle.KeysetInfo().GetPrimaryKeyId() {
			ring.seals = id
		}
	}
	return ring, nil
}

// Sealing is the id of the key that seals.
func (k *keyring) Sealing() uint32 { return k.seals }

// KeyOf is the id of the key that something was sealed under, which stands in front of it;
// 0 = it names none. What looks like the name of a strange key is none where a key of the
// keyset leaves no name.
func (k *keyring) KeyOf(sealed []byte) uint32 {
	if len(sealed) <= cryptofmt.TinkPrefixSize || sealed[0] != cryptofmt.TinkStartByte {
		return 0
	}
	key := binary.BigEndian.Uint32(sealed[1:])
	if !k.Opens(key) && k.Opens(0) {
		return 0
	}
	return key
}

// Opens says whether the keyset has a key.
func (k *keyring) Opens(key uint32) bool { return slices.Contains(k.keys, key) }

// CredentialsAnew seals the credentials of a merchant's gateway anew. Error: setting_invalid
// when they do not open.
func (k *keyring) CredentialsAnew(merchantID, gatewayName string, sealed []byte) ([]byte, error) {
	secrets, err := k.openCredentials(merchant.Gateway{Merchant: merchantID, Name: gatewayName, Sealed: sealed})
	if err != nil {
		return nil, err
	}
	return k.sealCredentials(merchantID, gatewayName, secrets)
}

// bound is what a sealed text belongs to. Lengths cannot be confused, because
// no id holds a zero byte.
func bound(merchantID, gatewayName string) []byte {
	return []byte("gateway credentials\x00" + merchantID + "\x00" + gatewayName)
}

// errNoKeyset says what to do about secrets without a keyset: whoever has a server has
// one, and must not make another.
var errNoKeyset = settingError("keyset_file", "is missing: secrets are sealed under it (name the one of the servers: "+
	"--set keyset_file=FILE; before the first start make one with: purser keyset new FILE)")

// sealCredentials encrypts the credentials of one merchant's gateway; none stay none.
// Error: *SettingError when no keyset was given.
func (k *keyring) sealCredentials(merchantID, gatewayName string, secrets map[string]Secret) ([]byte, error) {
	if len(secrets) == 0 {
		return nil, nil
	}
	if k.aead == nil {
		return nil, errNoKeyset
	}
	plain := make(map[string]string, len(secrets))
	for name, secret := range secrets {
		plain[name] = secret.Reveal()
	}
	text, err := json.Marshal(plain)
	if err != nil {
		return nil, fmt.Errorf("write credentials: %w", err)
	}
	sealed, err := k.aead.Encrypt(text, bound(merchantID, gatewayName))
	if err != nil {
		return nil, fmt.Errorf("seal credentials: %w", err)
	}
	return sealed, nil
}

// openCredentials decrypts the credentials of a contract. Error: secret_unreadable when
// they were sealed under another keyset, or for another gateway.
func (k *keyring) openCredentials(g merchant.Gateway) (map[string]Secret, error) {
	if len(g.Sealed) == 0 {
		return map[string]Secret{}, nil
	}
	if k.aead == nil {
		return nil, fault.New(fault.CodeSecretUnreadable, "", "The keyset of the credentials is missing.")
	}
	text, err := k.aead.Decrypt(g.Sealed, bound(g.Merchant, g.Name))
	if err != nil {
		return nil, fault.New(fault.CodeSecretUnreadable, "",
			"The credentials were sealed under another keyset: give the old one, or enter them again.")
	}
	secrets := map[string]Secret{}
	if err := json.Unmarshal(text, &secrets); err != nil {
		return nil, fault.New(fault.CodeSecretUnreadable, "", "The credentials cannot be read.")
	}
	return secrets, nil
}

// belonging is what the secret of a thing belongs to. The length keeps the two
// names apart, whatever is in them.
func belonging(merchantID, name string) []byte {
	return []byte("signing secrets\x00" + strconv.Itoa(len(merchantID)) + "\x00" + merchantID + name)
}

// Seal encrypts what only this merchant's thing of this name may be opened
// as. Error: *SettingError when no keyset was given.
func (k *keyring) Seal(merchantID, name string, text []byte) ([]byte, error) {
	if k.aead == nil {
		return nil, errNoKeyset
	}
	sealed, err := k.aead.Encrypt(text, belonging(merchantID, name))
	if err != nil {
		return nil, fmt.Errorf("seal secret: %w", err)
	}
	return sealed, nil
}

// Open decrypts what was sealed under the same names. Error: secret_unreadable
// when it was sealed under another keyset, or as another's.
func (k *keyring) Open(merchantID, name string, sealed []byte) ([]byte, error) {
	if k.aead == nil {
		return nil, fault.New(fault.CodeSecretUnreadable, "", "The keyset of the secrets is missing.")
	}
	text, err := k.aead.Decrypt(sealed, belonging(merchantID, name))
	if err != nil {
		return nil, fault.New(fault.CodeSecretUnreadable, "",
			"This secret was sealed under another keyset: give the old one, or make the signing key, the endpoint, the "+
				"terminal or the PIN anew.")
	}
	return text, nil
}

// tries counts what opens of a merchant, and what does not; of customers it tries the PINs.
func (k *keyring) tries(known []merchant.Gateway, endpoints []event.Endpoint, customers []wallet.Customer,
) (opened, closed int) {
	count := func(err error) {
		if err == nil {
			opened++
		} else {
			closed++
		}
	}
	for _, g := range known {
		if len(g.Sealed) > 0 {
			_, err := k.openCredentials(g)
			count(err)
		}
	}
	for _, e := range endpoints {
		_, err := k.Open(e.Merchant, e.ID, e.Sealed)
		count(err)
	}
	for _, c := range customers {
		if sealed, ok := wallet.SealOfPIN(c.PIN); ok {
			_, err := k.Open(c.Merchant, c.PINName(), sealed)
			count(err)
		}
	}
	return opened, closed
}
