package checkout

import (
	"fmt"
	"time"
	_ "time/tzdata" // payers' clocks, on machines that have no table of time zones

	"github.com/purserhq/purser/internal/money"
)

// A clock is told by its name in the languages' files. It is that of the merchant's
// country, which the unit of the money tells: whoever is paid in Taka lives by the
// clock of Dhaka, whatever language the payer reads.
type clock struct {
	name string // of a message below date
	zone string // in the table of time zones
}

// worldClock is the clock of money that belongs to no one country.
var worldClock = clock{"in_utc", "UTC"}

// clocks are those of the units that tell a country.
//
//exhaustive:ignore
var clocks = map[money.Unit]clock{
	money.IRR: {"in_tehran", "Asia/Tehran"}, money.IRT: {"in_tehran", "Asia/Tehran"},
	money.BDT: {"in_dhaka", "Asia/Dhaka"},
	money.EUR: {"in_lisbon", "Europe/Lisbon"}, money.RUB: {"in_moscow", "Europe/Moscow"},
}

// clockOf is the clock that goes with a unit.
func clockOf(unit money.Unit) clock {
	if c, ok := clocks[unit]; ok {
		return c
	}
	return worldClock
}

// readZones loads the zones of all clocks.
func readZones() (map[string]*time.Location, error) {
	zones := map[string]*time.Location{worldClock.zone: time.UTC}
	for _, c := range clocks {
		zone, err := time.LoadLocation(c.zone)
		if err != nil {
			return nil, fmt.Errorf("whose clock: %w", err)
		}
		zones[c.zone] = zone
	}
	return zones, nil
}
