package client_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/purserhq/purser/client"
)

// A shop asks for money, under the name that the order has in its own books.
func Example() {
	ctx := context.Background()
	purser, err := client.New(client.Config{URL: "https://pay.example", Key: "sk_..."})
	if err != nil {
		fmt.Println("no client:", err)
		return
	}
	made, err := purser.CreateInvoiceWithResponse(ctx,
		&client.CreateInvoiceParams{IdempotencyKey: new("order 1001")},
		client.NewInvoice{
			Amount: "12.50", Unit: "EUR", Reference: new("order 1001"), ReturnURL: new("https://shop.example/1001"),
		})
	var refused *client.Error
	switch {
	case errors.As(err, &refused) && refused.Code == client.CodeParameterInvalid:
		fmt.Println("this cannot be right:", refused.Param, refused.Detail)
	case err != nil:
		fmt.Println("ask again later, under the same name:", err)
	default:
		fmt.Println("send the payer to", *made.JSON201.CheckoutURL)
	}
}

// A list is read page by page, as the loop goes on.
func ExampleEach() {
	ctx := context.Background()
	purser, err := client.New(client.Config{URL: "https://pay.example", Key: "sk_..."})
	if err != nil {
		fmt.Println("no client:", err)
		return
	}
	paid := client.Each(func(cursor *string) ([]client.Invoice, *string, error) {
		page, err := purser.ListInvoicesWithResponse(ctx, &client.ListInvoicesParams{
			Status: new(client.ListInvoicesParamsStatusPaid), Cursor: cursor,
		})
		if err != nil {
			return nil, nil, err
		}
		return page.JSON200.Data, page.JSON200.NextCursor, nil
	})
	for invoice, err := range paid {
		if err != nil {
			fmt.Println("no more invoices:", err)
			return
		}
		fmt.Println(invoice.ID, invoice.Amount, invoice.Unit)
	}
}
