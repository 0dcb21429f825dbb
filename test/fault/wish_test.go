//go:build fault

package fault

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/purserhq/purser/internal/server"
)

// errBusy says that the first call under a key is still under way.
var errBusy = errors.New("the same wish is still being carried out")

// wishKey makes a key of Purser's own API that may send money.
func (t *till) wishKey() string {
	t.t.Helper()
	var key struct{ Secret string }
	t.operate("", &key, func(c server.Commands) error {
		return c.AddKey(t.t.Context(), server.NewKey{Merchant: t.merchant, Scopes: []string{"transfers:write"}})
	})
	return key.Secret
}

// wish sends money under an Idempotency-Key until there is an answer, and then
// once more: the answer is the same, byte for byte.
func (c *regular) wish() error {
	name := fmt.Sprint("wish ", c.order())
	to := c.people[c.rng.IntN(len(c.people))]
	body := fmt.Sprintf(`{"source":%d,"destination":%d,"amount":"0.%02d","unit":"USDT"}`, house, to.account,
		1+c.rng.IntN(99))
	first, _, err := c.again(func() (answer, error) { return c.named(name, body) })
	if err != nil {
		return err
	}
	if first.status != http.StatusCreated {
		return fmt.Errorf("%s: got status %d: %s", name, first.status, first.body)
	}
	c.wishes.Add(1)
	c.tally.acks.Add(1)
	second, _, err := c.again(func() (answer, error) { return c.named(name, body) })
	if err == nil && (second.status != first.status || !bytes.Equal(second.body, first.body)) {
		err = fmt.Errorf("%s again: got status %d, %s, want %s", name, second.status, second.body, first.body)
	}
	return err
}

// named is one call of Purser's own API under a name.
func (c *regular) named(name, body string) (answer, error) {
	request, err := http.NewRequestWithContext(c.t.Context(), http.MethodPost, "http://"+c.address+"/v1/transfers",
		strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+c.key)
	request.Header.Set("Idempotency-Key", name)
	response, err := c.http.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = response.Body.Close() }() // read to its end
	text, err := io.ReadAll(response.Body)
	if err == nil && bytes.Contains(text, []byte("idempotency_in_progress")) {
		err = errBusy
	}
	return answer{response.StatusCode, response.Header, text}, err
}

// wantWishes checks that every wish came true once: nothing else sends money
// without an order of its own.
func (t *till) wantWishes(wishes *atomic.Int64) {
	t.t.Helper()
	var got int64
	for _, one := range all[moved](t, t.house, "transfer-list", "transfer_type=transfer_out&") {
		if one.OrderID == "" {
			got++
		}
	}
	if want := wishes.Load(); got != want || want == 0 {
		t.t.Errorf("%d wishes came true, want the %d that were made", got, want)
	}
}
