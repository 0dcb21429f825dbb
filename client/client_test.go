package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/purserhq/purser/client"
)

// came is one call as it arrived at the server.
type came struct{ method, path, key, name, body string }

// serve starts a server that gives one answer after the other, the last one again
// and again, and a client of it.
func serve(t *testing.T, answers ...http.HandlerFunc) (*client.ClientWithResponses, *[]came) {
	t.Helper()
	var calls []came
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		calls = append(calls, came{
			r.Method, r.URL.RequestURI(), r.Header.Get("Authorization"), r.Header.Get("Idempotency-Key"), string(body),
		})
		answers[min(len(calls), len(answers))-1](w, r)
	}))
	t.Cleanup(server.Close)
	c, err := client.New(client.Config{URL: server.URL, Key: "sk_1", Pause: time.Nanosecond})
	if err != nil {
		t.Fatal(err)
	}
	return c, &calls
}

func says(status int, kind, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func refuses(status int, code string) http.HandlerFunc {
	return says(status, "application/problem+json", fmt.Sprintf(
		`{"status":%d,"code":%q,"param":"amount","detail":"No.","request_id":"r1","errors":[{"code":"c","param":"p"}]}`,
		status, code))
}

func breaks(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

var made = says(http.StatusCreated, "application/json", `{"id":"inv_1","amount":"12.50","a_new_field":{"x":1}}`)

// A call is repeated under one name with one body until it is answered.
func TestTriesAgain(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		first http.HandlerFunc
		calls int
	}{
		"at once":           {made, 1},
		"a broken line":     {breaks, 2},
		"a breakdown":       {refuses(http.StatusInternalServerError, "internal"), 2},
		"a proxy":           {says(http.StatusBadGateway, "text/html", "<html>"), 2},
		"too many calls":    {refuses(http.StatusTooManyRequests, "rate_limited"), 2},
		"still running":     {refuses(http.StatusConflict, "idempotency_in_progress"), 2},
		"unavailable store": {refuses(http.StatusServiceUnavailable, "database_unavailable"), 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, calls := serve(t, test.first, made)
			got, err := c.CreateInvoiceWithResponse(t.Context(), nil, client.NewInvoice{Amount: "12.50", Unit: "EUR"})
			if err != nil || got.JSON201 == nil || got.JSON201.ID != "inv_1" {
				t.Fatalf("got %+v, %v, want the invoice", got, err)
			}
			if len(*calls) != test.calls {
				t.Fatalf("got calls %v, want %d", *calls, test.calls)
			}
			for _, call := range *calls {
				if call != (*calls)[0] || call.name == "" || call.key != "Bearer sk_1" || call.path != "/v1/invoices" {
					t.Errorf("got %+v after %+v, want the same with a name and the key", call, (*calls)[0])
				}
			}
		})
	}
}

// What the server refused is told at once, with all that it says.
func TestRefused(t *testing.T) {
	t.Parallel()
	for _, status := range []int{400, 401, 402, 403, 404, 409, 422} {
		c, calls := serve(t, refuses(status, "amount_invalid"))
		_, err := c.CreateInvoiceWithResponse(t.Context(), nil, client.NewInvoice{})
		var refused *client.Error
		if !errors.As(err, &refused) || refused.Status != status || client.CodeOf(err) != "amount_invalid" ||
			refused.Param != "amount" || refused.RequestID != "r1" || len(refused.Flaws) != 1 || len(*calls) != 1 {
			t.Errorf("%d: got %+v after %d calls, want the problem after one", status, err, len(*calls))
		}
		if !strings.Contains(err.Error(), "amount_invalid") || strings.Contains(err.Error(), "sk_1") {
			t.Errorf("got %q", err)
		}
	}
}

// The client gives up: after its tries, with its context, and never follows.
func TestGivesUp(t *testing.T) {
	t.Parallel()
	c, calls := serve(t, refuses(http.StatusInternalServerError, "internal"))
	if _, err := c.GetMerchantWithResponse(t.Context()); client.CodeOf(err) != "internal" || len(*calls) != 4 {
		t.Errorf("got %v after %d calls, want the problem after 4", err, len(*calls))
	}
	c, calls = serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "20")
		w.WriteHeader(http.StatusTooManyRequests)
	})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := c.GetMerchantWithResponse(ctx)
	var refused *client.Error
	if !errors.Is(err, context.DeadlineExceeded) || !errors.As(err, &refused) || refused.RetryAfter != 20*time.Second ||
		len(*calls) != 1 {
		t.Errorf("got %v after %d calls, want both reasons after one", err, len(*calls))
	}
	c, calls = serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	})
	if _, err := c.GetMerchantWithResponse(t.Context()); !errors.As(err, &refused) || len(*calls) != 1 {
		t.Errorf("got %v after %v, want an error after one call", err, *calls)
	}
}

