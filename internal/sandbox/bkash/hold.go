package bkash

import (
	"github.com/purserhq/purser/internal/sandbox"
)

// twoPaths hides a call where the provider has one path for capture and void together.
func twoPaths(work func(a *asked) sandbox.Object) func(a *asked) sandbox.Object {
	return func(a *asked) sandbox.Object {
		if a.Setting(switchCapturePath) != "two" {
			a.gone = true
			return nil
		}
		return work(a)
	}
}

// confirm is that one path. What it takes is not published; here it is a member "action".
func confirm(a *asked) sandbox.Object {
	if a.Setting(switchCapturePath) == "two" {
		a.gone = true
		return nil
	}
	switch a.fields.Text("action") {
	case "capture":
		return capture(a)
	case "void":
		return void(a)
	}
	return a.failed(codeMissing)
}

// capture takes what was authorised.
func capture(a *asked) sandbox.Object {
	p, code := a.held()
	if code != "" {
		return a.failed(code)
	}
	delete(p.Facts, factHeld)
	p.Verify(a.Now)
	a.Save(p)
	return a.done(a.report(p)...)
}

// void lets go of what was authorised.
func void(a *asked) sandbox.Object {
	p, code := a.held()
	if code != "" {
		return a.failed(code)
	}
	delete(p.Facts, factHeld)
	p.Facts[factVoided] = "yes"
	p.Reverse(a.Now)
	a.Save(p)
	return a.done(a.report(p)...)
}

// held finds an authorised payment, or says why there is none.
func (a *asked) held() (*sandbox.Payment, string) {
	p, ok := a.own(a.fields.Text("paymentID"))
	switch {
	case !ok:
		return nil, codePaymentID
	case p.Facts[factHeld] != "" && p.State == sandbox.Paid:
		return p, ""
	case executed(p):
		return nil, codeHeldBefore
	}
	return nil, codeWrongState
}

// makeAgreement is execute of mode 0000: no money moves.
func (a *asked) makeAgreement(p *sandbox.Payment) sandbox.Object {
	p.Facts[factAgreement] = "TokenizedMerchant01" + a.Letters("agreement", p.Number, 16)
	p.VerifiedAt, p.State = a.Now, sandbox.Verified
	a.Save(p)
	return a.done(
		sandbox.Member{Name: "paymentID", Value: p.ID},
		sandbox.Member{Name: "agreementID", Value: p.Facts[factAgreement]},
		sandbox.Member{Name: "payerReference", Value: p.Mobile},
		sandbox.Member{Name: "customerMsisdn", Value: p.Mobile},
		sandbox.Member{Name: "agreementExecuteTime", Value: stamp(a.Now)},
		sandbox.Member{Name: "agreementStatus", Value: "Completed"},
	)
}

// agreement finds the making of an agreement.
func (a *asked) agreement(id string) (*sandbox.Payment, bool) {
	for _, p := range a.Payments() {
		made := p.Facts[factMode] == modeAgree && executed(p)
		if made && p.Merchant == a.owner && id != "" && p.Facts[factAgreement] == id {
			return p, true
		}
	}
	return nil, false
}

// agreed says that an agreement can be paid with.
func (a *asked) agreed(id string) bool {
	p, ok := a.agreement(id)
	return ok && p.Facts[factCanceled] == ""
}

func agreementStatus(a *asked) sandbox.Object {
	p, ok := a.agreement(a.fields.Text("agreementID"))
	if !ok {
		return a.failed(codeAgreement)
	}
	return a.showAgreement(p)
}

func agreementCancel(a *asked) sandbox.Object {
	p, ok := a.agreement(a.fields.Text("agreementID"))
	if !ok || p.Facts[factCanceled] != "" {
		return a.failed(codeAgreement)
	}
	p.Facts[factCanceled] = "yes"
	a.Save(p)
	return a.showAgreement(p)
}

func (a *asked) showAgreement(p *sandbox.Payment) sandbox.Object {
	word := "Completed"
	if p.Facts[factCanceled] != "" {
		word = "Cancelled"
	}
	return a.done(
		sandbox.Member{Name: "paymentID", Value: p.ID},
		sandbox.Member{Name: "agreementID", Value: p.Facts[factAgreement]},
		sandbox.Member{Name: "payerReference", Value: p.Mobile},
		sandbox.Member{Name: "customerMsisdn", Value: p.Mobile},
		sandbox.Member{Name: "agreementExecuteTime", Value: stamp(p.VerifiedAt)},
		sandbox.Member{Name: "agreementStatus", Value: word},
	)
}
