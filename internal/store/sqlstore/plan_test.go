package sqlstore_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payout"
	"github.com/purserhq/purser/internal/store"
	"github.com/purserhq/purser/internal/store/sqlstore"
)

// planned is one read and the indexes that it must go through: on both
// engines, and the key on SQLite, where the planner looks at no figures.
type planned struct {
	name    string
	read    func(*sqlstore.DB) error
	indexes []string
	key     string
}

// plans lists the reads that have an index of their own.
func plans(t *testing.T) []planned {
	t.Helper()
	ctx, page := t.Context(), store.Page{Limit: 10}
	find := func(f store.InvoiceFilter) func(*sqlstore.DB) error {
		return func(d *sqlstore.DB) error { return last(d.FindInvoices(ctx, "m", f, page)) }
	}
	listed := func(l store.InvoiceList) func(*sqlstore.DB) error {
		return func(d *sqlstore.DB) error {
			_, err := d.ListInvoices(ctx, "m", l, store.Older{At: dueNow, ID: "i", Limit: 10})
			return err
		}
	}
	sent := func(f store.TransferFilter) func(*sqlstore.DB) error {
		f.Account = 10001
		return func(d *sqlstore.DB) error { return last(d.Transfers(ctx, "m", f, page)) }
	}
	return []planned{
		{"entries", func(d *sqlstore.DB) error { _, err := d.Entries(ctx, "m", "s"); return err }, []string{
			"entry_captured", "entry_subject",
		}, ""},
		{"events of a subject", func(d *sqlstore.DB) error {
			_, err := d.EventsOf(ctx, "m", "s", 1, 10)
			return err
		}, []string{"event_subject"}, ""},
		{"acts", func(d *sqlstore.DB) error { _, err := d.Acts(ctx, "m", 0, 10); return err }, []string{"event_act"}, ""},
		{"invoices at terminals", find(store.InvoiceFilter{}), []string{"invoice_terminal"}, ""},
		{"invoices in a state", find(store.InvoiceFilter{States: []invoice.State{invoice.Paid}}), []string{
			"invoice_terminal",
		}, ""},
		{"busy invoices", find(store.InvoiceFilter{Busy: store.IsBusy}), []string{
			"invoice_terminal", "payment_invoice",
		}, ""},
		{"invoices by reference", find(store.InvoiceFilter{Reference: "a"}), []string{
			"terminal_merchant",
		}, "autoindex_invoice"},
		{"paid amounts", func(d *sqlstore.DB) error {
			_, err := d.PaidAmounts(ctx, "m", 0, money.IRR, 10)
			return err
		}, []string{"invoice_list"}, ""},
		{"paid amounts of a terminal", func(d *sqlstore.DB) error {
			_, err := d.PaidAmounts(ctx, "m", 1001, money.IRR, 10)
			return err
		}, []string{"invoice_terminal"}, ""},
		{"contacts", func(d *sqlstore.DB) error {
			_, err := d.Contacts(ctx, "m", "pay_1", 10)
			return err
		}, []string{"contact_subject"}, ""},
		{"how many contacts", func(d *sqlstore.DB) error {
			_, err := d.ContactsHad(ctx, "m", "pay_1", 10)
			return err
		}, []string{"contact_subject"}, ""},
		{"transfers", sent(store.TransferFilter{}), []string{"transfer_sender", "transfer_receiver"}, ""},
		{"transfers sent", sent(store.TransferFilter{Sent: true}), []string{"transfer_sender"}, ""},
		{"transfer by name", sent(store.TransferFilter{Sent: true, Reference: "a"}), []string{
			"transfer_",
		}, "autoindex_transfer"},
		{"exchanges", func(d *sqlstore.DB) error {
			return last(d.Exchanges(ctx, "m", 10001, "", page))
		}, []string{"exchange_account"}, ""},
		{"payouts", func(d *sqlstore.DB) error {
			_, err := d.Payouts(ctx, store.PayoutFilter{Merchant: "m", State: payout.Paid}, page)
			return err
		}, []string{"payout_list"}, ""},
		{"customers", func(d *sqlstore.DB) error { _, err := d.Customers(ctx, "m", page); return err }, []string{
			"customer_number",
		}, ""},
		{"list of invoices", listed(store.InvoiceList{}), []string{"invoice_list"}, ""},
		{"list of held invoices", listed(store.InvoiceList{Held: new(true)}), []string{"invoice_list"}, ""},
		{"list of links", listed(store.InvoiceList{Linked: true}), []string{"invoice_list"}, ""},
		{"list of payments", func(d *sqlstore.DB) error {
			_, err := d.ListPayments(ctx, "m", store.PaymentList{}, store.Older{At: dueNow, ID: "p", Limit: 10})
			return err
		}, []string{"payment_list"}, ""},
		{"list of refunds", func(d *sqlstore.DB) error {
			_, err := d.ListRefunds(ctx, "m", store.RefundList{}, store.Older{At: dueNow, ID: "r", Limit: 10})
			return err
		}, []string{"refund_list"}, ""},
		{"list of transfers", func(d *sqlstore.DB) error {
			_, err := d.ListTransfers(ctx, "m", store.TransferList{}, store.Older{At: dueNow, ID: "t", Limit: 10})
			return err
		}, []string{"transfer_list"}, ""},
		{"list of payouts", func(d *sqlstore.DB) error {
			_, err := d.ListPayouts(ctx, "m", store.PayoutList{}, store.Older{At: dueNow, ID: "o", Limit: 10})
			return err
		}, []string{"payout_whole"}, ""},
		{"list of deals", func(d *sqlstore.DB) error {
			_, err := d.ListDeals(ctx, "m", store.DealList{}, store.Older{At: dueNow, ID: "d", Limit: 10})
			return err
		}, []string{"deal_whole"}, ""},
		{"list of settlements", func(d *sqlstore.DB) error {
			_, err := d.ListSettlements(ctx, "m", store.SettlementList{}, store.Older{At: dueNow, ID: "s", Limit: 10})
			return err
		}, []string{"settlement_list"}, ""},
		{"rows of a settlement", func(d *sqlstore.DB) error {
			_, err := d.SettlementRows(ctx, "m", store.SettlementRows{File: "s", After: 1, Limit: 10})
			return err
		}, []string{"settlement_rows"}, ""},
		{"deals of a payout", func(d *sqlstore.DB) error {
			_, err := d.ListDeals(ctx, "m", store.DealList{Payout: "o"}, store.Older{Limit: 10})
			return err
		}, []string{"deal_payout"}, ""},
		{"every delivery", func(d *sqlstore.DB) error {
			_, err := d.EveryDelivery(ctx, store.Key{ID: "d", Merchant: "m"}, 10)
			return err
		}, nil, "autoindex_delivery"},
		{"every answer", func(d *sqlstore.DB) error {
			_, err := d.EveryAnswer(ctx, store.Key{ID: "a", Merchant: "m"}, dueNow, 10)
			return err
		}, nil, "autoindex_answer"},
		{"last customer", func(d *sqlstore.DB) error { _, err := d.LastCustomer(ctx, "m"); return err }, []string{
			"customer_number",
		}, ""},
	}
}

