package sqlstore_test

import (
	"slices"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/store/sqlstore"
)

// openShared opens a database that several goroutines of a benchmark use.
func openShared(b *testing.B, o sqlstore.Options) *sqlstore.DB {
	b.Helper()
	o.Now = time.Now
	return open(b, o)
}

// report prints the median of each rate, and the median of what neighbouring
// turns were to each other: other programs then slow both.
func report(b *testing.B, rates map[string][]float64) {
	b.Helper()
	median := func(list []float64) float64 { return slices.Sorted(slices.Values(list))[len(list)/2] }
	for name, list := range rates {
		b.ReportMetric(median(list), name)
	}
	compared := func(what, with, name string) {
		ratios := make([]float64, len(rates[what]))
		for i, rate := range rates[what] {
			ratios[i] = rate / rates[with][i]
		}
		b.ReportMetric(median(ratios), name)
	}
	compared("grouped-spread/s", "alone-spread/s", "grouped:alone-spread")
	compared("grouped-hot/s", "alone-hot/s", "grouped:alone-hot")
	compared("grouped-hot/s", "grouped-spread/s", "hot:spread")
	b.ReportMetric(0, "ns/op")
}
