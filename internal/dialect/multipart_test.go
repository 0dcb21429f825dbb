package dialect_test

import (
	"bytes"
	"mime/multipart"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purserhq/purser/internal/dialect"
	"github.com/purserhq/purser/internal/fault"
)

// part is one part of a body with the boundary "b".
func part(head, text string) string { return "--b\r\n" + head + "\r\n\r\n" + text + "\r\n" }

// named is the head of a field.
func named(name string) string { return `Content-Disposition: form-data; name="` + name + `"` }

func TestReadMultipart(t *testing.T) {
	t.Parallel()
	body := part(named("z"), "1 + 1 = 2\r\nyes") + part(named("a[b]"), "") + part(named("z"), "سلام") + "--b--\r\n"
	got, err := dialect.ReadMultipart([]byte(body), map[string]string{"boundary": "b"})
	if err != nil {
		t.Fatal(err)
	}
	text := func(s string) dialect.Value { return dialect.Value{Kind: dialect.Text, Text: s} }
	want := dialect.Fields{
		{Name: "z", Value: text("1 + 1 = 2\r\nyes")}, {Name: "a[b]", Value: text("")}, {Name: "z", Value: text("سلام")},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	got, err = dialect.ReadMultipart([]byte("--b--\r\n"), map[string]string{"boundary": "b"})
	if err != nil || got != nil {
		t.Errorf("no parts: got %v, %v", got, err)
	}
}

func TestReadMultipartRefuses(t *testing.T) {
	t.Parallel()
	good := part(named("a"), "1") + "--b--\r\n"
	for name, body := range map[string]string{
		"nothing":       "",
		"no end":        part(named("a"), "1"),
		"torn":          good[:len(good)-12],
		"no name":       part("Content-Disposition: form-data", "1") + "--b--\r\n",
		"no form data":  part(`Content-Disposition: attachment; name="a"`, "1") + "--b--\r\n",
		"no head":       part("", "1") + "--b--\r\n",
		"a file":        part(named("a")+`; filename="x.txt"`, "1") + "--b--\r\n",
		"encoded":       part(named("a")+"\r\nContent-Transfer-Encoding: base64", "MQ==") + "--b--\r\n",
		"a zero":        part(named("a"), "\x00") + "--b--\r\n",
		"not UTF-8":     part(named("a"), "\xff\xfe") + "--b--\r\n",
		"too many":      strings.Repeat(part(named("a"), "1"), 1001) + "--b--\r\n",
		"another's end": strings.ReplaceAll(good, "--b", "--c"),
	} {
		got, err := dialect.ReadMultipart([]byte(body), map[string]string{"boundary": "b"})
		if !fault.Is(err, fault.CodeBodyUnreadable) {
			t.Errorf("%s: got %v, %v, want body_unreadable", name, got, err)
		}
	}
	if _, err := dialect.ReadMultipart([]byte(good), nil); !fault.Is(err, fault.CodeBodyUnreadable) {
		t.Errorf("no boundary: got %v, want body_unreadable", err)
	}
}

// FuzzReadMultipart proves that what the library writes is read as it was
// meant, and that anything else is one fault.
func FuzzReadMultipart(f *testing.F) {
	f.Add("a", "1", []byte(part(named("a"), "1")+"--b--"))
	f.Add(`q"\`, "\r\n--b--", []byte("--b\r\n\r\n"))
	f.Fuzz(func(t *testing.T, name, text string, raw []byte) {
		if _, err := dialect.ReadMultipart(raw, map[string]string{"boundary": "b"}); err != nil &&
			!fault.Is(err, fault.CodeBodyUnreadable) {
			t.Fatalf("got %v, want body_unreadable", err)
		}
		var body bytes.Buffer
		writer := multipart.NewWriter(&body)
		if err := writer.WriteField(name, text); err != nil {
			t.Skip("the library does not write it")
		}
		if err := writer.Close(); err != nil {
			t.Fatal(err)
		}
		fields, err := dialect.ReadMultipart(body.Bytes(), map[string]string{"boundary": writer.Boundary()})
		if err == nil && (len(fields) != 1 || fields[0].Value.Text != text) {
			t.Errorf("got %+v, want the text %q", fields, text)
		}
	})
}
