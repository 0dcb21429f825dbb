package server

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestLinesWaitForAMoment(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		held := &lines{w: &out}
		written := func() string {
			held.mu.Lock() // a timer may be about to write
			defer held.mu.Unlock()
			return out.String()
		}
		log, err := newLog(held, "json", "info")
		if err != nil {
			t.Fatal(err)
		}
		log.InfoContext(t.Context(), "first")
		log.InfoContext(t.Context(), "second")
		if got := written(); got != "" {
			t.Errorf("written at once: %s", got)
		}
		time.Sleep(holdTime + time.Millisecond)
		synctest.Wait()
		if got := strings.Count(written(), "\n"); got != 2 {
			t.Errorf("%d lines after a moment", got)
		}
		log.InfoContext(t.Context(), "third")
		log.WarnContext(t.Context(), "fourth", slog.String("why", "it cannot wait"))
		if got := strings.Count(written(), "\n"); got != 4 {
			t.Errorf("%d lines after a warning", got)
		}
		log.InfoContext(t.Context(), "long", slog.String("text", strings.Repeat("x", holdBytes)))
		if got := strings.Count(written(), "\n"); got != 5 {
			t.Errorf("%d lines after a long one", got)
		}
		log.InfoContext(t.Context(), "last")
		held.Flush()
		if !strings.Contains(written(), `"last"`) {
			t.Error("the last line was not written")
		}
		time.Sleep(time.Second) // the timers of this bubble end
	})
}
