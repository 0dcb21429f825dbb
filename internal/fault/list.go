package fault

import (
	"errors"
	"strings"
)

// List is several faults of one request, in the order of its fields: what a
// decoder found wrong. From takes its first, All takes the whole list.
type List []*Error

// Add appends the faults that are not nil.
func (l *List) Add(faults ...*Error) {
	for _, e := range faults {
		if e != nil {
			*l = append(*l, e)
		}
	}
}

// Err is the list as an error, or nil where it is empty.
func (l List) Err() error {
	if len(l) == 0 {
		return nil
	}
	return l
}

// Error joins the safe words of all faults.
func (l List) Error() string {
	texts := make([]string, len(l))
	for i, e := range l {
		texts[i] = e.Error()
	}
	return strings.Join(texts, "; ")
}

// Unwrap gives the faults to errors.Is and errors.As, the first one first.
func (l List) Unwrap() []error {
	errs := make([]error, len(l))
	for i, e := range l {
		errs[i] = e
	}
	return errs
}

// All returns every fault inside err for callers that answer with all of
// them: the list where err holds one, else the one fault that From finds, and
// nil for nil.
func All(err error) List {
	if err == nil {
		return nil
	}
	if l, ok := errors.AsType[List](err); ok && len(l) > 0 {
		return l
	}
	return List{From(err)}
}
