package sslcommerz

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/sandbox"
)

// The limits of a checkout, in poisha.
const (
	leastAmount = 10_00
	mostAmount  = 500_000_00
)

// rates are what one unit of a currency is in taka; real ones move.
var rates = map[string]int64{"BDT": 1, "USD": 120, "EUR": 130, "GBP": 155}

// lengths are the fields that are needed, with the most that each may have.
var lengths = []struct {
	name string
	most int
}{
	{"tran_id", 30},
	{"currency", 3},
	{"success_url", 255},
	{"fail_url", 255},
	{"cancel_url", 255},
	{"cus_name", 50},
	{"cus_email", 50},
	{"cus_add1", 50},
	{"cus_city", 50},
	{"cus_postcode", 30},
	{"cus_country", 50},
	{"cus_phone", 20},
	{"shipping_method", 50},
	{"product_name", 255},
	{"product_profile", 100},
}

// optional are the fields that may be left out.
var optional = map[string]int{
	"ipn_url": 255, "multi_card_name": 30, "allowed_bin": 255,
	"value_a": 255, "value_b": 255, "value_c": 255, "value_d": 255,
}

// more are the fields that a product profile or a shipping method asks for.
var more = map[string][]string{
	"airline-tickets":  {"hours_till_departure", "flight_type", "pnr", "journey_from_to", "third_party_booking"},
	"travel-vertical":  {"hotel_name", "length_of_stay", "check_in_time", "hotel_city"},
	"telecom-vertical": {"product_type", "topup_number", "country_topup"},
	"general":          {}, "physical-goods": {}, "non-physical-goods": {},
}

var shipping = []string{"ship_name", "ship_add1", "ship_city", "ship_postcode", "ship_country"}

// input is what a call brings, in its query and in a body of either kind. An empty text counts as absent.
func input(c *sandbox.Call) url.Values {
	values := c.Request.URL.Query()
	var body url.Values
	var err error
	if sandbox.MediaType(c.Request) == "multipart/form-data" {
		body, err = parts(c)
	} else {
		body, err = url.ParseQuery(string(c.Body))
	}
	if err == nil {
		for name, value := range body {
			values[name] = value
		}
	}
	for name := range values {
		if values.Get(name) == "" {
			values.Del(name)
		}
	}
	return values
}

// parts reads a multipart body.
func parts(c *sandbox.Call) (url.Values, error) {
	_, parameters, err := mime.ParseMediaType(c.Request.Header.Get("Content-Type"))
	if err != nil {
		return nil, err
	}
	values, reader := url.Values{}, multipart.NewReader(bytes.NewReader(c.Body), parameters["boundary"])
	for {
		part, err := reader.NextPart()
		if errors.Is(err, io.EOF) {
			return values, nil
		}
		if err != nil {
			return nil, err
		}
		text, err := io.ReadAll(part)
		if err != nil {
			return nil, err
		}
		values.Set(part.FormName(), string(text))
	}
}

// start opens a checkout.
func start(c *sandbox.Call) sandbox.Reply {
	in := input(c)
	if fault, ok := c.Fault(sandbox.FaultRefuse); ok {
		return refusedStart(fault.Value)
	}
	if reason := wrong(c, in); reason != "" {
		return refusedStart(reason)
	}
	asked, _ := money.Parse(in.Get("total_amount"), money.BDT) // wrong has read it
	c.Subject = freeID(c, in.Get("tran_id"))
	number := c.Next()
	session := strings.ToUpper(c.Letters("session", number, 32))
	facts := map[string]string{"session": session}
	for _, name := range []string{
		"success_url", "fail_url", "cancel_url", "ipn_url", "multi_card_name", "value_a", "value_b", "value_c", "value_d",
	} {
		if value := in.Get(name); value != "" {
			facts[name] = value
		}
	}
	c.Create(sandbox.Payment{
		ID: c.Subject, Merchant: in.Get("store_id"), OrderID: in.Get("tran_id"), Description: in.Get("product_name"),
		Asked: asked.Steps(), Currency: in.Get("currency"), Amount: asked.Steps() * rates[in.Get("currency")],
		Callback: in.Get("success_url"), AutoVerify: true, Facts: facts,
	})
	status := "SUCCESS"
	if fault, ok := c.Fault(sandbox.FaultUnknownWord); ok {
		status = cmp.Or(fault.Value, "ALMOST")
	}
	page := c.PublicURL() + "/pay/" + url.PathEscape(c.Subject)
	return sandbox.JSON(http.StatusOK, sandbox.Object{
		{Name: "status", Value: status},
		{Name: "failedreason", Value: ""},
		{Name: "sessionkey", Value: session},
		{Name: "gw", Value: sandbox.Object{}},
		{Name: "redirectGatewayURL", Value: page + "?channel="},
		{Name: "redirectGatewayURLFailed", Value: ""},
		{Name: "directPaymentURLBank", Value: ""},
		{Name: "directPaymentURLCard", Value: ""},
		{Name: "directPaymentURL", Value: ""},
		{Name: "GatewayPageURL", Value: page},
		{Name: "storeBanner", Value: ""},
		{Name: "storeLogo", Value: ""},
		{Name: "store_name", Value: "Sandbox store"},
		{Name: "desc", Value: []string{}},
		{Name: "is_direct_pay_enable", Value: "0"},
	})
}

