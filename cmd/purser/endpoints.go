package main

import (
	"context"

	"github.com/purserhq/purser/internal/server"
)

type endpointCommand struct {
	Add     endpointAddCommand     `cmd:"" help:"Add an address; its signing secret is shown this once."`
	List    endpointListCommand    `cmd:"" help:"List endpoints, disabled ones too."`
	Rotate  endpointRotateCommand  `cmd:"" help:"Make a new signing secret; the old one signs too for another day."`
	Disable endpointDisableCommand `cmd:"" help:"Send nothing to an endpoint; what is due stays due."`
	Enable  endpointEnableCommand  `cmd:"" help:"Send to an endpoint again."`
}

type endpointAddCommand struct {
	dataFlags    `embed:""`
	operatorFlag `embed:""`

	Merchant string   `help:"Who is told." placeholder:"ID" required:""`
	URL      string   `help:"Where, best with https; not in a private network." name:"url" placeholder:"URL" required:""`
	Type     []string `help:"Such as payment.captured or payment.*; may be repeated. Without it, everything."`
}

// Run adds the endpoint.
func (c *endpointAddCommand) Run(ctx context.Context, t server.Terminal) error {
	commands, err := c.commands(t)
	if err != nil {
		return err
	}
	return commands.AddEndpoint(ctx, server.NewEndpoint{Merchant: c.Merchant, URL: c.URL, Types: c.Type})
}

type endpointListCommand struct {
	dataFlags `embed:""`

	Merchant string `help:"Whose endpoints." placeholder:"ID" required:""`
}

// Run lists endpoints.
func (c *endpointListCommand) Run(ctx context.Context, t server.Terminal) error {
	commands, err := c.commands(t)
	if err != nil {
		return err
	}
	return commands.Endpoints(ctx, c.Merchant)
}

// ownEndpoint names one endpoint of a merchant.
type ownEndpoint struct {
	dataFlags `embed:""`

	Merchant string `help:"Whose endpoint it is." placeholder:"ID" required:""`
	Endpoint string `arg:"" help:"The endpoint's id, as the list shows it."`
}

type endpointRotateCommand struct {
	ownEndpoint  `embed:""`
	operatorFlag `embed:""`
}

// Run makes a new secret.
func (c *endpointRotateCommand) Run(ctx context.Context, t server.Terminal) error {
	commands, err := c.commands(t)
	if err != nil {
		return err
	}
	return commands.RotateSecret(ctx, c.Merchant, c.Endpoint)
}

type endpointDisableCommand struct {
	ownEndpoint  `embed:""`
	operatorFlag `embed:""`

	Reason string `default:"an operator disabled it" help:"Why, for whoever looks at the list."`
}

// Run stops sending.
func (c *endpointDisableCommand) Run(ctx context.Context, t server.Terminal) error {
	if c.Reason == "" {
		return &usageError{"a reason is needed"}
	}
	commands, err := c.commands(t)
	if err != nil {
		return err
	}
	return commands.DisableEndpoint(ctx, c.Merchant, c.Endpoint, c.Reason)
}

type endpointEnableCommand struct {
	ownEndpoint  `embed:""`
	operatorFlag `embed:""`
}

// Run sends again.
func (c *endpointEnableCommand) Run(ctx context.Context, t server.Terminal) error {
	commands, err := c.commands(t)
	if err != nil {
		return err
	}
	return commands.DisableEndpoint(ctx, c.Merchant, c.Endpoint, "")
}

type deliveryCommand struct {
	List   deliveryListCommand   `cmd:"" help:"List deliveries, newest first."`
	Show   deliveryShowCommand   `cmd:"" help:"Show one with its body and the last answer."`
	Resend deliveryResendCommand `cmd:"" help:"Send one again, under its own id."`
}

type deliveryListCommand struct {
	dataFlags `embed:""`

	Merchant string `help:"Whose deliveries." placeholder:"ID" required:""`
	Endpoint string `help:"Only to this endpoint." placeholder:"ID"`
	State    string `default:"" enum:",due,delivered,dead" help:"Only those that are due, delivered or dead."`
	Subject  string `help:"Only about this thing, such as a payment." placeholder:"ID"`
	Type     string `help:"Only those that tell of such an event." placeholder:"payment.captured"`
	Limit    int    `default:"50" help:"How many at most."`
}

// Run lists deliveries.
func (c *deliveryListCommand) Run(ctx context.Context, t server.Terminal) error {
	commands, err := c.commands(t)
	if err != nil {
		return err
	}
	return commands.Deliveries(ctx, server.WhichDeliveries{
		Merchant: c.Merchant, Endpoint: c.Endpoint, State: c.State, Subject: c.Subject, Type: c.Type,
		Limit: c.Limit,
	})
}

// ownDelivery names one delivery of a merchant.
type ownDelivery struct {
	dataFlags `embed:""`

	Merchant string `help:"Whose delivery it is." placeholder:"ID" required:""`
	Delivery string `arg:"" help:"The delivery's id, which is also its webhook-id."`
}

type deliveryShowCommand struct {
	ownDelivery `embed:""`
}

// Run shows the delivery.
func (c *deliveryShowCommand) Run(ctx context.Context, t server.Terminal) error {
	commands, err := c.commands(t)
	if err != nil {
		return err
	}
	return commands.ShowDelivery(ctx, c.Merchant, c.Delivery)
}

type deliveryResendCommand struct {
	ownDelivery  `embed:""`
	operatorFlag `embed:""`
}

// Run sends it again.
func (c *deliveryResendCommand) Run(ctx context.Context, t server.Terminal) error {
	commands, err := c.commands(t)
	if err != nil {
		return err
	}
	return commands.Resend(ctx, c.Merchant, c.Delivery)
}
