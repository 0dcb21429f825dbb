package checkout

import (
	"bytes"
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// File is what a page makes a browser load. There is nothing else: no page has a
// script or a style of its own, and none loads anything from elsewhere.
type File struct {
	Name      string `json:"name"`
	Path      string `json:"path"`      // below the server's address
	Integrity string `json:"integrity"` // as browsers and the attribute of that name have it
	Purpose   string `json:"purpose"`
	Script    bool   `json:"script"`
}

// Files are all of them, for whoever keeps the list of the scripts on payment
// pages (PCI DSS 6.4.3).
func Files() []File {
	return []File{
		{
			Name: "page.js", Path: staticPath + scriptName, Integrity: integrity(script), Script: true,
			Purpose: "keeps the page of a transfer to a person up to date, and copies its values with a button",
		},
		{
			Name: "style.css", Path: staticPath + styleName, Integrity: integrity(styleSheet),
			Purpose: "how all pages look",
		},
	}
}

// Same says that a file is as it was built.
func (f File) Same(content []byte) bool { return integrity(content) == f.Integrity }

// integrity names what is in a file.
func integrity(content []byte) string {
	sum := sha512.Sum384(content)
	return "sha384-" + base64.StdEncoding.EncodeToString(sum[:])
}

// Inspect says what is wrong with a page as a browser got it: a header that a
// proxy took away or weakened, a script, a frame or a style that is none of ours,
// something that runs or leads elsewhere without one (PCI DSS 11.6.1). Prefix is
// the path of the public base address.
func Inspect(prefix string, header http.Header, page []byte) []string {
	wrong := inspectHeader(header)
	at := html.NewTokenizer(bytes.NewReader(page))
	seen := false
	for {
		switch kind := at.Next(); kind {
		case html.ErrorToken:
			if !seen {
				wrong = append(wrong, "it is no page of ours: it has no style sheet")
			}
			return wrong
		case html.StartTagToken, html.SelfClosingTagToken:
			t := at.Token()
			if problem := inspectTag(prefix, t); problem != "" {
				wrong = append(wrong, problem)
			}
			seen = seen || t.Data == "link"
		case html.TextToken, html.EndTagToken, html.CommentToken, html.DoctypeToken:
		}
	}
}

// guards are the headers that protect a page, but for the policy.
var guards = map[string]string{
	"Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY",
	"Cache-Control": "no-store",
}

func inspectHeader(header http.Header) (wrong []string) {
	policies := header.Values("Content-Security-Policy")
	if len(policies) == 0 {
		wrong = append(wrong, "it has no Content-Security-Policy")
	}
	for _, policy := range policies {
		for _, problem := range inspectPolicy(policy) {
			wrong = append(wrong, "its Content-Security-Policy "+problem)
		}
	}
	for name, want := range guards {
		if got := header.Values(name); !slices.Contains(got, want) {
			wrong = append(wrong, fmt.Sprintf("its header %s is %q and not %q", name, strings.Join(got, ", "), want))
		}
	}
	slices.Sort(wrong)
	return wrong
}

// allowed is what a policy may say at most; what is not here says nothing.
var allowed = map[string][]string{
	"default-src": {"'none'"}, "style-src": {"'self'"}, "img-src": {"'self'", "data:"}, "script-src": {"'self'"},
	"connect-src": {"'self'"}, "base-uri": {"'none'"}, "frame-ancestors": {"'none'"},
	"form-action": {"'self'", "https:", "http:", "http://127.0.0.1:*", "http://localhost:*"},
}

// inspectPolicy says where a policy lets more through than ours do.
func inspectPolicy(policy string) (wrong []string) {
	missing := map[string]bool{"default-src": true, "base-uri": true, "frame-ancestors": true, "form-action": true}
	for part := range strings.SplitSeq(policy, ";") {
		words := strings.Fields(part)
		if len(words) == 0 {
			continue
		}
		delete(missing, words[0])
		for _, word := range words[1:] {
			if !slices.Contains(allowed[words[0]], word) {
				wrong = append(wrong, "lets "+words[0]+" be "+word)
			}
		}
	}
	for name := range missing {
		wrong = append(wrong, "lacks "+name)
	}
	return wrong
}

// inspectTag says what is wrong with one tag; empty = nothing.
func inspectTag(prefix string, t html.Token) string {
	has := map[string]string{}
	for _, a := range t.Attr {
		if strings.HasPrefix(a.Key, "on") || a.Key == "style" || a.Key == "srcdoc" || a.Key == "formaction" {
			return fmt.Sprintf("a <%s> has %s=%q", t.Data, a.Key, a.Val)
		}
		if value := strings.ToLower(strings.TrimSpace(a.Val)); strings.HasPrefix(value, "javascript:") {
			return fmt.Sprintf("a <%s> has %s=%q", t.Data, a.Key, a.Val)
		}
		has[a.Key] = a.Val
	}
	switch t.Data {
	case "script":
		return inspectFile(prefix, t.Data, has["src"], has["integrity"])
	case "link":
		if has["rel"] == "icon" && has["href"] == "data:," {
			return ""
		}
		return inspectFile(prefix, t.Data, has["href"], has["integrity"])
	case "iframe", "frame", "object", "embed", "applet", "base", "style", "template", "portal":
		return "it has a <" + t.Data + ">"
	}
	return ""
}

// inspectFile says what is wrong with a file that a tag loads.
func inspectFile(prefix, tag, address, named string) string {
	for _, f := range Files() {
		if prefix+f.Path != address || f.Script != (tag == "script") {
			continue
		}
		if f.Integrity != named {
			return fmt.Sprintf("its <%s> of %s has the integrity %q and not %q", tag, f.Name, named, f.Integrity)
		}
		return ""
	}
	return fmt.Sprintf("it has a <%s> of %q, which is none of its files", tag, address)
}
