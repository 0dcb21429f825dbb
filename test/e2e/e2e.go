// Package e2e tells whole stories through a real server: a shop speaks HTTP, a
// payer presses the buttons of the bank page, and the books are proved at the
// end. Every story runs on both databases.
package e2e
