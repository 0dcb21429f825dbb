package api_test

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/dialect"
	"github.com/purserhq/purser/internal/dialect/dialecttest"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/money"
)

var asAdmin = http.Header{"Authorization": {"Bearer {{admin}}"}}

// rowsOf reads a table by the names of its columns.
func rowsOf(t *testing.T, body string) []map[string]string {
	t.Helper()
	lines, err := csv.NewReader(strings.NewReader(body)).ReadAll()
	if err != nil || len(lines) == 0 {
		t.Fatalf("%d lines, %v", len(lines), err)
	}
	var rows []map[string]string
	for _, line := range lines[1:] {
		row := map[string]string{}
		for n, name := range lines[0] {
			row[name] = line[n]
		}
		rows = append(rows, row)
	}
	return rows
}

// TestTables wants every list as a table, in one piece and with its filters.
func TestTables(t *testing.T) {
	t.Parallel()
	w := dialecttest.NewWorld(t, banks, kit(t).Extras)
	v1 := open(t, w)
	h := w.Handler(v1)
	w.Play(t, h, dialecttest.Story(prepared))
	for n := range 120 {
		if _, err := w.App.CreateInvoice(t.Context(), w.Shop, app.NewInvoice{
			ID: fmt.Sprintf("inv_%03d", n), Amount: money.New(5_000, money.IRR),
		}); err != nil {
			t.Fatal(err)
		}
	}
	queries := map[string]string{"/v1/entries": "&subject=" + id("pay", 3), "/v1/exchanges": "&account=10000"}
	queries["/v1/attachments"] = "&deal=" + id("deal", 12)
	for _, route := range v1.Routes {
		if !slices.ContainsFunc(route.Params, func(p dialect.Param) bool { return p.Name == "format" }) {
			continue
		}
		of := id("pay", 3)
		if strings.HasPrefix(route.Path, "/v1/settlements/") {
			of = id("set", 18)
		}
		path := strings.Replace(route.Path, "{id}", of, 1) + "?format=csv" + queries[route.Path]
		as, stranger := asAdmin, http.Header{"Authorization": {"Bearer {{otheradmin}}"}}
		if decides(route.Path) {
			as = http.Header{"Authorization": {"Bearer {{operator}}"}}
			stranger = http.Header{"Authorization": {"Bearer {{otheroperator}}"}}
		}
		a := w.Ask(h, http.MethodGet, path, as, "")
		if a.Status != http.StatusOK || a.Header.Get("Content-Type") != "text/csv; charset=utf-8; header=present" ||
			a.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: got %d %v %.200s", route.Path, a.Status, a.Header, a.Body)
			continue
		}
		if rows := rowsOf(t, a.Body); len(rows) == 0 {
			t.Errorf("%s: nothing in %s", route.Path, a.Body)
		}
		if other := w.Ask(h, http.MethodGet, path, stranger, ""); strings.Contains(other.Body, id("pay", 3)) ||
			strings.Contains(other.Body, "trd_1") {
			t.Errorf("%s shows what another merchant has", route.Path)
		}
	}
	rows := rowsOf(t, w.Ask(h, http.MethodGet, "/v1/invoices?format=csv&status=open", asAdmin, "").Body)
	seen := map[string]bool{}
	for _, row := range rows {
		seen[row["id"]] = true
		open := row["id"] == "linked" || row["id"] == "gathering"
		if row["status"] != "open" || row["open_amount"] != strconv.FormatBool(open) {
			t.Fatalf("got %v", row)
		}
	}
	if len(rows) != 133 || len(seen) != 133 || !seen["inv_000"] || !seen["inv_119"] { // and 13 of the preparation
		t.Errorf("got %d rows of %d invoices", len(rows), len(seen))
	}
}

