package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/store/sqlstore"
)

// The market: so many traders with so many requisites each.
const (
	traders        = 100
	requisitesEach = 10
	traderCoins    = "1000000"
	operator       = "bench"
)

// The load that is held.
const (
	dealPace  = 200 // deals in a second
	held      = time.Minute
	dealLimit = 2 * time.Minute // whatever lasts longer is a failure, not a figure
	dealTurn  = 1500            // requests in one turn of the comparison
	dealTurns = 5
)

// trading is what the market's load found.
type trading struct {
	held     turn
	servers  time.Duration // processor time of both servers while the load was held
	database time.Duration
	rounds   []tradingRound
}

// tradingRound is one turn of invoices with deals and one of invoices alone.
type tradingRound struct{ deals, invoices turn }

// measureDeals is the load of deals: two servers on one database.
func (s stand) measureDeals(ctx context.Context, r *result) (err error) {
	if !s.does(ofDeals) {
		return nil
	}
	s.say("%s: a market of %d requisites", s.engine, traders*requisitesEach)
	db, err := sqlstore.Open(ctx, sqlstore.Options{URL: s.own(), Now: time.Now})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	desk := app.New(app.Config{Store: db, Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	var m market
	if err := s.openMarket(ctx, desk, &m); err != nil {
		return err
	}
	if s.profiles != "" {
		err := s.takeProfile(ctx, "deals", r, func(address string) runner {
			m.servers = []string{address}
			return wishes{market: m, clients: s.Clients, requests: 400, deals: true, limit: dealLimit}
		})
		m.servers = nil
		if err != nil {
			return err
		}
	}
	var servers []*process
	for n := range 2 {
		p, err := start(ctx, filepath.Join(s.dir, "deals-"+strconv.Itoa(n)+".log"), s.binary,
			append(append([]string{"serve"}, s.place()...), "--set", "calls_per_second=1000000", "--public-url", marketURL,
				"--listen")...)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, p.stop()) }()
		servers, m.servers = append(servers, p), append(m.servers, p.address)
	}
	if err := rest(ctx, s.settle); err != nil {
		return err
	}
	if err := s.compareDeals(ctx, m, &r.trading); err != nil {
		return err
	}
	return s.holdDeals(ctx, desk, m, servers, &r.trading)
}

// openMarket adds a merchant with a store, and traders with coins and
// requisites.
func (s stand) openMarket(ctx context.Context, desk *app.App, m *market) error {
	var made struct{ ID string }
	if err := s.command(ctx, &made, "merchant", "add", "--name", "Market"); err != nil {
		return err
	}
	m.merchant = made.ID
	var store struct {
		Number int64 `json:"terminal_number"`
	}
	if err := s.command(ctx, &store, "terminal", "add", "--merchant", m.merchant, "--name", "Store",
		"--deal-fee", "8.5"); err != nil {
		return err
	}
	if err := s.command(ctx, &m.key, "key", "add", "--merchant", m.merchant, "--signing", "--store",
		strconv.FormatInt(store.Number, 10)); err != nil {
		return err
	}
	rate, err := money.ParseRate("98.50")
	if err != nil {
		return err
	}
	if _, err := desk.SetRate(ctx, app.NewRate{
		Merchant: m.merchant, Base: deal.Coin, Quote: money.RUB, Buy: rate, Sell: rate, Source: operator,
	}); err != nil {
		return err
	}
	var all errgroup.Group
	for n := range traders {
		all.Go(func() error { return addTrader(ctx, desk, m.merchant, n) })
	}
	return all.Wait()
}

// addTrader adds one trader with coins and requisites.
func addTrader(ctx context.Context, desk *app.App, merchantID string, n int) error {
	t, err := desk.AddTrader(ctx, app.NewTrader{
		Merchant: merchantID, Name: "Trader " + strconv.Itoa(n), Operator: operator,
	})
	if err != nil {
		return fmt.Errorf("add a trader: %w", err)
	}
	coins, err := money.Parse(traderCoins, deal.Coin)
	if err != nil {
		return err
	}
	if err := desk.MoveTraderCoins(ctx, app.TraderCoins{
		Merchant: merchantID, Trader: t.ID, Amount: coins, Gateway: "till", Receipt: "R-" + t.ID, Operator: operator,
	}); err != nil {
		return fmt.Errorf("give a trader coins: %w", err)
	}
	least, most := money.New(leastSum, money.RUB), money.New(mostSum, money.RUB)
	for i := range requisitesEach {
		if _, err := desk.PutRequisite(ctx, app.RequisiteTerms{
			Merchant: merchantID, Trader: t.ID, Option: "SBP", Method: "sberbank",
			Number: fmt.Sprintf("+7(900)%03d-00-%02d", n, i), Holder: t.Name, Least: least, Most: most, Operator: operator,
		}); err != nil {
			return fmt.Errorf("add a requisite: %w", err)
		}
	}
	return nil
}

