package app

import (
	"reflect"
	"testing"

	"github.com/purserhq/purser/internal/store"
)

// TestEmptyKnowsEveryField: a change that has anything to write is not empty, or it would
// be dropped in silence and its caller told that all went well.
func TestEmptyKnowsEveryField(t *testing.T) {
	t.Parallel()
	nothing := map[string]string{
		"Relied": "it is a condition of what is written, and writes nothing itself",
	}
	if !empty(store.Change{}) {
		t.Error("a change of nothing is not empty")
	}
	kind := reflect.TypeFor[store.Change]()
	for n := range kind.NumField() {
		field := kind.Field(n)
		var change store.Change
		value := reflect.ValueOf(&change).Elem().Field(n)
		switch field.Type.Kind() {
		case reflect.Slice:
			value.Set(reflect.MakeSlice(field.Type, 1, 1))
		case reflect.Pointer:
			value.Set(reflect.New(field.Type.Elem()))
		default:
			t.Fatalf("%s is a %s: say here how to fill it", field.Name, field.Type)
		}
		if _, want := nothing[field.Name]; empty(change) != want {
			t.Errorf("a change of %s alone is empty: %v, want %v", field.Name, !want, want)
		}
		delete(nothing, field.Name)
	}
	for name := range nothing {
		t.Errorf("a change has no %s", name)
	}
}
