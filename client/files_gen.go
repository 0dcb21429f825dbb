// Code generated from docs/openapi.json; DO NOT EDIT.

package client

// files are the types of what operations answer that answer no JSON.
var files = map[string][]string{
	"GET /attachments/{id}/file": {"application/pdf", "image/jpeg", "image/png"},
}
