package sqlstore

import (
	"encoding"
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// details are all types of details.
var details = []any{
	attachmentDetail{},
	customerDetail{},
	traderDetail{},
	requisiteDetail{},
	dealDetail{},
	deliveryDetail{},
	endpointDetail{},
	invoiceDetail{},
	merchantDetail{},
	keyDetail{},
	gatewayDetail{},
	paymentDetail{},
	payoutDetail{},
	refundDetail{},
	settlementDetail{},
	settledDetail{},
	terminalDetail{},
	transferDetail{},
	marketDetail{},
	exchangeDetail{},
}

// said are texts that details hold, from the plainest to those that encoding/json
// writes in its own way.
var said = []string{
	"", "a", "IRR", "https://bank.example/pay?a=1&b=2", "<b>", `"`, `\`, "خرید از فروشگاه", "\u2028", "\ufffd", "a\tb",
	"😀", "\x01",
}

// fill gives a value something to hold; many of its parts stay empty.
func fill(r *rand.Rand, v reflect.Value) {
	if _, own := v.Addr().Interface().(encoding.TextUnmarshaler); own || r.IntN(4) == 0 {
		return // what reads itself has a test of its own
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(said[r.IntN(len(said))])
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(r.Uint64() >> r.IntN(64)))
	case reflect.Uint8:
		v.SetUint(uint64(r.IntN(256)))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(r, v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), r.IntN(3), 3))
		for i := range v.Len() {
			fill(r, v.Index(i))
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range r.IntN(3) {
			key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			fill(r, key)
			fill(r, value)
			v.SetMapIndex(key, value)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			fill(r, v.Field(i))
		}
	default:
		panic("a detail has a " + v.Type().String())
	}
}

// same holds what is read of a text against what encoding/json reads of it.
func same(t *testing.T, of reflect.Type, text string) {
	t.Helper()
	got, want := reflect.New(of), reflect.New(of)
	err, wrong := unpack(text, got.Interface()), json.Unmarshal([]byte(text), want.Interface())
	if (err == nil) != (wrong == nil) {
		t.Fatalf("%s of %s: got error %v, want %v", of, text, err, wrong)
	}
	if diff := cmp.Diff(want.Elem().Interface(), got.Elem().Interface(), cmp.Exporter(func(reflect.Type) bool {
		return true
	})); wrong == nil && diff != "" {
		t.Fatalf("%s of %s:\n%s", of, text, diff)
	}
}

// What was packed comes back, and is what encoding/json reads of it.
func TestDetailsComeBack(t *testing.T) {
	t.Parallel()
	for _, detail := range details {
		of := reflect.TypeOf(detail)
		t.Run(of.Name(), func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(1, uint64(len(of.Name()))))
			for range 500 {
				v := reflect.New(of).Elem()
				fill(r, v)
				text, err := pack(v.Interface())
				if err != nil {
					t.Fatal(err)
				}
				same(t, of, text)
			}
		})
	}
}

// strange are details that nobody packs.
var strange = func() []string {
	all := []string{"", "null", "[]", `"a"`, "1", "{", "{}x", " {}", "{} ", "{}{}"}
	for _, member := range []string{
		``, `"wallet"`, `"wallet":`, `"wallet":01`, `"wallet":-`, `"wallet":1.0`, `"wallet":1e2`, `"wallet":"1"`,
		`"wallet":9223372036854775807`, `"wallet":9223372036854775808`, `"wallet": 1`, `"wallet" :1`, `"wallet":1,`,
		`"wallet":null`, `"wallet":tru`, `"Wallet":1`, `"stranger":{"a":[1,null,{}]}`, `"hold":false`, `"hold":tru`,
		`"hold":1`, `"note":"a` + "\n" + `"`, `"note":"` + "\xff" + `"`, `"note":"a`, `"note":"a\"`, `"note":"\x"`,
		`"note":"\u12"`, `"note":null`, `"bag":null`, `"bag":{"a":1}`, `"bag":{"a"}`, `"bag":[]`, `"attempt":null`,
		`"attempt":[]`, `"attempt":{"fee":null}`, `"attempt":{"fee":{"steps":1,"unit":"IRR","x":1}}`, `"holding":{]`,
		`"finalized_at":null`, `"finalized_at":1.5`, `note:"a"`, `'note':"a"`,
	} {
		all = append(all, `{"card":"a",`+member+`}`)
	}
	return all
}()

// FuzzUnpack holds any text against encoding/json.
func FuzzUnpack(f *testing.F) {
	for _, text := range strange {
		f.Add(text)
	}
	f.Add(`{"wallet":1,"attempt":{"number":1},"attempt":{"short":"\u0026"},"bag":{"a":"b"},"bag":{"c":"d"},"hold":true}`)
	f.Add(`{"keys":[{"a":1}],"rails":[],"rails":[{}],"wallet":-0,"wallet":-12,"checks":123456789012345678}`)
	f.Fuzz(func(t *testing.T, text string) {
		for _, detail := range details {
			same(t, reflect.TypeOf(detail), text)
			if strings.HasPrefix(text, "{") {
				same(t, reflect.TypeOf(detail), strings.ReplaceAll(text, " ", ""))
			}
		}
	})
}
