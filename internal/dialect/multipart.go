package dialect

import (
	"bytes"
	"errors"
	"io"
	"mime/multipart"
)

// ReadMultipart is the BodyReader of multipart/form-data: every part is one
// Text, in the order received. Files are refused: no copied API takes one.
func ReadMultipart(raw []byte, params map[string]string) (Fields, error) {
	if params["boundary"] == "" {
		return nil, unreadable("The boundary of the request body is not said.")
	}
	reader := multipart.NewReader(bytes.NewReader(raw), params["boundary"])
	var fields Fields
	for {
		part, err := reader.NextRawPart()
		if errors.Is(err, io.EOF) && ended(raw, params["boundary"]) {
			return fields, nil
		}
		if err != nil {
			return nil, unreadable("The request body is not valid multipart.")
		}
		if len(fields) == maxPairs {
			return nil, unreadable("There are too many parameters.")
		}
		field, err := readPart(part)
		if err != nil {
			return nil, err
		}
		fields = append(fields, field)
	}
}

// ended says that the last boundary is there: the library also takes a body
// for finished that is cut off between or within the heads of parts.
func ended(raw []byte, boundary string) bool {
	last := []byte("--" + boundary + "--")
	return bytes.HasPrefix(raw, last) || bytes.Contains(raw, append([]byte("\n"), last...))
}

// readPart reads one part as it is: an encoding of its own is for files and mail.
func readPart(part *multipart.Part) (Field, error) {
	coding := part.Header.Get("Content-Transfer-Encoding")
	switch {
	case part.FormName() == "":
		return Field{}, unreadable("A part of the request body has no name.")
	case part.FileName() != "":
		return Field{}, unreadable("A file was sent where a text is wanted.")
	case coding != "" && coding != "8bit" && coding != "7bit" && coding != "binary":
		return Field{}, unreadable("A part of the request body is encoded.")
	}
	text, err := io.ReadAll(part)
	if err != nil {
		return Field{}, unreadable("The request body is not valid multipart.")
	}
	v, err := textValue(string(text))
	return Field{Name: part.FormName(), Value: v}, under(part.FormName(), err)
}
