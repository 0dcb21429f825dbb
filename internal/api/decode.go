package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	// What encoding/json becomes with Go 1.27, with the meaning that it has now.
	jsonnext "github.com/go-json-experiment/json/v1"

	"github.com/purserhq/purser/internal/dialect"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/money"
)

// readBody reads the body of a call. Every field that is unknown, missing or
// wrong is named. Errors: parameter_missing, parameter_invalid.
func readBody[Body any](c *call) (in Body, err error) {
	if c.body == nil {
		if len(c.Fields) > 0 {
			return in, unknown(c.Fields[0].Name)
		}
		return in, nil
	}
	var wrong fault.List
	c.desk.shape(&wrong, c.body, c.Fields, "")
	if err := wrong.Err(); err != nil {
		return in, err
	}
	if len(c.Raw) == 0 {
		return in, nil
	}
	if err := c.desk.check(c.body, loose(c.Fields), ""); err != nil {
		return in, err
	}
	if err := c.desk.checkTimes(c.body, c.Fields); err != nil {
		return in, err
	}
	if err := jsonnext.Unmarshal(c.Raw, &in); err != nil {
		var unfit *jsonnext.UnmarshalTypeError
		if errors.As(err, &unfit) && unfit.Field != "" { // the schema says integer, and nothing of how long one may be
			words := "It is beyond what can be counted."
			if number, ok := strings.CutPrefix(unfit.Value, "number "); ok && strings.ContainsAny(number, ".eE") {
				words = "It must be written as a whole number."
			}
			return in, fault.New(fault.CodeParameterInvalid, unfit.Field, words).With(err)
		}
		return in, fault.New(fault.CodeBodyUnreadable, "", "").With(err)
	}
	return in, nil
}

// loose are fields as the validator knows them: what encoding/json makes of an
// object, with numbers as text.
func loose(fields dialect.Fields) map[string]any {
	object := make(map[string]any, len(fields))
	for _, f := range fields {
		object[f.Name] = looseValue(f.Value)
	}
	return object
}

func looseValue(v dialect.Value) any {
	switch v.Kind {
	case dialect.Text:
		return v.Text
	case dialect.Number:
		return json.Number(v.Text)
	case dialect.Bool:
		return v.Text == "true"
	case dialect.Object:
		return loose(v.Fields)
	case dialect.List:
		list := make([]any, len(v.Items))
		for i, item := range v.Items {
			list[i] = looseValue(item)
		}
		return list
	case dialect.Null:
	}
	return nil
}

// shape names the fields that are unknown, and those that are missing. A null
// is a field that is not there.
func (d *desk) shape(wrong *fault.List, s *huma.Schema, fields dialect.Fields, under string) {
	s = d.resolve(s)
	for _, f := range fields {
		inner, known := s.Properties[f.Name]
		switch {
		case known && f.Value.Kind == dialect.Object:
			d.shape(wrong, inner, f.Value.Fields, under+f.Name+".")
		case !known && s.AdditionalProperties == false:
			wrong.Add(unknown(under + f.Name))
		}
	}
	for _, name := range s.Required {
		if !slices.ContainsFunc(fields, func(f dialect.Field) bool {
			return f.Name == name && f.Value.Kind != dialect.Null
		}) {
			wrong.Add(fault.New(fault.CodeParameterMissing, under+name, ""))
		}
	}
}

// resolve follows a reference.
func (d *desk) resolve(s *huma.Schema) *huma.Schema {
	for s.Ref != "" {
		s = d.registry.SchemaFromRef(s.Ref)
	}
	return s
}

func unknown(name string) *fault.Error {
	return fault.New(fault.CodeParameterInvalid, name, "There is no such parameter.")
}

// check holds a value against its schema.
func (d *desk) check(s *huma.Schema, value any, param string) error {
	path, result := huma.NewPathBuffer(nil, 0), &huma.ValidateResult{}
	if param != "" {
		path.Push(param)
	}
	huma.Validate(d.registry, s, path, huma.ModeWriteToServer, value, result)
	var wrong fault.List
	for _, err := range result.Errors {
		param, words := "", err.Error()
		if detail, ok := err.(*huma.ErrorDetail); ok { //nolint:errorlint // The validator wraps nothing.
			param, words = detail.Location, detail.Message
		}
		wrong.Add(fault.New(fault.CodeParameterInvalid, param, sentence(words)))
	}
	return wrong.Err()
}

// checkTimes refuses the time that means none to whoever reads it: it was not left out, and
// nothing happened or will happen at it. Error: parameter_invalid.
func (d *desk) checkTimes(s *huma.Schema, fields dialect.Fields) error {
	s = d.resolve(s)
	for _, f := range fields {
		if !strings.HasPrefix(f.Value.Text, "000") { // no year that is near it
			continue
		}
		if inner, known := s.Properties[f.Name]; !known || inner.Format != "date-time" {
			continue
		}
		if at, err := time.Parse(time.RFC3339, f.Value.Text); err == nil && at.IsZero() {
			if f.Name == "due_at" {
				return checkDue(time.Time{}.Add(1), d.Now())
			}
			return fault.New(fault.CodeParameterInvalid, f.Name, noTime)
		}
	}
	return nil
}

// noTime is said of the one time that is none.
const noTime = "It is the first of all times, at which nothing is."

// sentence makes one of the validator's words.
func sentence(words string) string {
	if at := strings.LastIndexByte(words, ' ') + 1; strings.Contains(words[at:], "e+") { // a limit, such as 3.1536e+08
		if limit, err := strconv.ParseFloat(words[at:], 64); err == nil {
			words = words[:at] + strconv.FormatFloat(limit, 'f', -1, 64)
		}
	}
	first, size := utf8.DecodeRuneInString(words)
	return string(unicode.ToUpper(first)) + words[size:] + "."
}