// timely lists the reads of what it is time for.
func timely(t *testing.T) []planned {
	t.Helper()
	ctx := t.Context()
	return []planned{
		{"overdue invoices", func(d *sqlstore.DB) error {
			_, err := d.OverdueInvoices(ctx, dueNow, 10)
			return err
		}, []string{"invoice_overdue"}, ""},
		{"due invoices", func(d *sqlstore.DB) error {
			_, err := d.DueInvoices(ctx, dueNow, 10)
			return err
		}, []string{"invoice_due", "payment_invoice"}, ""},
		{"held by payouts", func(d *sqlstore.DB) error {
			_, err := d.HeldByPayouts(ctx, "m", 10000, money.USDT)
			return err
		}, []string{"payout_list"}, ""},
		{"payouts to ask about", func(d *sqlstore.DB) error {
			_, err := d.PayoutsToAsk(ctx, dueNow, 10)
			return err
		}, []string{"payout_check"}, ""},
	}
}

// sought lists the reads of lists in which something is looked for.
func sought(t *testing.T) []planned {
	t.Helper()
	ctx := t.Context()
	return []planned{
		{"list of exchanges", func(d *sqlstore.DB) error {
			_, err := d.ListExchanges(ctx, "m", 0, store.Older{At: dueNow, ID: "e", Limit: 10})
			return err
		}, []string{"exchange_list"}, ""},
		{"list of an account's exchanges", func(d *sqlstore.DB) error {
			_, err := d.ListExchanges(ctx, "m", 10001, store.Older{At: dueNow, ID: "e", Limit: 10})
			return err
		}, []string{"exchange_account"}, ""},
		{"list of an account's transfers", func(d *sqlstore.DB) error {
			_, err := d.ListTransfers(ctx, "m", store.TransferList{Account: 10001}, store.Older{At: dueNow, ID: "t", Limit: 10})
			return err
		}, []string{"transfer_sender", "transfer_receiver"}, ""},
		{"transfer of a sender's name", func(d *sqlstore.DB) error {
			_, err := d.ListTransfers(ctx, "m", store.TransferList{From: 10001, Reference: "a"}, store.Older{Limit: 10})
			return err
		}, nil, "autoindex_transfer"},
		{"invoice of a terminal's name", func(d *sqlstore.DB) error {
			_, err := d.ListInvoices(ctx, "m", store.InvoiceList{Terminal: 1001, Reference: "a"}, store.Older{Limit: 10})
			return err
		}, nil, "autoindex_invoice"},
		{"payout of an account's name", func(d *sqlstore.DB) error {
			_, err := d.ListPayouts(ctx, "m", store.PayoutList{Account: 10001, Reference: "a"}, store.Older{Limit: 10})
			return err
		}, nil, "autoindex_payout"},
		{"payments of a gateway", func(d *sqlstore.DB) error {
			_, err := d.ListPayments(ctx, "m", store.PaymentList{Gateway: "g"}, store.Older{From: dueNow, Limit: 10})
			return err
		}, []string{"payment_list"}, ""},
		{"payments of a terminal", func(d *sqlstore.DB) error {
			_, err := d.ListPayments(ctx, "m", store.PaymentList{Terminal: 1001}, store.Older{From: dueNow, Limit: 10})
			return err
		}, []string{"payment_list"}, "autoindex_invoice"},
		{"depth of payments", func(d *sqlstore.DB) error {
			_, err := d.Depth(ctx, "m", store.Payments, store.Older{At: dueNow, ID: "p"}, 10)
			return err
		}, []string{"payment_list"}, ""},
		{"deliveries of a subject", func(d *sqlstore.DB) error {
			_, err := d.ListDeliveries(ctx, "m", store.DeliveryFilter{Subject: "s"}, store.Older{Limit: 10})
			return err
		}, []string{"delivery_subject"}, ""},
		{"deliveries of a type", func(d *sqlstore.DB) error {
			_, err := d.ListDeliveries(ctx, "m", store.DeliveryFilter{Type: "t"}, store.Older{Limit: 10})
			return err
		}, []string{"delivery_list"}, ""},
		{"depth of deliveries", func(d *sqlstore.DB) error {
			_, err := d.DeliveryDepth(ctx, "m", event.Delivered, store.Older{At: dueNow, ID: "d"}, 10)
			return err
		}, []string{"delivery_list"}, ""},
	}
}

