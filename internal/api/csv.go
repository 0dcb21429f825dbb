package api

import (
	"encoding/csv"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/purserhq/purser/internal/dialect"
	"github.com/purserhq/purser/internal/fault"
)

// The words for a list that is written as a table for spreadsheets.
const (
	csvFormat = "csv"
	csvType   = "text/csv"
)

// formatted is how a list is written; embed it in the query of one.
type formatted struct {
	Format string `query:"format"`
}

// listed is the answer of a list, or a part of it.
type listed interface {
	// items is a slice.
	items() any
	// rest is the parameter with which the next part is asked for; without a name
	// this was the last one.
	rest() (name, value string)
}

func (p pageOf[Item]) items() any { return p.Data }

func (p pageOf[Item]) rest() (name, value string) {
	if p.NextCursor == nil {
		return "", ""
	}
	return "cursor", *p.NextCursor
}

func (w wholeOf[Item]) items() any { return w.Data }

func (w wholeOf[Item]) rest() (name, value string) { return "", "" }

func (f feed) items() any { return f.Data }

func (f feed) rest() (name, value string) {
	if !f.more { // what comes while it is read would never end
		return "", ""
	}
	return "after", strconv.FormatInt(f.After, 10)
}

// listing says that the answers of a type are lists.
func listing(t reflect.Type) bool { return t.Implements(reflect.TypeFor[listed]()) }

// wantsTable says whether a list is to be written as a table: the parameter says
// so or, without it, the header. Error: parameter_invalid.
func wantsTable[Query any](c *call, q Query) (bool, error) {
	if c.params["format"] == nil {
		return false, nil
	}
	format := param(&q, "format")
	if format.String() == "" && !dialect.Prefers(c.Request.Request, csvType) {
		return false, nil
	}
	if format.String() != "" && format.String() != csvFormat {
		return false, nil
	}
	if limit := param(&q, "limit"); limit.IsValid() && !limit.IsZero() {
		return false, fault.New(fault.CodeParameterInvalid, "limit", "A table has no pages.")
	}
	return true, nil
}

// param is a field of a query, by the name of its parameter.
func param[Query any](q *Query, name string) reflect.Value {
	into := reflect.ValueOf(q).Elem()
	field, ok := queryField(into.Type(), name)
	if !ok {
		return reflect.Value{}
	}
	return into.FieldByIndex(field.Index)
}

// roomy says that a table of a type of list has a column for what expand asks for.
func roomy(page reflect.Type) bool {
	data, ok := page.FieldByName("Data")
	return ok && len(shown(data.Type.Elem())) == data.Type.Elem().NumField()
}

// begin writes what stands before a table.
func begin(h http.Header, o operation) {
	name := o.path[strings.LastIndexByte(o.path, '/')+1:]
	for key, value := range map[string]string{
		"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
		"Content-Type":        csvType + "; charset=utf-8; header=present",
		"Content-Disposition": `attachment; filename="` + name + `.csv"`,
	} {
		h.Set(key, value)
	}
}

// advance sets a parameter for the next part.
func advance(into reflect.Value, value string) {
	if into.Kind() == reflect.String {
		into.SetString(value)
		return
	}
	number, _ := strconv.ParseInt(value, 10, 64) // it is one of ours
	into.SetInt(number)
}

// columns are the names of the fields of an item, in their order.
func columns(item reflect.Type) []string {
	var names []string
	for _, f := range shown(item) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		names = append(names, name)
	}
	return names
}

// shown are the fields of an item that a table has: what a caller may want to see
// with it has no column.
func shown(item reflect.Type) []reflect.StructField {
	return slices.DeleteFunc(reflect.VisibleFields(item), func(f reflect.StructField) bool {
		return f.Tag.Get("table") == "-" || !f.IsExported()
	})
}

// lines writes items. Who writes keeps its first error.
func lines(out *csv.Writer, items any) {
	list := reflect.ValueOf(items)
	for n := range list.Len() {
		item, fields := list.Index(n), shown(list.Type().Elem())
		cells := make([]string, len(fields))
		for at, f := range fields {
			if v := item.FieldByIndex(f.Index); !v.IsZero() || !optional(f) {
				cells[at] = cell(v)
			}
		}
		_ = out.Write(cells)
	}
}

// optional says that a field is left out of an object where it has nothing to say.
func optional(f reflect.StructField) bool { return strings.Contains(f.Tag.Get("json"), ",omit") }

// number is a text that no spreadsheet takes for anything but a number.
var number = regexp.MustCompile(`^-[0-9]+(\.[0-9]+)?$`)

// cell writes one field: what is no plain value as JSON. A text that a spreadsheet
// would take for a formula gets an apostrophe before it.
func cell(v reflect.Value) string {
	if v.IsZero() && v.Kind() != reflect.Bool && v.Kind() != reflect.Int64 {
		return ""
	}
	text := v.String()
	if v.Kind() != reflect.String {
		raw, err := dialect.JSON(v.Interface())
		if err != nil {
			return ""
		}
		text = string(raw)
	}
	if number.MatchString(text) {
		return text
	}
	return unformula.ReplaceAllString(text, "$1'$2")
}

// unformula finds where a spreadsheet would begin a formula: some take the wide forms of East
// Asia for the same signs, and some divide a line at semicolons, whatever the file says.
var unformula = regexp.MustCompile("(^|; *)([=+\\-@\t\r\n＝＋－＠])")
