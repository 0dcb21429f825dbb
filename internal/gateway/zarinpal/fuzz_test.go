package zarinpal

import (
	"fmt"
	"net/url"
	"testing"

	"github.com/purserhq/purser/internal/gateway/client"
)

// A refusal must never be read as a success, whatever the bytes.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		fmt.Sprintf(paidData, 100, "null"), refusal(-51), status("PAID"), `{"data":[],"errors":[{"code":-9}]}`,
		`{"data":[],"errors":{"authority":["text","-54"]}}`, `{}`, `null`, `{"data":{},"errors":{}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var data verified
		got, err := read(client.Answer{Status: 200, Body: body}, &data, &data.Code)
		if err != nil && got != (said{}) {
			t.Errorf("got %+v beside the error %v", got, err)
		}
		if err == nil && got.code == codeDone && data.Code != codeDone && got.message != "" {
			t.Errorf("a refusal was read as %+v", got)
		}
	})
}

func FuzzReadGraph(f *testing.F) {
	for _, seed := range []string{
		refundData("SUCCESS", 1), `{"errors":[{"message":"no"}]}`,
		`{"data":null,"errors":[{}]}`, `{"data":{"resource":null}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var data struct {
			Resource *resource `json:"resource"`
		}
		got, err := readGraph(client.Answer{Status: 200, Body: body}, &data)
		if (err != nil || data.Resource != nil) && got.message != "" {
			t.Errorf("got refusal %q beside %v and %+v", got.message, err, data.Resource)
		}
	})
}

func FuzzReadReturn(f *testing.F) {
	f.Add("Authority=" + authority + "&Status=OK")
	f.Add("authority=x&STATUS=NOK&Authority=y")
	f.Fuzz(func(t *testing.T, text string) {
		query, err := url.ParseQuery(text)
		if err != nil {
			return
		}
		if n, ok := (Returner{}).ReadReturn(query); ok && !authorityForm.MatchString(n.Session) {
			t.Errorf("%q: got %+v", text, n)
		}
	})
}