// A page of something in between is an error, so that where there is none, there
// is an answer.
func TestForeignAnswer(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"text/html; charset=utf-8", ""} {
		c, calls := serve(t, says(http.StatusOK, kind, "<html>"))
		_, err := c.GetMerchantWithResponse(t.Context())
		var refused *client.Error
		if !errors.As(err, &refused) || refused.Code != "" || len(*calls) != 1 {
			t.Errorf("%q: got %v after %d calls, want an error after one", kind, err, len(*calls))
		}
	}
}

// A file comes as it is, of the types that files have and of no others, and only
// where one was asked for.
func TestFile(t *testing.T) {
	t.Parallel()
	for kind, want := range map[string]bool{
		"image/png": true, "image/jpeg": true, "application/pdf": true,
		"text/html": false, "image/svg+xml": false, "application/json": false, "": false,
	} {
		c, _ := serve(t, says(http.StatusOK, kind, "\x89PNG"))
		got, err := c.DownloadAttachmentWithResponse(t.Context(), "att_1")
		if _, refused := errors.AsType[*client.Error](err); refused == want || want && string(got.Body) != "\x89PNG" {
			t.Errorf("%q: got %+v, %v, want a file: %t", kind, got, err, want)
		}
		_, err = c.GetAttachmentWithResponse(t.Context(), "file")
		if _, refused := errors.AsType[*client.Error](err); refused == (kind == "application/json") {
			t.Errorf("%q: got %v of what is no file", kind, err)
		}
	}
}

func TestEach(t *testing.T) {
	t.Parallel()
	page := func(cursor *string) ([]int, *string, error) {
		next := "two"
		if cursor == nil {
			return []int{1, 2}, &next, nil
		}
		return []int{3}, nil, nil
	}
	var got []int
	for n, err := range client.Each(page) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, n)
	}
	if fmt.Sprint(got) != "[1 2 3]" {
		t.Errorf("got %v, want all three", got)
	}
	failed := errors.New("failed")
	count := 0
	for _, err := range client.Each(func(*string) ([]int, *string, error) { return nil, nil, failed }) {
		count++
		if !errors.Is(err, failed) {
			t.Errorf("got %v, want the failure", err)
		}
	}
	stuck := "x"
	for _, err := range client.Each(func(*string) ([]int, *string, error) { return nil, &stuck, nil }) {
		count++
		if err == nil {
			t.Error("got no error, want one of a list that goes round")
		}
	}
	if count != 2 {
		t.Errorf("got %d errors, want two", count)
	}
}

// Events goes on after the last one until there is none.
func TestEvents(t *testing.T) {
	t.Parallel()
	feed := func(after int64, sequences ...int64) http.HandlerFunc {
		all := []map[string]any{}
		for _, n := range sequences {
			all = append(all, map[string]any{"sequence": n})
		}
		text, err := json.Marshal(map[string]any{"after": after, "data": all})
		if err != nil {
			t.Fatal(err)
		}
		return says(http.StatusOK, "application/json", string(text))
	}
	c, calls := serve(t, feed(7, 6, 7), feed(8, 8), feed(8))
	var got []int64
	for e, err := range c.Events(t.Context(), 5) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, e.Sequence)
	}
	if fmt.Sprint(got) != "[6 7 8]" || len(*calls) != 3 || (*calls)[1].path != "/v1/events?after=7" {
		t.Errorf("got %v by %v, want three events", got, *calls)
	}
}

func TestNew(t *testing.T) {
	t.Parallel()
	for _, c := range []client.Config{
		{},
		{URL: "https://pay.example"},
		{URL: "pay.example", Key: "sk_1"},
		{URL: "ftp://pay.example", Key: "sk_1"},
		{URL: "https://pay.example", Key: "sk_1\r\nX: y"},
		{URL: "https://pay.example", Key: "sk_1", Tries: -1},
	} {
		if _, err := client.New(c); err == nil {
			t.Errorf("%+v: got a client, want an error", c)
		}
	}
	for _, address := range []string{"https://pay.example", "https://pay.example/v1/"} {
		c, err := client.New(client.Config{URL: address, Key: "sk_1"})
		if err != nil {
			t.Fatal(err)
		}
		if inner, ok := c.ClientInterface.(*client.Client); !ok || inner.Server != "https://pay.example/v1/" {
			t.Errorf("%s: got %+v", address, c.ClientInterface)
		}
	}
}
