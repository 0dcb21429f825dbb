package zarinpal

import (
	"errors"
	"fmt"
	"regexp"

	"github.com/purserhq/purser/internal/sandbox"
)

// maxDepth bounds how deep a query's selections may nest.
const maxDepth = 8

// selection is one field that a query asks for.
type selection struct {
	name, alias string
	fields      []selection
}

// tokenForm splits a query into names with their sign, texts and single signs; spaces and commas mean nothing.
var tokenForm = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|[$@]?[A-Za-z0-9_.-]+|[^\s,]`)

// reader walks over the tokens of a query.
type reader struct {
	tokens []string
}

func (r *reader) peek() string {
	if len(r.tokens) == 0 {
		return ""
	}
	return r.tokens[0]
}

func (r *reader) next() string {
	token := r.peek()
	if token != "" {
		r.tokens = r.tokens[1:]
	}
	return token
}

// parseQuery reads the first root field of a query with what is selected of it. Arguments are skipped: the values are
// taken from the variables.
func parseQuery(query string) (selection, error) {
	r := &reader{tokens: tokenForm.FindAllString(query, -1)}
	if word := r.peek(); word != "{" && word != "query" && word != "mutation" {
		return selection{}, fmt.Errorf("unexpected %q", word)
	}
	for r.peek() != "{" {
		if r.peek() == "" {
			return selection{}, errors.New("the query selects nothing")
		}
		if err := r.skipArguments(); err != nil {
			return selection{}, err
		}
	}
	fields, err := r.set(0)
	if err != nil {
		return selection{}, err
	}
	return fields[0], nil
}

// skipArguments passes one token, or a whole pair of brackets.
func (r *reader) skipArguments() error {
	if r.next() != "(" {
		return nil
	}
	for depth := 1; depth > 0; {
		switch r.next() {
		case "(":
			depth++
		case ")":
			depth--
		case "":
			return errors.New("a bracket is not closed")
		}
	}
	return nil
}

// set reads the fields between two braces.
func (r *reader) set(depth int) ([]selection, error) {
	if depth > maxDepth {
		return nil, errors.New("the query nests too deep")
	}
	r.next()
	var fields []selection
	for r.peek() != "}" {
		field, err := r.field(depth)
		if err != nil {
			return nil, err
		}
		fields = append(fields, field)
	}
	r.next()
	if len(fields) == 0 {
		return nil, errors.New("a selection is empty")
	}
	return fields, nil
}

var nameForm = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// field reads one field with its alias, arguments and selections.
func (r *reader) field(depth int) (selection, error) {
	field := selection{name: r.next()}
	field.alias = field.name
	if r.peek() == ":" {
		r.next()
		field.name = r.next()
	}
	if !nameForm.MatchString(field.name) || !nameForm.MatchString(field.alias) {
		return field, fmt.Errorf("unexpected %q", field.name)
	}
	if r.peek() == "(" {
		if err := r.skipArguments(); err != nil {
			return field, err
		}
	}
	if r.peek() != "{" {
		return field, nil
	}
	fields, err := r.set(depth + 1)
	field.fields = fields
	return field, err
}

// pick keeps of a value what was selected, under the names that were wished.
func (s selection) pick(value any) any {
	switch value := value.(type) {
	case []sandbox.Object:
		list := make([]any, 0, len(value))
		for _, one := range value {
			list = append(list, s.pick(one))
		}
		return list
	case sandbox.Object:
		picked := sandbox.Object{}
		for _, field := range s.fields {
			picked = append(picked, sandbox.Member{Name: field.alias, Value: field.pick(value.Member(field.name))})
		}
		return picked
	default:
		return value
	}
}
