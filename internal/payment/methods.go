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
	Card         Method = "card"
	MBWay        Method = "mb_way"        // a Portuguese phone app
	MobileWallet Method = "mobile_wallet" // money that a telephone number holds, such as Bangladesh's
	Rocket       Method = "rocket"        // one of them that is only reached through others
	BankTransfer Method = "bank_transfer"
	Cash         Method = "cash"
)

// Methods is what is known of each method.
var Methods = map[Method]struct{ Flow Flow }{
	IranianCard:  {Redirect},
	Card:         {Redirect},
	MBWay:        {Push},
	MobileWallet: {Redirect},
	Rocket:       {Redirect},
	BankTransfer: {Requisites},
	Cash:         {Requisites},
}
