package p2p

import (
	"bytes"
	"strings"
	"testing"

	"github.com/purserhq/purser/internal/dialect"
	"github.com/purserhq/purser/internal/fault"
)

// parts is a body with a text and a file.
const parts = "--b 1\r\nContent-Disposition: form-data; name=\"disputeReason\"\r\n\r\nno_payment\r\n" +
	"--b 1\r\nContent-Disposition: form-data; name=\"attachment\"; filename=\"a.pdf\"\r\n" +
	"Content-Type: application/pdf\r\n\r\n%PDF-\x00\xff\r\n--b 1--\r\n"

func TestParts(t *testing.T) {
	t.Parallel()
	for name, boundary := range map[string]string{"said": "b 1", "not said": "", "another said": "c"} {
		fields, err := readParts([]byte(parts), map[string]string{"boundary": boundary})
		if err != nil || len(fields) != 2 || fields[0].Value.Text != "no_payment" {
			t.Errorf("%s: got %v, %v", name, fields, err)
			continue
		}
		if files := decodeFiles(fields); len(files) != 1 || string(files[0]) != "%PDF-\x00\xff" {
			t.Errorf("%s: got the files %q", name, files)
		}
	}
}

func TestBadParts(t *testing.T) {
	t.Parallel()
	text := func(head, data string) string { return "--b\r\n" + head + "\r\n\r\n" + data + "\r\n--b--\r\n" }
	for name, body := range map[string]string{
		"nothing":       "",
		"no boundary":   "x",
		"dashes":        "--",
		"only the end":  "--\r\n",
		"cut off":       strings.TrimSuffix(parts, "--b 1--\r\n"),
		"cut in a head": parts[:20],
		"no name":       text("Content-Disposition: form-data", "x"),
		"encoded":       text("Content-Disposition: form-data; name=\"a\"\r\nContent-Transfer-Encoding: base64", "eA=="),
		"NUL in a text": text(`Content-Disposition: form-data; name="a"`, "\x00"),
		"no UTF-8":      text(`Content-Disposition: form-data; name="a"`, "\xff"),
		"too many": strings.Repeat("--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx\r\n", maxParts+1) +
			"--b--\r\n",
		"a long boundary": "--" + strings.Repeat("b", 100) + "\r\n",
	} {
		if fields, err := readParts([]byte(body), nil); !fault.Is(err, fault.CodeBodyUnreadable) {
			t.Errorf("%s: got %v, %v", name, fields, err)
		}
	}
	zero := text(`Content-Disposition: form-data; name="a"`, "\x00")
	_, err := readParts([]byte(zero), map[string]string{"boundary": "b"})
	if got := fault.From(err).Param; got != "a" {
		t.Errorf("a NUL in a: got %v of %q", err, got)
	}
	if _, err := readBody(bytes.Repeat([]byte(" "), dialect.MaxBody+1), nil); !fault.Is(err, fault.CodeBodyTooLarge) {
		t.Errorf("long JSON: got %v", err)
	}
}

// FuzzParts proves that nothing panics and that nothing is made up: every value
// stands in the body.
func FuzzParts(f *testing.F) {
	f.Add([]byte(parts), "")
	f.Add([]byte(parts), "b 1")
	f.Add([]byte("--b\n\n--b--"), "b")
	f.Fuzz(func(t *testing.T, raw []byte, boundary string) {
		fields, err := readParts(raw, map[string]string{"boundary": boundary})
		if err != nil {
			if !fault.Is(err, fault.CodeBodyUnreadable) {
				t.Fatal(err)
			}
			return
		}
		for _, one := range fields {
			if !bytes.Contains(raw, []byte(one.Value.Text)) {
				t.Fatalf("%q was made up", one.Value.Text)
			}
		}
	})
}