func refusedStart(reason string) sandbox.Reply {
	return sandbox.JSON(http.StatusOK, sandbox.Object{
		{Name: "status", Value: "FAILED"}, {Name: "failedreason", Value: reason}, {Name: "sessionkey", Value: ""},
	})
}

// freeID is the name of the payment in the emulator's books: the tran_id, with a number when it was used before.
func freeID(c *sandbox.Call, tran string) string {
	id := tran
	for number := 2; ; number++ {
		if _, taken := c.Find(id); !taken {
			return id
		}
		id = tran + "~" + strconv.Itoa(number)
	}
}

// wrong is the reason why a checkout is not opened; empty = none.
func wrong(c *sandbox.Call, in url.Values) string {
	if !store(c, in.Get("store_id"), in.Get("store_passwd")) {
		return "Store Credential Error Or Store is De-active"
	}
	amount, err := money.Parse(in.Get("total_amount"), money.BDT)
	rate, known := rates[in.Get("currency")]
	switch {
	case err != nil || amount.Sign() <= 0 || !known:
		return "Invalid Information! 'total_amount' or 'currency' is invalid"
	case amount.Steps() > mostAmount || amount.Steps()*rate < leastAmount || amount.Steps()*rate > mostAmount:
		return "The amount must be from 10.00 to 500000.00 BDT"
	}
	if reason := wrongFields(c, in); reason != "" {
		return reason
	}
	for _, name := range channelNames(in.Get("multi_card_name")) {
		known := slices.ContainsFunc(channels, func(one channel) bool { return one.fits(name) })
		if !known || (name == "nagad" && c.Setting(switchNagad) == "refused") {
			return "Invalid Information! 'multi_card_name' is invalid"
		}
	}
	for _, p := range c.Payments() {
		if p.Merchant == in.Get("store_id") && p.OrderID == in.Get("tran_id") && p.Charges > 0 {
			return "The transaction id has been paid already"
		}
	}
	return ""
}

// wrongFields checks what is needed and how long it may be.
func wrongFields(c *sandbox.Call, in url.Values) string {
	needed := slices.Clone(more[in.Get("product_profile")])
	if _, known := more[in.Get("product_profile")]; !known {
		return "Invalid Information! 'product_profile' is invalid"
	}
	if in.Get("shipping_method") != "NO" {
		needed = append(needed, shipping...)
	}
	for _, field := range lengths {
		needed = append(needed, field.name)
		if len(in.Get(field.name)) > field.most {
			return "Invalid Information! '" + field.name + "' is too long"
		}
	}
	for name, most := range optional {
		if len(in.Get(name)) > most {
			return "Invalid Information! '" + name + "' is too long"
		}
	}
	category := in.Get("product_category")
	if category == "" || int64(len(category)) > c.Number(switchCategory) {
		return "Invalid Information! 'product_category' is missing or too long"
	}
	for _, name := range needed {
		if in.Get(name) == "" {
			return "Invalid Information! '" + name + "' is missing or empty"
		}
	}
	for _, name := range []string{"success_url", "fail_url", "cancel_url", "ipn_url"} {
		if address := in.Get(name); address != "" && !sandbox.WebAddress(address) {
			return "Invalid Information! '" + name + "' is no address"
		}
	}
	return ""
}