// TestTablesSayNothingOfNothing wants a cell to be empty where an object has no such
// field, and a zero where it has one.
func TestTablesSayNothingOfNothing(t *testing.T) {
	t.Parallel()
	w := dialecttest.NewWorld(t, banks)
	h := w.Handler(open(t, w))
	w.Terminal(t, w.Shop, app.TerminalTerms{Name: "Till"})
	if a := w.Ask(h, http.MethodPost, "/v1/invoices", named("one"), `{"amount":"5000","unit":"IRR"}`); a.Status != 201 {
		t.Fatalf("got %d %s", a.Status, a.Body)
	}
	for path, want := range map[string]map[string]string{
		"/v1/invoices":  {"terminal": "", "account": "", "verify_within": "", "captured": "0", "held": "false"},
		"/v1/terminals": {"terminal": "1001", "pay_within": "0", "refund_within": "0"},
	} {
		row := rowsOf(t, w.Ask(h, http.MethodGet, path+"?format=csv", asAdmin, "").Body)[0]
		for name, cell := range want {
			if row[name] != cell {
				t.Errorf("%s %s: got %q, want %q", path, name, row[name], cell)
			}
		}
	}
}

// TestTablesHoldNoFormula wants no cell that a spreadsheet would run.
func TestTablesHoldNoFormula(t *testing.T) {
	t.Parallel()
	w := dialecttest.NewWorld(t, banks)
	h := w.Handler(open(t, w))
	titles := map[string]string{
		"=cmd|' /C calc'!A0": "'=cmd|' /C calc'!A0", "＝1+1": "'＝1+1", "＠a": "'＠a", "علی": "علی",
		"+1": "'+1", "-1": "-1", "-1.50": "-1.50", "-1+2": "'-1+2", "-": "'-",
		"@sum(a1)": "'@sum(a1)", "a=b": "a=b", "\t=1": "'\t=1", `say "no", twice`: `say "no", twice`,
	}
	titles["x;=1+1;y"], titles["x; @a"], titles["x; y"] = "x;'=1+1;y", "x; '@a", "x; y"
	want := map[string]int{}
	for title, cell := range titles {
		want[cell]++
		if _, err := w.App.CreateInvoice(t.Context(), w.Shop, app.NewInvoice{
			ID: w.UUID(), Amount: money.New(5_000, money.IRR), Title: title, Payer: invoice.Payer{Name: "=1"},
			Bag: map[string]string{"meta.a": "b"},
		}); err != nil {
			t.Fatal(err)
		}
	}
	rows := rowsOf(t, w.Ask(h, http.MethodGet, "/v1/invoices?format=csv", asAdmin, "").Body)
	for _, row := range rows {
		want[row["title"]]--
		if row["payer"] != `{"name":"=1"}` || row["metadata"] != `{"a":"b"}` {
			t.Errorf("got %v", row)
		}
	}
	for cell, n := range want {
		if n != 0 {
			t.Errorf("%q: %d missing", cell, n)
		}
	}
}

// TestTableIsAskedFor wants a table where it is preferred, and the usual errors.
func TestTableIsAskedFor(t *testing.T) {
	t.Parallel()
	w := dialecttest.NewWorld(t, banks)
	h := w.Handler(open(t, w))
	for _, c := range []struct {
		query, accept string
		want          int
		media         string
	}{
		{"", "text/csv", http.StatusOK, "text/csv"},
		{"", "text/csv, */*;q=0.1", http.StatusOK, "text/csv"},
		{"", "application/json, text/csv;q=0.5", http.StatusOK, "application/json"},
		{"", "*/*", http.StatusOK, "application/json"},
		{"?format=json", "text/csv", http.StatusOK, "application/json"},
		{"?format=csv", "application/json", http.StatusOK, "text/csv"},
		{"?format=xml", "", http.StatusBadRequest, "application/problem+json"},
		{"?format=csv&limit=10", "", http.StatusBadRequest, "application/problem+json"},
		{"?format=csv&cursor=x", "", http.StatusBadRequest, "application/problem+json"},
	} {
		header := asAdmin.Clone()
		header.Set("Accept", c.accept)
		a := w.Ask(h, http.MethodGet, "/v1/invoices"+c.query, header, "")
		if media, _, _ := strings.Cut(a.Header.Get("Content-Type"), ";"); a.Status != c.want || media != c.media {
			t.Errorf("%q, %q: got %d %s", c.query, c.accept, a.Status, media)
		}
	}
}
