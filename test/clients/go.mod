module github.com/purserhq/purser/test/clients

go 1.26.0

replace github.com/purserhq/purser => ../..

require github.com/purserhq/purser v0.0.0-00010101000000-000000000000

require (
	github.com/bits-and-blooms/bitset v1.24.4 // indirect
	github.com/cockroachdb/apd/v3 v3.2.3 // indirect
	github.com/failsafe-go/failsafe-go v0.9.8 // indirect
	github.com/stripe/stripe-go/v86 v86.1.0 // indirect
)
