package gatewaytest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/gateway"
)

// noticeWait is how long a notice that must come may take.
const noticeWait = 10 * time.Second

// inbox is the address that a provider's server sends notices to.
type inbox struct {
	url      string
	messages chan gateway.Message
}

// newInbox starts one. Every message is kept and answered as taken.
func newInbox(t *testing.T) *inbox {
	t.Helper()
	in := &inbox{messages: make(chan gateway.Message, 100)}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("read the notice: %v", err)
		}
		in.messages <- gateway.Message{Method: r.Method, Query: r.URL.Query(), Header: r.Header.Clone(), Body: body}
		w.WriteHeader(http.StatusOK)
	}))
	t.Cleanup(server.Close)
	in.url = server.URL + "/notices/shop/contract"
	return in
}

// Notified is the next notice that the emulator sends.
func (s *Scene) Notified() gateway.Message {
	s.t.Helper()
	late := time.NewTimer(noticeWait)
	defer late.Stop()
	select {
	case m := <-s.inbox.messages:
		return m
	case <-late.C:
		s.t.Fatal("no notice came")
	}
	return gateway.Message{}
}

// noticed pays and hears of it from the provider's server alone.
func (w World) noticed(t *testing.T) {
	if w.Notices == nil {
		return
	}
	s := Stage(t, w)
	n, _ := s.Gateway.(gateway.Notifier)
	a := s.Open()
	s.Decide(a, "approve")
	checked, err := gateway.Checked(n, s.Notified())
	if err != nil {
		t.Fatal(err)
	}
	notice, ok := n.ReadNotification(checked)
	if !ok || !notice.Good || (notice.Session != a.Session && (notice.Short == "" || notice.Short != a.Short)) {
		t.Errorf("got %+v %v, want good news of session %s", notice, ok, a.Session)
	}
	s.Taken(a)
}

// forgedNotice sends success for what nobody paid: whether the message passes
// its check or not, nothing is captured.
func (w World) forgedNotice(t *testing.T) {
	if w.Notices == nil || slices.Contains(w.Without, "forged-notice") {
		return
	}
	s := Stage(t, w)
	n, _ := s.Gateway.(gateway.Notifier)
	s.Fault("forged-notice", "", "")
	a := s.Open()
	s.Decide(a, "decline")
	if checked, err := gateway.Checked(n, s.Notified()); err == nil {
		notice, _ := n.ReadNotification(checked)
		a.Word = notice.Word
	}
	if got := s.Gateway.Resolve(t.Context(), a, gateway.Take); got.Outcome == gateway.Captured {
		t.Errorf("got %+v from a forged notice", got)
	}
	s.Books(a, 0)
}
