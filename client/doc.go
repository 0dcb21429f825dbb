// Package client speaks Purser's own API. All that can be called is generated
// from docs/openapi.json; the files beside it, which are written by hand, add the
// key, tries that cannot do anything twice, one type for errors, and walks over
// lists.
//
//	purser, err := client.New(client.Config{URL: "https://pay.example", Key: "sk_..."})
//	...
//	made, err := purser.CreateInvoiceWithResponse(ctx, nil, client.NewInvoice{
//		Amount: "12.50", Unit: "EUR", ReturnURL: new("https://shop.example/thanks"),
//	})
//	if client.CodeOf(err) == client.CodeParameterInvalid {
//		...
//	}
//	http.Redirect(w, r, *made.JSON201.CheckoutURL, http.StatusSeeOther)
//
// Methods whose names end in WithResponse are the ones to use: where the error is
// nil, the answer is in the field for the status that the document names (JSON201
// of what creates, JSON200 of all else). What the server refuses is an *Error;
// CodeOf gives its code.
//
// Every call that changes something has an Idempotency-Key, so that it may be sent
// again where its answer was lost, and is. A name of your own goes into the
// parameters of the call: it also makes one of two calls by two processes.
//
// Each walks over a list of any length, and Events over what happened.
package client
