package app_test

import (
	"bytes"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/fault"
)

// picture is a file of a size that looks like a picture.
func picture(size int) []byte {
	return append([]byte("\x89PNG\r\n\x1a\n"), make([]byte, size-8)...)
}

func (b *bazaar) attach(d deal.Deal, data []byte) (deal.Attachment, error) {
	return b.app.Attach(b.Context(), app.NewAttachment{
		ID: b.newID(), Merchant: b.merchant, Deal: d.ID, Data: data, ByPayer: true,
	})
}

func TestAttachments(t *testing.T) {
	t.Parallel()
	b := openBazaar(t, 1, "1000")
	d := b.begun("1000")
	a, err := b.attach(d, picture(100))
	if err != nil {
		t.Fatal(err)
	}
	if a.Type != "image/png" || a.Size != 100 || a.By != "payer" || a.Deal != d.ID {
		t.Errorf("got %+v", a)
	}
	got, err := b.app.Attachment(t.Context(), b.merchant, a.ID)
	if err != nil || !bytes.Equal(got.Data, picture(100)) {
		t.Errorf("read %d bytes, %v", len(got.Data), err)
	}
	if _, err := b.app.Attachment(t.Context(), "another", a.ID); !fault.Is(err, fault.CodeNotFound) {
		t.Errorf("another merchant's: %v", err)
	}
	if _, err := b.attach(d, []byte("<html>")); !fault.Is(err, fault.CodeMediaTypeUnsupported) {
		t.Errorf("a page: %v", err)
	}
	b.dispute(d, "")
	if _, err := b.attach(d, []byte("%PDF-1.7")); err != nil {
		t.Errorf("to a dispute: %v", err)
	}
	list, err := b.app.Attachments(t.Context(), b.merchant, d.ID)
	if err != nil || len(list) != 2 || list[0].ID != a.ID || list[0].Data != nil {
		t.Errorf("listed %+v, %v", list, err)
	}
	if _, err := b.app.CancelDeal(t.Context(), word(d)); !fault.Is(err, fault.CodeWrongState) {
		t.Fatal(err)
	}
	if _, err := b.app.ResolveDispute(t.Context(), word(d), false); err != nil {
		t.Fatal(err)
	}
	if _, err := b.attach(d, picture(100)); !fault.Is(err, fault.CodeWrongState) {
		t.Errorf("to a deal that is decided: %v", err)
	}
}

// TestCrowdOfAttachments: files that arrive together are counted, each of them.
func TestCrowdOfAttachments(t *testing.T) {
	t.Parallel()
	b := openBazaar(t, 1, "1000")
	d := b.begun("1000")
	var (
		people sync.WaitGroup
		kept   atomic.Int64
	)
	for range 3 * deal.MaxFiles {
		people.Go(func() {
			switch _, err := b.attach(d, picture(10)); {
			case err == nil:
				kept.Add(1)
			case !fault.Is(err, fault.CodeBodyTooLarge) && !fault.Is(err, fault.CodeVersionConflict):
				t.Errorf("got %v", err)
			}
		})
	}
	people.Wait()
	list, err := b.app.Attachments(t.Context(), b.merchant, d.ID)
	if err != nil || int64(len(list)) != kept.Load() || len(list) == 0 || len(list) > deal.MaxFiles {
		t.Errorf("%d are kept, %d are listed, %v", kept.Load(), len(list), err)
	}
}
