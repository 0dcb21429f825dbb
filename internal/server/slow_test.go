package server

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// TestSlowSendersAreCutOff says too little or too much on connections of its own: the
// server ends each, long before the times that it has by default would.
func TestSlowSendersAreCutOff(t *testing.T) {
	t.Parallel()
	const soon, late = 200 * time.Millisecond, 4 * time.Second
	r := start(t, Config{ReadHeaderTimeout: soon, ReadTimeout: 2 * soon, IdleTimeout: soon, MaxHeaderBytes: 4096}, nil)
	t.Cleanup(func() { r.halt(t) }) // when all below have ended
	begin := "POST /v1/invoices HTTP/1.1\r\nHost: pay.example\r\n"
	for name, test := range map[string]struct{ sent, answer string }{
		"half of the headers":  {begin, ""},
		"half of the body":     {begin + "Content-Type: application/json\r\nContent-Length: 900\r\n\r\n{", "HTTP/1.1 4"},
		"nothing after a call": {"GET /healthz HTTP/1.1\r\nHost: pay.example\r\n\r\n", "HTTP/1.1 200 "},
		"too many headers":     {begin + "X-Long: " + strings.Repeat("a", 16<<10) + "\r\n\r\n", "HTTP/1.1 431 "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(r.url, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = c.Close() }() // the server has ended it
			if err := c.SetDeadline(time.Now().Add(late)); err != nil {
				t.Fatal(err)
			}
			if _, err := io.WriteString(c, test.sent); err != nil {
				t.Fatal(err)
			}
			if got, err := io.ReadAll(c); err != nil || !strings.HasPrefix(string(got), test.answer) ||
				test.answer == "" && len(got) > 0 {
				t.Errorf("got %q and %v, want %q and the end of the connection", got, err, test.answer)
			}
		})
	}
}
