// Package browser is the hosted pages as a payer meets them, and those that
// describe /v1 as a programmer does: a real chromium, with scripts switched off
// where nothing else is said, against a whole demo in this process. The tests
// have the build tag "browser"; "make browser" runs them. They install axe-core
// with npm as package-lock.json pins it; it stays there.
package browser
