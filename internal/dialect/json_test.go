package dialect_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/purserhq/purser/internal/dialect"
	"github.com/purserhq/purser/internal/fault"
)

// A key may not come twice, however it is written and however many there are.
func TestReadJSONTwice(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 15, 16, 17, 40} {
		keys := make([]string, n)
		for i := range keys {
			keys[i] = fmt.Sprintf(`"k%d": %d`, i, i)
		}
		others := strings.Join(append(keys, ""), " ,\n")
		fields, err := dialect.ReadJSON([]byte(`{`+others+`"last":"\"\\"}`), nil)
		if err != nil || len(fields) != n+1 || fields[n].Value.Text != `"\` {
			t.Errorf("%d keys and one: got %+v, %v", n, fields, err)
		}
		for _, again := range []string{`"last":1,"last":1`, `"last":1, "\u006cast":1`} {
			if _, err := dialect.ReadJSON([]byte(`{`+others+again+`}`), nil); !fault.Is(err, fault.CodeBodyUnreadable) {
				t.Errorf("%d keys, then %s: got %v, want body_unreadable", n, again, err)
			}
		}
		if n > 0 {
			text := `{` + others + `"k0":1}`
			if _, err := dialect.ReadJSON([]byte(text), nil); !fault.Is(err, fault.CodeBodyUnreadable) {
				t.Errorf("the first of %d keys twice: got %v, want body_unreadable", n, err)
			}
		}
	}
}

func BenchmarkReadJSON(b *testing.B) {
	body := []byte(`{"title":"Order 48213, two items","totalAmount":1250000,` +
		`"mobile":"+989120000000","email":"payer@example.com"}`)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := dialect.ReadJSON(body, nil); err != nil {
			b.Fatal(err)
		}
	}
}
