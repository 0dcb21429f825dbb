package server

import (
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/purserhq/purser/internal/dialect"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/gateway"
)

// noticePath is below which gateways' servers tell of payments: the merchant
// and the merchant's name for the gateway follow.
const noticePath = "/notify"

// The budget of one network address that tells of payments. A provider's
// servers are few and busy.
const (
	noticePause   = 20 * time.Millisecond
	noticeBurst   = 500
	noticeSenders = 10_000
	noticeBody    = 256 << 10 // bytes
)

// ear is the address for notices of gateways.
type ear struct {
	*core

	senders *dialect.Limiter
}

// addNotices adds the address at which gateways' servers tell of payments.
func addNotices(r *routes, k *core) {
	e := ear{k, dialect.NewLimiter(noticePause, noticeBurst, noticeSenders)}
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		r.handle("gateway", method+" "+noticePath+"/{merchant}/{gateway}", e)
	}
}

// ServeHTTP takes one message. The query and the body may hold a provider's
// key, so neither is logged.
func (e ear) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if _, ok := e.senders.Allow(e.now(), dialect.ClientAddress(r)); !ok {
		w.Header().Set("Retry-After", "1")
		say(w, http.StatusTooManyRequests, "too many messages")
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, noticeBody))
	if err != nil {
		say(w, http.StatusRequestEntityTooLarge, "the message cannot be read")
		return
	}
	ack, err := e.app.HearGateway(r.Context(), r.PathValue("merchant"), r.PathValue("gateway"), gateway.Message{
		Method: r.Method, Query: r.URL.Query(), Header: r.Header, Body: body,
	})
	switch {
	case err == nil:
		if ack.MediaType != "" {
			w.Header().Set("Content-Type", ack.MediaType)
		}
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(ack.Status)
		_, _ = io.WriteString(w, ack.Body) // a sender who has gone tells again
	case fault.KindOf(err) == fault.NotFound:
		say(w, http.StatusNotFound, "there is no such gateway, or it sends no messages")
	case fault.Is(err, fault.CodeSignatureInvalid):
		e.log.WarnContext(r.Context(), "message with a wrong signature", slog.String("merchant", r.PathValue("merchant")),
			slog.String("gateway", r.PathValue("gateway")), slog.String("from", dialect.ClientAddress(r)))
		say(w, http.StatusForbidden, "the message is not signed as it should be")
	default:
		e.log.WarnContext(r.Context(), "message of a gateway was not taken", slog.String("error", fault.Detail(err)))
		w.Header().Set("Retry-After", "10")
		say(w, http.StatusServiceUnavailable, "not now: send it again")
	}
}
