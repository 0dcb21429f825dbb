package wallet_test

import (
	"testing"
	"time"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/wallet"
)

var noon = time.Date(2026, 5, 2, 12, 0, 0, 0, time.UTC)

// tried is a key with so many attempts, the first of them at noon.
func tried(t *testing.T, times, most int) wallet.Tries {
	t.Helper()
	tries := wallet.Tries{Merchant: "shop", Key: "account/10001", Version: 3}
	for n := range times {
		var err error
		if tries, err = tries.Another(most, noon.Add(time.Duration(n)*time.Second)); err != nil {
			t.Fatalf("attempt %d of %d: %v", n+1, most, err)
		}
	}
	return tries
}

func TestAnotherCountsUpToTheMost(t *testing.T) {
	t.Parallel()
	for _, most := range []int{1, wallet.TriesPerAccount, wallet.TriesPerAddress} {
		full := tried(t, most, most)
		want := wallet.Tries{
			Merchant: "shop", Key: "account/10001", Version: 3, Count: most, ExpiresAt: noon.Add(wallet.TryWindow),
		}
		if full != want {
			t.Errorf("got %+v, want %+v", full, want)
		}
		again, err := full.Another(most, noon.Add(wallet.TryWindow-1))
		expect(t, err, fault.CodeRateLimited)
		if again != full {
			t.Errorf("a refused attempt changed it: %+v", again)
		}
	}
}

// TestAnotherBeginsAnew when the window is over, to the nanosecond. Attempts do
// not make it longer.
func TestAnotherBeginsAnew(t *testing.T) {
	t.Parallel()
	full := tried(t, wallet.TriesPerAccount, wallet.TriesPerAccount)
	for _, later := range []time.Duration{0, 1, 24 * time.Hour} {
		now := full.ExpiresAt.Add(later)
		got, err := full.Another(wallet.TriesPerAccount, now)
		expect(t, err, "")
		if got.Count != 1 || !got.ExpiresAt.Equal(now.Add(wallet.TryWindow)) || got.Version != full.Version {
			t.Errorf("%v after its end: got %+v", later, got)
		}
	}
}

func TestLess(t *testing.T) {
	t.Parallel()
	full := tried(t, wallet.TriesPerAccount, wallet.TriesPerAccount)
	less := full.Less()
	want := full
	want.Count--
	if less != want {
		t.Errorf("got %+v, want %+v", less, want)
	}
	again, err := less.Another(wallet.TriesPerAccount, noon.Add(time.Minute))
	expect(t, err, "")
	if again != full {
		t.Errorf("one taken back and one more: got %+v, want %+v", again, full)
	}
	if none := (wallet.Tries{}).Less(); none.Count != 0 {
		t.Errorf("less than none: got %d", none.Count)
	}
}