// readQuery reads the query of a call. Errors: parameter_invalid.
func readQuery[Query any](c *call) (q Query, err error) {
	into := reflect.ValueOf(&q).Elem()
	if into.NumField() == 0 && len(c.Params) == 0 {
		return q, nil
	}
	var wrong fault.List
	var seen map[string]bool
	if len(c.Params) > 0 {
		seen = make(map[string]bool, len(c.Params))
	}
	for _, f := range gathered(c.Params, into.Type()) {
		field, ok := queryField(into.Type(), f.Name)
		switch {
		case !ok:
			wrong.Add(unknown(f.Name))
			continue
		case seen[f.Name]:
			wrong.Add(fault.New(fault.CodeParameterInvalid, f.Name, "It is there twice."))
			continue
		case f.Value.Text == "":
			wrong.Add(fault.New(fault.CodeParameterInvalid, f.Name, "It is empty."))
			continue
		}
		seen[f.Name] = true
		wrong.Add(fault.All(c.setParam(into.FieldByIndex(field.Index), f))...)
	}
	for _, f := range queryFields(into.Type()) {
		if name := f.Tag.Get("query"); f.Tag.Get("required") == "true" && !seen[name] {
			wrong.Add(fault.New(fault.CodeParameterMissing, name, ""))
		}
	}
	return q, wrong.Err()
}

// setParam puts a parameter into its field of the query. Error: parameter_invalid.
func (c *call) setParam(target reflect.Value, f dialect.Field) error {
	var value any = f.Value.Text
	switch target.Kind() { //nolint:exhaustive // A query has no other fields.
	case reflect.Slice:
		several, err := chosen(f, c.params[f.Name])
		target.Set(reflect.ValueOf(several))
		return err
	case reflect.String:
		target.SetString(f.Value.Text)
	default:
		number, err := strconv.ParseInt(f.Value.Text, 10, 64)
		if err != nil {
			return fault.New(fault.CodeParameterInvalid, f.Name, "It is not a whole number.")
		}
		target.SetInt(number)
		value = number
	}
	return c.desk.check(c.params[f.Name], value, f.Name)
}

// gathered are the parameters of a query in which those that may have several values
// stand once, with commas between the values, however they were sent.
func gathered(params dialect.Fields, query reflect.Type) dialect.Fields {
	if len(params) < 2 {
		return params
	}
	all := make(dialect.Fields, 0, len(params))
	for _, f := range params {
		field, ok := queryField(query, f.Name)
		before := slices.IndexFunc(all, func(g dialect.Field) bool { return g.Name == f.Name })
		if ok && field.Type.Kind() == reflect.Slice && before >= 0 {
			all[before].Value.Text += "," + f.Value.Text
			continue
		}
		all = append(all, f)
	}
	return all
}

// chosen are the values of a parameter that may have several, each once.
// Error: parameter_invalid, which names what is not known.
func chosen(f dialect.Field, s *huma.Schema) ([]string, error) {
	var all []string
	for name := range strings.SplitSeq(f.Value.Text, ",") {
		switch {
		case !slices.Contains(s.Items.Enum, any(name)):
			return nil, fault.Newf(fault.CodeParameterInvalid, f.Name, "There is no %.40q. It takes %s.", name,
				strings.ReplaceAll(strings.Trim(fmt.Sprint(s.Items.Enum), "[]"), " ", ", "))
		case slices.Contains(all, name):
			return nil, fault.Newf(fault.CodeParameterInvalid, f.Name, "%s is there twice.", name)
		}
		all = append(all, name)
	}
	return all, nil
}

// queryField finds the field of a parameter, also in an embedded struct.
func queryField(t reflect.Type, name string) (reflect.StructField, bool) {
	for _, f := range queryFields(t) {
		if f.Tag.Get("query") == name {
			return f, true
		}
	}
	return reflect.StructField{}, false
}

// knownUnit refuses the name of no unit where a list is narrowed down to one: nothing
// would be found, as if there were nothing. Error: unit_unknown.
func knownUnit(param, unit string) error {
	if unit == "" {
		return nil
	}
	if _, err := money.Lookup(money.Unit(unit)); err != nil {
		return fault.New(fault.CodeUnitUnknown, param, "").With(err)
	}
	return nil
}

// checkDue refuses a time at which nothing can be due: one that is over, or one that no
// answer can hold, because it is beyond the year 9999 where clocks show UTC.
// Error: parameter_invalid.
func checkDue(at, now time.Time) error {
	switch {
	case at.IsZero():
		return nil
	case !at.After(now):
		return fault.New(fault.CodeParameterInvalid, "due_at", "It must be in the future.")
	case at.UTC().Year() > 9999:
		return fault.New(fault.CodeParameterInvalid, "due_at", "It is too far in the future.")
	}
	return nil
}

// amountOf reads an amount of a body, which must be above zero.
// Errors: unit_unknown, amount_invalid, amount_too_small, amount_overflow.
func amountOf(text, unit string) (money.Amount, error) {
	amount, err := money.Parse(text, money.Unit(unit))
	switch {
	case fault.Is(err, fault.CodeUnitUnknown):
		return amount, fault.New(fault.CodeUnitUnknown, "unit", "")
	case err == nil && amount.Sign() <= 0:
		err = fault.New(fault.CodeAmountTooSmall, "amount", "")
	}
	return amount, err
}
