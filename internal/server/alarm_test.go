package server

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/store"
	"github.com/purserhq/purser/internal/store/sqlitetest"
)

// TestAlarmOfAnother wants a server to stop for what another one has found wrong,
// before its own audit has looked at anything, and to go on after a round of its own
// found nothing; one that takes a warning only goes on, and the alarm stands.
func TestAlarmOfAnother(t *testing.T) {
	t.Parallel()
	for _, setting := range []string{brokenStop, brokenWarn} {
		t.Run(setting, func(t *testing.T) {
			t.Parallel()
			config := Config{Data: sqlitetest.Folder(t), AuditInterval: time.Millisecond, OnBrokenBooks: setting}
			raise(t, config)
			r := start(t, config, func(s *Server) {
				w := httptest.NewRecorder()
				s.money(w, nil)
				if w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "I2: balances are the sums") {
					t.Errorf("before it serves: got %d %s, want what was found wrong", w.Code, w.Body.String())
				}
				if got := s.halted.Load(); got != (setting == brokenStop) {
					t.Errorf("before it serves: got halted %v", got)
				}
			})
			defer r.halt(t)
			waitUntil(t, func() bool {
				status, _ := r.get(t, r.url+"/healthz/money")
				return status == http.StatusOK && !r.halted.Load()
			})
			if a, err := r.store.Alarm(t.Context()); err != nil || a.Raised() {
				t.Errorf("got %+v, %v, want the alarm ended", a, err)
			}
		})
	}
}

// raise puts an alarm into a server's database, as another server would.
func raise(t *testing.T, c Config) {
	t.Helper()
	k, err := openCore(t.Context(), mustFill(t, c), forWriting, commandLog(t.Output()))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := k.close(); err != nil {
			t.Error(err)
		}
	}()
	alarm := store.Alarm{ID: "I2", Checks: "balances are the sums", Example: "account a", At: time.Unix(1, 0)}
	if err := k.store.RaiseAlarm(t.Context(), alarm); err != nil {
		t.Fatal(err)
	}
}
