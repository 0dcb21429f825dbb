module github.com/purserhq/purser/test/clients

go 1.26.0

replace github.com/purserhq/purser => ../..

require github.com/purserhq/purser v0.0.0-00010101000000-000000000000
