package deal

import (
	"bytes"
	"time"

	"github.com/purserhq/purser/internal/fault"
)

// What one deal may have of files: MaxFiles of them, each of at most MaxFile bytes
// and all together of at most MaxAllFiles.
const (
	MaxFile     = 10 << 20
	MaxFiles    = 10
	MaxAllFiles = 30 << 20
)

// Attachment is a file by which somebody shows what became of the money of a
// deal: a receipt, or a picture of one. It is kept as it came, and shown to
// nobody but the merchant and the operator.
type Attachment struct {
	ID        string
	Merchant  string
	Deal      string
	Type      string // what its first bytes say; never what the sender says
	Size      int    // bytes
	By        string // who sent it: payer, merchant, ...
	CreatedAt time.Time
	Data      []byte // nil in lists
}

// kinds are the files that are taken, by their first bytes.
var kinds = []struct{ start, mediaType string }{
	{"\x89PNG\r\n\x1a\n", "image/png"},
	{"\xff\xd8\xff", "image/jpeg"},
	{"%PDF-", "application/pdf"},
}

// MediaTypes are those of the files that are taken.
func MediaTypes() (list []string) {
	for _, k := range kinds {
		list = append(list, k.mediaType)
	}
	return list
}

// Attach makes an attachment of a file, beside those that the deal has.
// Errors: parameter_missing for an empty file, body_too_large for one that is
// too large or too much, media_type_unsupported; all name "attachment".
func (d Deal) Attach(id, by string, data []byte, others []Attachment, now time.Time) (Attachment, error) {
	const name = "attachment"
	all := len(data)
	for _, o := range others {
		all += o.Size
	}
	switch {
	case len(data) == 0:
		return Attachment{}, fault.New(fault.CodeParameterMissing, name, "")
	case len(data) > MaxFile || all > MaxAllFiles || len(others) >= MaxFiles:
		return Attachment{}, fault.New(fault.CodeBodyTooLarge, name, "")
	}
	for _, k := range kinds {
		if bytes.HasPrefix(data, []byte(k.start)) {
			return Attachment{
				ID: id, Merchant: d.Merchant, Deal: d.ID, Type: k.mediaType, Size: len(data), By: by,
				CreatedAt: now, Data: data,
			}, nil
		}
	}
	return Attachment{}, fault.New(fault.CodeMediaTypeUnsupported, name, "")
}
