package app

import (
	"context"
	"errors"
	"reflect"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/purserhq/purser/internal/store"
)

// answer gives a value once, and fails the test when it is asked again.
func answer(t *testing.T, value string) func() (string, error) {
	t.Helper()
	asked := false
	return func() (string, error) {
		if asked {
			t.Errorf("asked for %q twice", value)
		}
		asked = true
		return value, nil
	}
}

func look(t *testing.T, c *cache[string, string], now time.Time, ask func() (string, error), want string) {
	t.Helper()
	if got, err := c.find(now, "key", ask); err != nil || got != want {
		t.Errorf("found %q, %v, want %q", got, err, want)
	}
}

func TestCacheKeeps(t *testing.T) {
	var c cache[string, string]
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	old := answer(t, "old")
	look(t, &c, now, old, "old")
	look(t, &c, now.Add(keyAge-1), old, "old")
	look(t, &c, now.Add(keyAge), answer(t, "new"), "new")
	c.forget()
	look(t, &c, now.Add(keyAge), answer(t, "newer"), "newer")
}

func TestCacheKeepsNoError(t *testing.T) {
	var c cache[string, string]
	now, broken := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), errors.New("broken")
	got, err := c.find(now, "key", func() (string, error) { return "half", broken })
	if got != "" || !errors.Is(err, broken) {
		t.Errorf("found %q, %v, want nothing and the error", got, err)
	}
	look(t, &c, now, answer(t, "whole"), "whole")
}

// A question may have been answered before a change and come back after it.
func TestCacheForgetsWhatIsOnItsWay(t *testing.T) {
	var c cache[string, string]
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	look(t, &c, now, func() (string, error) {
		c.forget()
		return "old", nil
	}, "old")
	look(t, &c, now, answer(t, "new"), "new")
}

func TestCacheIsBounded(t *testing.T) {
	var c cache[string, string]
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for n := range maxCached + 1 {
		if _, err := c.find(now, strconv.Itoa(n), func() (string, error) { return "", nil }); err != nil {
			t.Fatal(err)
		}
	}
	if got := len(c.known); got != 1 {
		t.Errorf("%d values are kept after the one too many, want 1", got)
	}
}

// TestCachesAreRechecked wants of every cache that it is rechecked, or known not to be: what those
// hold is not counted in revisions.
func TestCachesAreRechecked(t *testing.T) {
	a := New(Config{Store: unrevised{}, Now: time.Now})
	for range 2 {
		if err := a.Recheck(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	got := map[string]bool{}
	for fields, n := reflect.ValueOf(a).Elem(), 0; n < fields.NumField(); n++ {
		if cache := fields.Field(n); cache.Kind() == reflect.Struct && cache.FieldByName("proven").IsValid() {
			got[fields.Type().Field(n).Name] = !cache.FieldByName("proven").IsZero()
		}
	}
	want := map[string]bool{
		"keys": true, "signers": true, "issuers": true, "merchants": true, "endpoints": true, "terminals": true,
		"accounts": true, "offers": false, "banks": false, "paid": false,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the caches that are rechecked differ (-want +got)\n%s", diff)
	}
}

// unrevised is a store in which nothing changes.
type unrevised struct{ store.Store }

func (unrevised) Revisions(context.Context) (store.Revisions, error) { return store.Revisions{}, nil }
