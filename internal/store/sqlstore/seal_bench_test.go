package sqlstore_test

import (
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/store/sqlstore"
)

// BenchmarkSeal seals entries that have two postings each, a thousand at a time.
func BenchmarkSeal(b *testing.B) {
	b.Run("sqlite", func(b *testing.B) {
		sealEntries(b, sqlstore.Options{URL: filepath.Join(b.TempDir(), "purser.db")})
	})
	b.Run("postgres", func(b *testing.B) {
		sealEntries(b, sqlstore.Options{URL: benchServer(b).URL("bench"), Committers: 1})
	})
}

func sealEntries(b *testing.B, o sqlstore.Options) {
	b.Helper()
	d := openShared(b, o)
	merchants := merchantsOf(1000)
	var all sync.WaitGroup
	at := time.Now()
	for c := range callers {
		all.Go(func() {
			for n := c; n < max(b.N, 1000); n += callers {
				if err := d.Commit(b.Context(), paid(merchants[n%len(merchants)], int64(n), at)); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	b.ResetTimer()
	for n := 0; n < b.N; {
		s, err := d.Seal(b.Context(), 1000)
		if err != nil || s.Entries == 0 {
			b.Fatalf("sealed %+v, %v", s, err)
		}
		n += int(s.Entries)
	}
}
