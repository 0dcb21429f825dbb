// Package purser is the root of a payment server in one binary: it holds the
// licence, the documents and the two tests that keep the shape of the code
// (arch_test.go, tidy_test.go). The server itself is cmd/purser, its parts are
// under internal.
package purser
