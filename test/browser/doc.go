// Package browser is the hosted pages as a payer meets them: a real chromium,
// with scripts switched off, against a whole demo in this process. The tests
// have the build tag "browser"; "make browser" runs them.
package browser
