package sslcommerz

import (
	"slices"
	"strings"

	"github.com/purserhq/purser/internal/sandbox"
)

// channel is one way to pay on the page, and how it comes back.
type channel struct {
	Key, Title                  string
	group                       string
	kind, issuer, brand, number string
}

// channels are what the page offers, in its order.
var channels = []channel{
	card("visa", "visacard", "VISA"), card("brac_visa", "visacard", "VISA"), card("dbbl_visa", "visacard", "VISA"),
	card("city_visa", "visacard", "VISA"), card("ebl_visa", "visacard", "VISA"), card("sbl_visa", "visacard", "VISA"),
	card("brac_master", "mastercard", "MASTER"), card("dbbl_master", "mastercard", "MASTER"),
	card("city_master", "mastercard", "MASTER"), card("ebl_master", "mastercard", "MASTER"),
	card("sbl_master", "mastercard", "MASTER"), card("city_amex", "amexcard", "AMEX"),
	card("qcash", "othercard", "QCASH"), card("dbbl_nexus", "othercard", "DBBLNEXUS"),
	bank("bankasia"), bank("abbank"), bank("ibbl"), bank("mtbl"), bank("city"),
	wallet("bkash", "BKASH-BKash", "BKash Mobile Banking"),
	wallet("dbblmobilebanking", "DBBLMOBILEB-Dbbl Mobile Banking", "DBBL Mobile Banking"),
	wallet("upay", "UPAY-Upay", "Upay"), wallet("tapnpay", "TAPNPAY-Tap", "Tap"), wallet("nagad", "NAGAD-Nagad", "Nagad"),
}

func card(key, group, brand string) channel {
	return channel{
		Key: key, Title: key, group: group, kind: brand + "-Card", issuer: "Sandbox Bank", brand: brand,
		number: "432149******9759",
	}
}

func bank(key string) channel {
	return channel{
		Key: key, Title: key, group: "internetbank", issuer: key, brand: "IB",
		kind: strings.ToUpper(key) + "-Internet Banking",
	}
}

func wallet(key, kind, issuer string) channel {
	return channel{Key: key, Title: issuer, group: "mobilebank", kind: kind, issuer: issuer, brand: "MOBILEBANKING"}
}

// channelNames are the entries of a filter.
func channelNames(filter string) []string {
	if filter == "" {
		return nil
	}
	return strings.Split(filter, ",")
}

// fits tells whether an entry of a filter, a key or a group, lets a channel through.
func (c channel) fits(entry string) bool { return c.Key == entry || c.group == entry }

// offered are the channels of a payment's page.
func offered(p sandbox.Payment) []channel {
	names := channelNames(p.Facts["multi_card_name"])
	if len(names) == 0 {
		return channels
	}
	var found []channel
	for _, known := range channels {
		if slices.ContainsFunc(names, known.fits) {
			found = append(found, known)
		}
	}
	return found
}

// usedBy is the channel that a payment was paid with, or the first that is offered.
func usedBy(p sandbox.Payment) channel {
	for _, known := range channels {
		if known.Key == p.Facts["channel"] {
			return known
		}
	}
	if found := offered(p); len(found) > 0 {
		return found[0]
	}
	return channels[0]
}
