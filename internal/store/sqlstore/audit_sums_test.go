package sqlstore

import (
	"hash/maphash"
	"math"
	"math/rand/v2"
	"testing"
)

// TestWeighed wants sums to be zero where amounts are, in whichever order, and only there.
func TestWeighed(t *testing.T) {
	w := weights{seed: maphash.MakeSeed()}
	random := rand.New(rand.NewPCG(1, 2))
	for range 100 {
		var sum weighed
		amounts := make([]int64, 50)
		for n := range amounts {
			amounts[n] = int64(random.Uint64())
		}
		amounts[0], amounts[1] = math.MaxInt64, math.MinInt64
		for n, amount := range amounts {
			sum.add(w.ofNumber('a', int64(n)), amount)
		}
		half := sum
		for _, n := range random.Perm(len(amounts)) {
			weight := w.ofNumber('a', int64(n))
			if amounts[n] == math.MinInt64 { // it has no opposite
				sum.add(weight, math.MaxInt64)
				sum.add(weight, 1)
				continue
			}
			sum.add(weight, -amounts[n])
		}
		if sum != (weighed{}) {
			t.Errorf("got %v of amounts that cancel each other out, want zero", sum)
		}
		if half == (weighed{}) {
			t.Error("amounts that do not are zero")
		}
	}
	for _, off := range []int64{1, -1, 1 << 40, math.MinInt64, math.MaxInt64} {
		var sum weighed
		sum.add(w.of('a', []byte("x")), off)
		sum.add(w.of('a', []byte("y")), 1)
		sum.add(w.of('a', []byte("y")), -1)
		if sum == (weighed{}) {
			t.Errorf("an amount that is off by %d is not noticed", off)
		}
	}
	if w.of('a', []byte("xy"), []byte("z")) == w.of('a', []byte("x"), []byte("yz")) {
		t.Error("words are taken for others")
	}
}

// TestRemembered wants what is remembered to be what a map has.
func TestRemembered(t *testing.T) {
	const most = 20_000
	random := rand.New(rand.NewPCG(3, 4))
	r, want := newRemembered(most), map[uint64]uint16{}
	keys := make([]uint64, most)
	for n := range keys {
		keys[n] = random.Uint64()
	}
	for range 3 * most {
		key, n := keys[random.IntN(most)], uint16(random.IntN(4000))
		before, known := r.put(key, n)
		if was, there := want[key]; known != there || before != was {
			t.Fatalf("got %d, %v, want %d, %v", before, known, was, there)
		}
		want[key] = n
	}
	for _, key := range keys {
		got, known := r.get(key)
		if n, there := want[key]; known != there || got != n {
			t.Fatalf("got %d, %v, want %d, %v", got, known, n, there)
		}
	}
	for n := range most {
		r.put(keys[n], 1)
	}
	if _, known := r.put(random.Uint64(), 1); known || !r.full() || r.used != most {
		t.Errorf("got %d remembered, want %d at most", r.used, most)
	}
}
