package sslcommerz

import (
	"cmp"
	"net/http"
	"net/url"
	"strconv"

	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/sandbox"
)

// refund starts to give money back, once for a refund_trans_id unless the switch says otherwise.
func refund(c *sandbox.Call, in url.Values) sandbox.Reply {
	p, bank := findBankID(c, in)
	if p == nil {
		return refused(in, "", "Invalid bank_tran_id")
	}
	c.Subject = p.ID
	amount, err := money.Parse(in.Get("refund_amount"), money.BDT)
	own := in.Get("refund_trans_id")
	switch {
	case err != nil || amount.Sign() <= 0:
		return refused(in, p.OrderID, "Invalid refund_amount")
	case in.Get("refund_remarks") == "" || len(in.Get("refund_remarks")) > 255:
		return refused(in, p.OrderID, "Invalid refund_remarks")
	case len(own) > 30 || (own == "" && c.Setting(switchNeedRefundID) == "on"):
		return refused(in, p.OrderID, "Invalid refund_trans_id")
	}
	for _, known := range p.Refunds {
		if own == "" || known.Description != own || c.Setting(switchRefundAgain) == "second-refund" {
			continue
		}
		if c.Setting(switchRefundAgain) == "refused" {
			return refused(in, p.OrderID, "refund_trans_id was used before")
		}
		return begun(c, p, bank, known)
	}
	if amount.Steps() > p.Refundable() || (len(p.Refunds) > 0 && c.Setting(switchRefundCount) == "one") {
		return refused(in, p.OrderID, "The refund amount exceeds what is left")
	}
	given := sandbox.Refund{
		ID: c.Next(), Amount: amount.Steps(), Description: own, Reason: in.Get("refund_remarks"),
		Status: sandbox.RefundPending, At: c.Now, DueAt: c.Now.Add(c.Length(switchRefundCycle)),
	}
	if _, ok := c.Fault(FaultRefundLong); ok {
		given.Fate = sandbox.FateStays
	}
	if _, ok := c.Fault(FaultRefundFails); ok {
		given.Fate = sandbox.FateFails
	}
	p.Refunds = append(p.Refunds, given)
	c.Save(p)
	return begun(c, p, bank, given)
}

// findBankID finds the charge that a bank_tran_id names.
func findBankID(c *sandbox.Call, in url.Values) (*sandbox.Payment, string) {
	for _, p := range c.Payments() {
		for charge := range p.Charges {
			if id := bankID(*p, charge > 0); p.Merchant == in.Get("store_id") && id == in.Get("bank_tran_id") {
				return p, id
			}
		}
	}
	return nil, ""
}

// begun answers a refund that was taken on.
func begun(c *sandbox.Call, p *sandbox.Payment, bank string, given sandbox.Refund) sandbox.Reply {
	status := "success"
	if given.Fate == sandbox.FateStays {
		status = "processing"
	}
	if fault, ok := c.Fault(sandbox.FaultUnknownWord); ok {
		status = cmp.Or(fault.Value, "queued")
	}
	return sandbox.JSON(http.StatusOK, sandbox.Object{
		{Name: "APIConnect", Value: "DONE"},
		{Name: "bank_tran_id", Value: bank},
		{Name: "trans_id", Value: p.OrderID},
		{Name: "refund_ref_id", Value: refundID(given)},
		{Name: "status", Value: status},
		{Name: "errorReason", Value: ""},
	})
}

// refused answers a refund that was not: it has no refund_ref_id.
func refused(in url.Values, tran, reason string) sandbox.Reply {
	return sandbox.JSON(http.StatusOK, sandbox.Object{
		{Name: "APIConnect", Value: "DONE"},
		{Name: "bank_tran_id", Value: in.Get("bank_tran_id")},
		{Name: "trans_id", Value: tran},
		{Name: "status", Value: "failed"},
		{Name: "errorReason", Value: reason},
	})
}

func refundID(r sandbox.Refund) string { return "R" + strconv.FormatInt(7_000_000+r.ID, 10) }

// refundState says how far a refund is.
func refundState(c *sandbox.Call, in url.Values) sandbox.Reply {
	for _, p := range c.Payments() {
		for _, given := range p.Refunds {
			if p.Merchant != in.Get("store_id") || refundID(given) != in.Get("refund_ref_id") {
				continue
			}
			c.Subject = p.ID
			status, on := "processing", ""
			switch given.Status {
			case sandbox.RefundSucceeded:
				status, on = "refunded", given.DueAt.In(dhaka).Format(timeForm)
			case sandbox.RefundFailed:
				status = "cancelled"
			case sandbox.RefundPending:
			}
			if fault, ok := c.Fault(sandbox.FaultUnknownWord); ok {
				status = cmp.Or(fault.Value, "queued")
			}
			return sandbox.JSON(http.StatusOK, sandbox.Object{
				{Name: "APIConnect", Value: "DONE"},
				{Name: "bank_tran_id", Value: bankID(*p, false)},
				{Name: "tran_id", Value: p.OrderID},
				{Name: "initiated_on", Value: given.At.In(dhaka).Format(timeForm)},
				{Name: "refunded_on", Value: on},
				{Name: "refund_ref_id", Value: refundID(given)},
				{Name: "status", Value: status},
				{Name: "errorReason", Value: ""},
			})
		}
	}
	return unaccepted("INVALID_REQUEST")
}