// lookups are reads by key. A plan that is made while a table is empty, as those
// of a new database are, must not find another index as good.
func lookups(t *testing.T) map[string]func(*sqlstore.DB) error {
	t.Helper()
	ctx := t.Context()
	return map[string]func(*sqlstore.DB) error{
		"refund":     func(d *sqlstore.DB) error { return absent(d.Refund(ctx, "m", "none")) },
		"payout":     func(d *sqlstore.DB) error { return absent(d.Payout(ctx, "m", "none")) },
		"deal":       func(d *sqlstore.DB) error { return absent(d.Deal(ctx, "m", "none")) },
		"settlement": func(d *sqlstore.DB) error { return absent(d.Settlement(ctx, "m", "none")) },
		"exchange":   func(d *sqlstore.DB) error { return absent(d.Exchange(ctx, "m", "none")) },
		"transfer":   func(d *sqlstore.DB) error { return absent(d.Transfer(ctx, "m", "none")) },
	}
}

// absent is nil for what is not there.
func absent[T any](_ T, err error) error {
	if fault.KindOf(err) == fault.NotFound {
		return nil
	}
	return err
}

// TestLookupsOfNewDatabases wants things to be found by their keys before anything
// is known of the tables.
func TestLookupsOfNewDatabases(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		key := "autoindex_%s_1"
		if strings.HasPrefix(url, "postgres:") {
			key, url = "%s_pkey", url+"&plan_cache_mode=force_generic_plan&enable_seqscan=off"
		}
		db := open(t, sqlstore.Options{URL: url})
		for table, read := range lookups(t) {
			steps, err := db.Plan(read)
			plan, want := strings.Join(steps, "\n"), fmt.Sprintf(key, table)
			if err != nil || !strings.Contains(plan, want) && !strings.Contains(plan, "USING PRIMARY KEY") {
				t.Errorf("%s: got %v, %v, want it to use %s", table, steps, err, want)
			}
		}
	})
}

// last is the error of a read that gives a list and its length.
func last[T any](_ []T, _ int, err error) error { return err }

// TestPlans wants finders to go through the indexes that were made for them.
// PostgreSQL is told not to read small tables whole, as it rightly would.
func TestPlans(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		postgres := strings.HasPrefix(url, "postgres:")
		if postgres {
			url += "&enable_seqscan=off"
		}
		db := open(t, sqlstore.Options{URL: url})
		c := paid("m", 1, dueNow)
		c.Invoices[0].Terminal = 1001 // so that a list is read, not only counted
		if err := db.Commit(t.Context(), c); err != nil {
			t.Fatal(fault.Detail(err))
		}
		for _, p := range slices.Concat(plans(t), timely(t), sought(t)) {
			steps, err := db.Plan(p.read)
			if err != nil || len(steps) == 0 {
				t.Fatalf("%s: got the plan %v, %v", p.name, steps, err)
			}
			all := strings.Join(steps, "\n")
			want := p.indexes
			if !postgres && p.key != "" {
				want = append(want, p.key)
			}
			for _, index := range want {
				if !strings.Contains(all, index) {
					t.Errorf("%s: want the plan to use %s:\n%s", p.name, index, all)
				}
			}
			for _, step := range steps {
				// What SQLite calls e is the few entries that were found, and latest so many of the last invoices.
				few := step == "SCAN e" || step == "SCAN latest"
				if strings.Contains(step, "Seq Scan on ") || strings.HasPrefix(step, "SCAN ") && !few {
					t.Errorf("%s: a step reads a whole table or index: %s", p.name, step)
				}
			}
		}
	})
}