// compareDeals lets invoices with deals and invoices alone take turns.
func (s stand) compareDeals(ctx context.Context, m market, t *trading) (err error) {
	load := wishes{market: m, clients: s.Clients, requests: dealTurn, limit: dealLimit}
	for n := range 1 + dealTurns { // the first is for warming up
		var one tradingRound
		load.deals = true
		if one.deals, err = load.run(ctx); err != nil {
			return fmt.Errorf("invoices with deals: %w", err)
		}
		load.deals = false
		if one.invoices, err = load.run(ctx); err != nil {
			return fmt.Errorf("invoices alone: %w", err)
		}
		if n > 0 {
			t.rounds = append(t.rounds, one)
			s.say("%s: turn %d of %d: %.0f deals/s, invoices alone %.0f/s", s.engine, n, dealTurns, one.deals.rate(),
				one.invoices.rate())
		}
	}
	return s.checkDeals(ctx, m, (1+dealTurns)*dealTurn, 0)
}

// holdDeals holds the pace, while traders complete what payers say they have
// sent, and looks at the books afterwards.
func (s stand) holdDeals(ctx context.Context, desk *app.App, m market, servers []*process, t *trading) error {
	s.say("%s: %d deals a second for %s", s.engine, dealPace, held)
	wanted := int(dealPace * held / time.Second)
	said := make(chan string, wanted)
	used, err := s.used(servers)
	if err != nil {
		return err
	}
	var traders errgroup.Group
	const completedAtOnce = 8
	for range completedAtOnce {
		traders.Go(func() error {
			for id := range said {
				word := app.DealWord{Merchant: m.merchant, Deal: id, Operator: operator}
				if _, err := desk.CompleteDeal(ctx, word); err != nil {
					return fmt.Errorf("complete a deal: %w", err)
				}
			}
			return nil
		})
	}
	t.held, err = wishes{
		market: m, clients: s.Clients, requests: wanted, deals: true, pace: dealPace, limit: dealLimit, said: said,
	}.run(ctx)
	close(said)
	if err := errors.Join(err, traders.Wait()); err != nil {
		return err
	}
	after, err := s.used(servers)
	if err != nil {
		return err
	}
	t.servers, t.database = after[0]-used[0], after[1]-used[1]
	s.say("%s: %.0f deals/s held, half of the answers within %s", s.engine, t.held.rate(), millis(t.held.quantile(0.5)))
	return s.checkDeals(ctx, m, (1+dealTurns)*dealTurn+wanted, wanted)
}

// used is the processor time of the servers and of the database.
func (s stand) used(servers []*process) (all [2]time.Duration, err error) {
	for _, p := range servers {
		one, err := cpuOf(p.cmd.Process.Pid)
		if err != nil {
			return all, err
		}
		all[0] += one
	}
	all[1], err = cpuOfAll(s.database)
	return all, err
}

// checkDeals counts deals, and those that were completed, and audits the books:
// no requisite may wait twice for one sum.
func (s stand) checkDeals(ctx context.Context, m market, deals, completed int) error {
	of := func(what string) string { return what + " where merchant_id = '" + m.merchant + "'" }
	const doubles = "(select 1 from deal where state in ('transfer_waiting', 'transfer_confirmed', 'dispute')" +
		" group by merchant_id, requisite_id, amount having count(*) > 1) as d"
	if err := errors.Join(
		s.check(ctx, deals, []rowsOf{{s.own(), of("deal")}}),
		s.check(ctx, completed, []rowsOf{
			{s.own(), of("deal") + " and state = 'completed'"},
			{s.own(), of("invoice") + " and state = 'completed'"},
			{s.own(), of("entry") + " and rule = '" + string(ledger.RuleDealt) + "'"},
		}),
		s.check(ctx, 0, []rowsOf{{s.own(), doubles}}),
	); err != nil {
		return err
	}
	return s.audit(ctx)
}
