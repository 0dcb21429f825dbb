package sqlstore

import (
	"encoding/json"
	"fmt"

	// What encoding/json becomes with Go 1.27, with the meaning that it has now: it reads in half
	// the time or less.
	jsonnext "github.com/go-json-experiment/json/v1"
)

// pack writes a detail.
func pack(detail any) (string, error) {
	b, err := json.Marshal(detail)
	if err != nil {
		return "", fmt.Errorf("write detail: %w", err)
	}
	return string(b), nil
}

// unpack reads a detail into a struct that is empty.
func unpack(detail string, into any) error {
	if err := jsonnext.Unmarshal([]byte(detail), into); err != nil {
		return fmt.Errorf("read detail: %w", err)
	}
	return nil
}
