package server

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/purserhq/purser/internal/deal"
)

func TestFilesAboutADeal(t *testing.T) {
	t.Parallel()
	b := openBazaar(t)
	b.deal(t, "d1", "950")
	folder := t.TempDir()
	file := func(name, data string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	receipt := "%PDF-1.7 paid"
	var kept fileView
	b.operate(t, &kept, func(c Commands) error { return c.AttachFile(t.Context(), "d1", file("r", receipt), "Sam") })
	if kept.Type != "application/pdf" || kept.Size != len(receipt) || kept.By != "operator" || kept.Path != "" {
		t.Errorf("kept %+v", kept)
	}
	evidence := filepath.Join(folder, "not", "there")
	var list []fileView
	b.operate(t, &list, func(c Commands) error { return c.Files(t.Context(), "d1", evidence) })
	want := filepath.Join(evidence, kept.ID+".pdf")
	if len(list) != 1 || list[0].ID != kept.ID || list[0].Path != want {
		t.Fatalf("listed %+v", list)
	}
	if got, err := os.ReadFile(want); err != nil || string(got) != receipt {
		t.Errorf("wrote %q, %v", got, err)
	}
	d := newDesk(b.config)
	if err := d.Files(t.Context(), "d1", evidence); err == nil || !strings.Contains(err.Error(), "exists") {
		t.Errorf("over a file that is there: %v", err)
	}
	large := string(append([]byte("\xff\xd8\xff"), bytes.Repeat([]byte("x"), deal.MaxFile)...))
	for path, words := range map[string]string{
		file("page.png", "<html>"): "is no PNG, JPEG or PDF", file("empty", ""): "is empty",
		file("large", large): "a file has at most 10 MB", filepath.Join(folder, "none"): "no such file",
	} {
		if err := d.AttachFile(t.Context(), "d1", path, "Sam"); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%s: got %v, want %q", path, err, words)
		}
	}
	b.operate(t, new(any), func(c Commands) error {
		return c.CancelDeal(t.Context(), DealWord{Deal: "d1", Operator: "Sam"})
	})
	if err := d.AttachFile(t.Context(), "d1", file("late", receipt), "Sam"); err == nil ||
		!strings.Contains(err.Error(), "deal d1 is canceled") {
		t.Errorf("after the decision: %v", err)
	}
}
