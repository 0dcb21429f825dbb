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

// report prints the median of each rate and what they are to each other.
func report(b *testing.B, rates map[string][]float64) {
	b.Helper()
	median := make(map[string]float64)
	for name, list := range rates {
		slices.Sort(list)
		median[name] = list[len(list)/2]
		b.ReportMetric(median[name], name)
	}
	b.ReportMetric(median["grouped-spread/s"]/median["alone-spread/s"], "grouped:alone-spread")
	b.ReportMetric(median["grouped-hot/s"]/median["alone-hot/s"], "grouped:alone-hot")
	b.ReportMetric(median["grouped-hot/s"]/median["grouped-spread/s"], "hot:spread")
	b.ReportMetric(0, "ns/op")
}
