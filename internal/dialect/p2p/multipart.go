package p2p

import (
	"bytes"
	"errors"
	"io"
	"mime/multipart"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/dialect"
	"github.com/purserhq/purser/internal/fault"
)

// The media types of bodies.
const (
	jsonType      = "application/json"
	multipartType = "multipart/form-data"
)

// Limits of multipart bodies.
const (
	maxUpload = deal.MaxFile + dialect.MaxBody // one file and the fields beside it
	maxParts  = 50
)

// file is the kind of a value that is the bytes of a file.
const file dialect.Kind = "file"

// firstBoundary is the first line of a multipart body.
var firstBoundary = regexp.MustCompile(`^--([0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-])\r?\n`)

func unreadable(words string) *fault.Error { return fault.New(fault.CodeBodyUnreadable, "", words) }

// readBody is the BodyReader of JSON, which is short also where files are taken.
func readBody(raw []byte, params map[string]string) (dialect.Fields, error) {
	if len(raw) > dialect.MaxBody {
		return nil, fault.New(fault.CodeBodyTooLarge, "", "")
	}
	return dialect.ReadJSON(raw, params)
}

// readParts is the BodyReader of multipart/form-data: every part is a text, or a
// file where it has the name of one. A boundary that is not said, or is another
// one, is taken from the first line.
func readParts(raw []byte, params map[string]string) (dialect.Fields, error) {
	boundary := params["boundary"]
	if boundary == "" || !bytes.HasPrefix(raw, []byte("--"+boundary)) {
		found := firstBoundary.FindSubmatch(raw)
		if found == nil {
			return nil, unreadable("The boundary of the request body is not known.")
		}
		boundary = string(found[1])
	}
	last := []byte("--" + boundary + "--")
	if !bytes.HasPrefix(raw, last) && !bytes.Contains(raw, append([]byte("\n"), last...)) {
		return nil, unreadable("The request body ends too early.")
	}
	reader := multipart.NewReader(bytes.NewReader(raw), boundary)
	var fields dialect.Fields
	for {
		part, err := reader.NextRawPart()
		if errors.Is(err, io.EOF) {
			return fields, nil
		}
		if err != nil || len(fields) == maxParts {
			return nil, unreadable("The request body is not valid multipart, or has too many parts.")
		}
		field, err := readPart(part)
		if err != nil {
			return nil, err
		}
		fields = append(fields, field)
	}
}

// readPart reads one part as it is.
func readPart(part *multipart.Part) (dialect.Field, error) {
	coding := strings.ToLower(part.Header.Get("Content-Transfer-Encoding"))
	switch {
	case part.FormName() == "":
		return dialect.Field{}, unreadable("A part of the request body has no name.")
	case coding != "" && coding != "8bit" && coding != "7bit" && coding != "binary":
		return dialect.Field{}, unreadable("A part of the request body is encoded.")
	}
	data, err := io.ReadAll(part)
	if err != nil {
		return dialect.Field{}, unreadable("The request body is not valid multipart.").With(err)
	}
	field := dialect.Field{Name: part.FormName(), Value: dialect.Value{Kind: dialect.Text, Text: string(data)}}
	if part.FileName() != "" {
		field.Value.Kind = file
		return field, nil
	}
	if bytes.IndexByte(data, 0) >= 0 || !utf8.Valid(data) {
		return dialect.Field{}, fault.New(fault.CodeBodyUnreadable, field.Name,
			"A text holds a character that is not allowed.")
	}
	return field, nil
}
