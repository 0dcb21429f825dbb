package api

import (
	"net/http"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/money"
)

// settlementCheck is what would come of a settlement file.
type settlementCheck struct {
	Gateway        string           `json:"gateway"`
	Rows           int64            `json:"rows"`
	Payments       int64            `json:"payments"`
	PaymentsBefore int64            `json:"payments_before"`
	Refunds        int64            `json:"refunds"`
	RefundsBefore  int64            `json:"refunds_before"`
	Differences    int64            `json:"differences"`
	Taken          string           `json:"taken"`
	Fees           string           `json:"fees"`
	Returned       string           `json:"returned"`
	PaidOut        string           `json:"paid_out"`
	Unit           string           `json:"unit"`
	From           string           `json:"from,omitempty" format:"date-time"`
	Until          string           `json:"until,omitempty" format:"date-time"`
	Data           []differenceView `json:"data" nullable:"false"`
}

// differenceView is one thing in which a settlement file and the books differ.
type differenceView struct {
	Kind    string `json:"kind"`
	Line    int64  `json:"line,omitempty"`
	Receipt string `json:"receipt,omitempty"`
	Payment string `json:"payment,omitempty"`
	Ours    string `json:"ours,omitempty"`
	Theirs  string `json:"theirs,omitempty"`
}

// mostDifferences bounds how many of them a check shows.
const mostDifferences = 1000

// differenceKinds are all of them.
func differenceKinds() (kinds []string) {
	for _, k := range app.DifferenceKinds {
		kinds = append(kinds, string(k))
	}
	return kinds
}

// checkWords are those of a check: what a settlement has means the same.
func checkWords() words {
	check := map[string]word{"data": {doc: "In what they differ, in the order of the file; the first 1000."}}
	for name, said := range settlementWords["settlementView"] {
		switch name {
		case "id", "status", "name", "ended_at":
		default:
			check[name] = said
		}
	}
	check["rows"] = word{doc: "How many rows it has.", example: 120}
	check["payments"] = word{doc: "How many payments it would settle.", example: 110}
	check["refunds"] = word{doc: "How many refunds it would settle.", example: 5}
	difference := map[string]word{}
	for _, name := range []string{"line", "receipt", "payment", "ours", "theirs"} {
		difference[name] = settlementWords["settlementRowView"][name]
	}
	difference["kind"] = word{
		doc:     settlementWords["settlementRowView"]["kind"].doc,
		example: string(app.OtherAmount), choices: differenceKinds(),
	}
	return words{"settlementCheck": check, "differenceView": difference}
}

func (d *desk) settlementCheck() operation {
	r := row{
		id: "checkSettlement", path: "/settlements/check", scope: merchant.Operator, summary: "Check a settlement file",
		about: "Says what would come of a settlement file, and books nothing: the same as createSettlement takes is only " +
			"compared with the books.",
		faults: []fault.Code{fault.CodeGatewayNotFound}, most: mostOfFile, method: http.MethodPost,
	}
	return change(r, http.StatusOK, func(c *call) string { return c.desk.NewID("chk") }, d.checkSettlement,
		story[settlementCheck]{now: func(*call, string) (settlementCheck, error) {
			return settlementCheck{}, fault.New(fault.CodeIdempotencyInProgress, "", "")
		}})
}

func (d *desk) checkSettlement(c *call, _ string, in newSettlement) (out settlementCheck, err error) {
	done, err := d.settle(c, app.Settlement{Check: true}, in)
	if err != nil {
		return out, err
	}
	kept, err := money.Sum(done.Taken.Unit(), done.Fees, done.Returned)
	if err != nil {
		return out, err
	}
	paidOut, err := done.Taken.Sub(kept)
	if err != nil {
		return out, err
	}
	out = settlementCheck{
		Gateway: in.Gateway, Rows: int64(done.Rows), Payments: int64(done.Payments),
		PaymentsBefore: int64(done.PaymentsBefore), Refunds: int64(done.Refunds), RefundsBefore: int64(done.RefundsBefore),
		Differences: int64(len(done.Differences)), Taken: done.Taken.Fixed(), Fees: done.Fees.Fixed(),
		Returned: done.Returned.Fixed(), PaidOut: paidOut.Fixed(), Unit: string(done.Taken.Unit()),
		From: moment(done.From), Until: moment(done.Until), Data: []differenceView{},
	}
	for _, one := range done.Differences[:min(len(done.Differences), mostDifferences)] {
		out.Data = append(out.Data, differenceView{
			Kind: string(one.Kind), Line: int64(one.Line), Receipt: one.Receipt, Payment: one.Payment, Ours: one.Ours,
			Theirs: one.Theirs,
		})
	}
	return out, nil
}
