package gateway

// Message is what somebody's server sent to the address for notices. Nothing in
// it is believed before the connector has checked who sent it.
type Message struct {
	Method string
	Query  map[string][]string
	Header map[string][]string // names as net/http writes them
	Body   []byte
}

// Notification is a message whose sender was checked. Only Checked makes one,
// so that there is no way to carry an unchecked message to where notices are read.
type Notification struct{ message Message }

// Message is what was sent.
func (n Notification) Message() Message { return n.message }

// Checked runs a notifier's own check and gives the message as a notification
// when it passes. Error: the check's, usually signature_invalid.
func Checked(n Notifier, m Message) (Notification, error) {
	if err := n.CheckMessage(m); err != nil {
		return Notification{}, err
	}
	return Notification{message: m}, nil
}

// Notifier reads what a provider's server sends. A contract without the secret
// that such messages are checked with must not be one: see Notifies.
type Notifier interface {
	// Notifies says that the contract has what checking needs.
	Notifies() bool
	// CheckMessage is nil when the provider sent the message, for this contract.
	// Error: signature_invalid, also where nothing can be checked.
	CheckMessage(m Message) error
	// ReadNotification says which attempt it is about; ok is false when it is
	// about nothing of ours, which is acknowledged all the same.
	ReadNotification(n Notification) (notice Notice, ok bool)
	// Acknowledgement is what the provider wants to hear, so that it does not repeat.
	Acknowledgement() Acknowledgement
}

// Templater is a notifier whose provider learns the address for notices by hand,
// in its own office, with a template behind it.
type Templater interface {
	// NoticeTemplate is the query of the address, with the provider's placeholders.
	NoticeTemplate() string
}

// Acknowledgement is the answer to a notification that was taken.
type Acknowledgement struct {
	Status    int
	MediaType string // empty = no body
	Body      string
}
