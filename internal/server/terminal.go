package server

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/schollz/progressbar/v3"
)

// Terminal is where a command reads and writes.
type Terminal struct {
	In   io.Reader
	Out  io.Writer
	Err  io.Writer
	JSON bool // write JSON for programs instead of tables for people
	Live bool // Err is a terminal that somebody looks at
	// Hidden reads a line of In that does not show while it is typed; nil when In
	// is not somebody at a keyboard.
	Hidden func() ([]byte, error)
}

// show writes a value as JSON, or else as the table that goes with it.
func (t Terminal) show(value any, head []string, rows [][]string) error {
	if t.JSON {
		encoder := json.NewEncoder(t.Out)
		encoder.SetIndent("", "  ")
		encoder.SetEscapeHTML(false)
		return encoder.Encode(value)
	}
	table := tabwriter.NewWriter(t.Out, 0, 8, 2, ' ', 0)
	for _, row := range append([][]string{head}, rows...) {
		cells := make([]string, len(row))
		for n, text := range row {
			cells[n] = plain(text)
		}
		if _, err := fmt.Fprintln(table, strings.Join(cells, "\t")); err != nil {
			return err
		}
	}
	return table.Flush()
}

// plain shows what a terminal would obey instead of showing it: callers bring names
// and notes, and none may hide or forge a line that somebody decides by. What turns
// the direction of writing over more than its own word is among it.
func plain(text string) string {
	obeyed := func(c rune) bool {
		return unicode.IsControl(c) || c >= '\u202a' && c <= '\u202e' || c >= '\u2066' && c <= '\u2069'
	}
	if !strings.ContainsFunc(text, obeyed) {
		return text
	}
	var out strings.Builder
	for _, c := range text {
		if obeyed(c) {
			out.WriteString(strings.Trim(strconv.QuoteRuneToASCII(c), "'"))
			continue
		}
		out.WriteRune(c)
	}
	return out.String()
}

// tell writes a line for people; programs that read JSON do not see it.
func (t Terminal) tell(format string, args ...any) error {
	if t.JSON {
		return nil
	}
	for n, arg := range args {
		if text, ok := arg.(string); ok {
			args[n] = plain(text)
		}
	}
	_, err := fmt.Fprintf(t.Out, format+"\n", args...)
	return err
}

// also writes a further table for people; programs have it in what was shown.
func (t Terminal) also(title string, head []string, rows [][]string) error {
	if t.JSON {
		return nil
	}
	if len(rows) == 0 {
		return t.tell("\n%s: nothing", title)
	}
	if err := t.tell("\n%s:", title); err != nil {
		return err
	}
	return t.show(nil, head, rows)
}

// progress gives a function that shows how far something is, in percent, and
// one that clears it away. Without somebody who looks it shows nothing.
func (t Terminal) progress(what string) (show func(percent int), clear func()) {
	if !t.Live {
		return func(int) {}, func() {}
	}
	bar := progressbar.NewOptions(100, progressbar.OptionSetWriter(t.Err), progressbar.OptionSetDescription(what),
		progressbar.OptionSetWidth(40), progressbar.OptionClearOnFinish(), progressbar.OptionSetPredictTime(true))
	// A bar that cannot be drawn is no reason to stop.
	return func(percent int) { _ = bar.Set(percent) }, func() { _ = bar.Finish() }
}

// moment is a time for people; zero is a dash.
func moment(at time.Time) string {
	if at.IsZero() {
		return "-"
	}
	return at.UTC().Format(time.RFC3339)
}

// span is a length of time for people; zero is a dash.
func span(length time.Duration) string {
	if length == 0 {
		return "-"
	}
	text := length.String()
	if short, ok := strings.CutSuffix(text, "m0s"); ok {
		text = short + "m"
	}
	if short, ok := strings.CutSuffix(text, "h0m"); ok {
		text = short + "h"
	}
	return text
}

// dash stands for nothing in a table.
func dash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}
