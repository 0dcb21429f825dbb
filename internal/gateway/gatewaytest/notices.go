package gatewaytest

import (
	"bytes"
	"maps"
	"testing"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/gateway"
)

// notices holds what a provider's server sends to its check: only Checked
// messages are read, and a contract that cannot check one hears none.
func (k Kit) notices(t *testing.T) {
	g := k.open(t, "http://127.0.0.1:1", patient)
	n, ok := g.(gateway.Notifier)
	if ok != (k.Notices != nil) {
		t.Fatalf("it can be notified: %v, and the kit has messages: %v", ok, k.Notices != nil)
	}
	if !ok {
		return
	}
	if !n.Notifies() {
		t.Error("with all credentials there, Notifies is false")
	}
	if ack := n.Acknowledgement(); ack.Status < 200 || ack.Status > 299 {
		t.Errorf("got %+v, want an answer that ends the repeating", ack)
	}
	k.goodNotice(t, n)
	for _, message := range k.Notices.Foreign {
		checked, err := gateway.Checked(n, message)
		if err != nil {
			t.Errorf("%s: got %v, want it checked", message.Body, err)
			continue
		}
		if notice, ok := n.ReadNotification(checked); ok && k.ours(notice) {
			t.Errorf("%s: got %+v, want nothing of ours", message.Body, notice)
		}
	}
	for _, message := range append([]gateway.Message{{}}, k.Notices.Forged...) {
		k.unchecked(t, n, message)
	}
	k.maimed(t, n)
	k.deaf(t)
}

// goodNotice reads the message that is about the kit's attempt.
func (k Kit) goodNotice(t *testing.T, n gateway.Notifier) {
	checked, err := gateway.Checked(n, k.Notices.Good)
	if err != nil {
		t.Fatalf("the good message: %v", err)
	}
	notice, ok := n.ReadNotification(checked)
	said := notice
	said.Word = ""
	if !ok || said != k.Notices.Says || !k.ours(notice) {
		t.Errorf("got %+v %v, want %+v, which names the attempt", notice, ok, k.Notices.Says)
	}
	k.silent(t, "notice", notice)
}

// ours says that a notice names the kit's attempt.
func (k Kit) ours(n gateway.Notice) bool {
	return n.Session == k.Session || (n.Short != "" && n.Short == k.Attempt().Short)
}

// unchecked wants a message to fail, without a secret in the words for it.
func (k Kit) unchecked(t *testing.T, n gateway.Notifier, message gateway.Message) {
	_, err := gateway.Checked(n, message)
	if !fault.Is(err, fault.CodeSignatureInvalid) {
		t.Errorf("%v %s: got %v, want signature_invalid", message.Query, message.Body, err)
	}
	k.silent(t, "check", err)
}

// maimed takes every part of the good message away, one by one. What is left
// may pass its check only when it still names nobody else's attempt.
func (k Kit) maimed(t *testing.T, n gateway.Notifier) {
	var rest []gateway.Message
	for name := range k.Notices.Good.Query {
		m := k.Notices.Good
		m.Query = maps.Clone(m.Query)
		delete(m.Query, name)
		rest = append(rest, m)
	}
	for name := range k.Notices.Good.Header {
		m := k.Notices.Good
		m.Header = maps.Clone(m.Header)
		delete(m.Header, name)
		rest = append(rest, m)
	}
	body := k.Notices.Good.Body
	for _, cut := range [][]byte{
		nil, body[:len(body)/2], []byte("null"), []byte("{}"), bytes.Repeat([]byte("["), 10_000),
	} {
		m := k.Notices.Good
		m.Body = cut
		rest = append(rest, m)
	}
	for _, m := range rest {
		checked, err := gateway.Checked(n, m)
		if err != nil {
			k.silent(t, "check", err)
			continue
		}
		if notice, ok := n.ReadNotification(checked); ok && !k.ours(notice) {
			t.Errorf("%v %s: got %+v, want ours or nothing", m.Query, m.Body, notice)
		}
	}
}

// deaf opens contracts without what checking needs.
func (k Kit) deaf(t *testing.T) {
	for _, name := range k.Notices.Secrets {
		c := k.config("http://127.0.0.1:1")
		delete(c.Secrets, name)
		bare, err := k.New(c, nil)
		if err != nil {
			t.Errorf("without %s: %v", name, err)
			continue
		}
		n, ok := bare.(gateway.Notifier)
		if !ok {
			continue
		}
		if n.Notifies() {
			t.Errorf("without %s, Notifies is true", name)
		}
		k.unchecked(t, n, k.Notices.Good)
	}
}
