package server

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/purserhq/purser/internal/checkout"
)

// ListFiles shows what payment pages make a browser load, with hashes by which
// it is known again.
func ListFiles(t Terminal) error {
	files := checkout.Files()
	rows := make([][]string, len(files))
	for n, f := range files {
		kind := "style"
		if f.Script {
			kind = "script"
		}
		rows[n] = []string{f.Name, kind, f.Path, f.Integrity, f.Purpose}
	}
	return t.show(files, []string{"FILE", "KIND", "PATH", "INTEGRITY", "WHAT IT IS FOR"}, rows)
}

// pageView is what a look at one page found, as programs see it.
type pageView struct {
	Address string   `json:"address"`
	Wrong   []string `json:"wrong"`
}

// CheckPages reads pages as a payer's browser gets them, through whatever is in
// between, with the files that they load; anything that is not as it was built is
// an error. Any address below /pay/ will do, also one of nothing.
func CheckPages(ctx context.Context, t Terminal, addresses []string) error {
	views, rows, spoilt := make([]pageView, len(addresses)), [][]string{}, 0
	for n, address := range addresses {
		wrong := checkPage(ctx, address)
		views[n] = pageView{Address: address, Wrong: wrong}
		for _, words := range wrong {
			rows = append(rows, []string{address, words})
		}
		if len(wrong) == 0 {
			views[n].Wrong = []string{}
			rows = append(rows, []string{address, "as built"})
		} else {
			spoilt++
		}
	}
	if err := t.show(views, []string{"PAGE", "WHAT IS WRONG"}, rows); err != nil || spoilt == 0 {
		return err
	}
	return fmt.Errorf("%d of %d pages are not as this version of purser makes them", spoilt, len(addresses))
}

// checkPage says what is wrong with one page and with what it loads.
func checkPage(ctx context.Context, address string) []string {
	_, header, page, err := fetch(ctx, address)
	if err != nil {
		return []string{err.Error()}
	}
	wrong := checkout.Inspect("", header, page)
	for _, f := range checkout.Files() {
		at, err := url.Parse(address)
		if err != nil {
			return append(wrong, err.Error())
		}
		at.Path, at.RawPath, at.RawQuery = f.Path, "", ""
		status, header, content, err := fetch(ctx, at.String())
		switch {
		case err != nil:
			wrong = append(wrong, err.Error())
		case status != http.StatusOK:
			wrong = append(wrong, fmt.Sprintf("%s is answered with %d: another version serves here", f.Path, status))
		case !f.Same(content):
			wrong = append(wrong, f.Path+" is another file")
		case header.Get("X-Content-Type-Options") != "nosniff":
			wrong = append(wrong, f.Path+" lacks X-Content-Type-Options: nosniff")
		}
	}
	return wrong
}

// fetch reads one address. It follows no redirect and asks no proxy.
func fetch(ctx context.Context, address string) (status int, header http.Header, body []byte, err error) {
	const patience, most = 10 * time.Second, 4 << 20
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return 0, nil, nil, err
	}
	transport := &http.Transport{DisableKeepAlives: true}
	response, err := transport.RoundTrip(request)
	if err != nil {
		return 0, nil, nil, fmt.Errorf("no answer: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err = io.ReadAll(io.LimitReader(response.Body, most))
	if err != nil {
		return 0, nil, nil, fmt.Errorf("no whole answer: %w", err)
	}
	return response.StatusCode, response.Header, body, nil
}
