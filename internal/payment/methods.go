package payment

// Method is how a payer pays.
type Method string

// Flow is the shape of a method: who must do what.
type Flow string

// The flows.
const (
	Redirect   Flow = "redirect"   // the payer goes to the provider's page
	Push       Flow = "push"       // the payer confirms on a phone
	Requisites Flow = "requisites" // the payer is told where to send the money
	Direct     Flow = "direct"     // the provider answers at once
)

// The methods.
const (
	IranianCard  Method = "iranian_card"
	BankTransfer Method = "bank_transfer"
	Cash         Method = "cash"
)

// Methods is what is known of each method.
var Methods = map[Method]struct{ Flow Flow }{
	IranianCard:  {Redirect},
	BankTransfer: {Requisites},
	Cash:         {Requisites},
}
