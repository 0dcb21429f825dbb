package dialecttest

import (
	"net/http"
)

// attackToken tries what only the holder of a user's token may do.
func (k Kit) attackToken(s Sample, add adder) {
	const header = "Authorization"
	bearer := func(token string) func(*attack) {
		return func(a *attack) { a.header.Set(header, "Bearer "+token) }
	}
	without := func(a *attack) { a.header.Del(header) }
	add("no token", http.StatusUnauthorized, without)
	add("no token, broken body", http.StatusUnauthorized, func(a *attack) { without(a); a.body = "{" })
	add("empty token", http.StatusUnauthorized, bearer(""))
	add("no scheme", http.StatusUnauthorized, func(a *attack) { a.header.Set(header, "{{"+s.Key+"}}") })
	add("another scheme", http.StatusUnauthorized, func(a *attack) { a.header.Set(header, "Basic {{"+s.Key+"}}") })
	add("more than a token", http.StatusUnauthorized, bearer("{{"+s.Key+"}}.x"))
	add("an API key", http.StatusUnauthorized, bearer("{{admin}}"))
	add("an API key beside", http.StatusUnauthorized, func(a *attack) {
		without(a)
		a.header.Set("X-Api-Key", "{{admin}}")
	})
	add("two tokens", http.StatusUnauthorized, func(a *attack) { a.header.Add(header, "Bearer {{"+s.Key+"}}") })
	if s.Owned {
		add("another merchant's user", http.StatusNotFound, func(a *attack) {
			bearer("{{" + k.Extras.Stranger + "}}")(a)
			a.says = k.Missing
		})
	}
}

// Bearer is the header that carries one of the world's tokens.
func Bearer(name string) http.Header {
	return http.Header{"Authorization": {"Bearer {{" + name + "}}"}, "Content-Type": {jsonType}}
}
