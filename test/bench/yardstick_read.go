package main

import (
	"encoding/json"
	"net/http"
)

// paid is a payment as callers see it.
type paid struct {
	ID         string `json:"id"`
	Status     string `json:"status"`
	Invoice    string `json:"invoice"`
	Amount     string `json:"amount"`
	Refunded   string `json:"refunded"`
	Refundable string `json:"refundable"`
	Unit       string `json:"unit"`
	Gateway    string `json:"gateway"`
	Session    string `json:"session"`
	Receipt    string `json:"receipt"`
	Card       string `json:"card"`
	FinishedAt string `json:"finished_at"`
	CreatedAt  string `json:"created_at"`
	UpdatedAt  string `json:"updated_at"`
}

// showPayment answers with as much JSON as there is about a payment, and looks
// nothing up.
func showPayment(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = json.NewEncoder(w).Encode(paid{ // a caller that has gone away cannot be told so
		ID: r.PathValue("id"), Status: "captured", Invoice: "inv_01941f29-7c00-7000-8000-000000000001",
		Amount: lifeAmount, Refunded: "0", Refundable: lifeAmount, Unit: lifeUnit, Gateway: "zibal",
		Session: "300000001", Receipt: "600000001", Card: "621986******8080",
		FinishedAt: "2026-12-01T12:00:00.123456Z", CreatedAt: "2026-12-01T12:00:00.123456Z",
		UpdatedAt: "2026-12-01T12:00:00.123456Z",
	})
}
