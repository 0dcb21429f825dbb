package deal_test

import (
	"testing"
	"time"

	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/fault"
)

func TestAttach(t *testing.T) {
	t.Parallel()
	jpeg := func(size int) []byte { return append([]byte("\xff\xd8\xff"), make([]byte, size-3)...) }
	page, drawing := []byte("<!DOCTYPE html>"), []byte("<svg xmlns='http://www.w3.org/2000/svg'/>")
	full := []deal.Attachment{{Size: deal.MaxAllFiles - 8}}
	many := make([]deal.Attachment, deal.MaxFiles)
	for name, c := range map[string]struct {
		data   []byte
		others []deal.Attachment
		want   fault.Code
	}{
		"the largest":        {data: jpeg(deal.MaxFile)},
		"too large":          {data: jpeg(deal.MaxFile + 1), want: fault.CodeBodyTooLarge},
		"the last":           {data: jpeg(9), others: many[1:]},
		"one too many":       {data: jpeg(9), others: many, want: fault.CodeBodyTooLarge},
		"all that fits":      {data: jpeg(9), others: []deal.Attachment{{Size: deal.MaxAllFiles - 9}}},
		"too much together":  {data: jpeg(9), others: full, want: fault.CodeBodyTooLarge},
		"empty":              {want: fault.CodeParameterMissing},
		"a page":             {data: page, want: fault.CodeMediaTypeUnsupported},
		"a picture of words": {data: drawing, want: fault.CodeMediaTypeUnsupported},
		"a part of a start":  {data: []byte("%PDF"), want: fault.CodeMediaTypeUnsupported},
	} {
		got, err := deal.Deal{ID: "d", Merchant: "m"}.Attach("a", "payer", c.data, c.others, time.Unix(0, 0))
		if c.want == "" && (err != nil || got.Type != "image/jpeg" || got.Size != len(c.data)) {
			t.Errorf("%s: got %q of %d bytes, %v", name, got.Type, got.Size, err)
		}
		if c.want != "" && !fault.Is(err, c.want) {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
	}
}
