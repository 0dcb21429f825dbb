package sandbox

import (
	"net/http"
	"time"
)

// maxNoted is how much of a body one journal entry keeps.
const maxNoted = 16 << 10

// Entry is one call as the emulator saw it. It holds bodies and secrets as they came: an emulator is a test tool.
type Entry struct {
	Number  int64       `json:"number"`
	At      time.Time   `json:"at"`
	Call    string      `json:"call"`
	Payment string      `json:"payment,omitempty"`
	Method  string      `json:"method"`
	Path    string      `json:"path"`
	Query   string      `json:"query,omitempty"`
	Header  http.Header `json:"header,omitempty"`
	Body    string      `json:"body,omitempty"`
	Status  int         `json:"status"` // 0 when the connection was dropped
	Answer  string      `json:"answer,omitempty"`
	Faults  []string    `json:"faults,omitempty"`
}

// Journal lists the latest calls, oldest first.
func (b *Bench) Journal() []Entry {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]Entry(nil), b.journal...)
}

// CallsOf lists the latest calls with one name, oldest first.
func (b *Bench) CallsOf(call string) []Entry {
	var list []Entry
	for _, entry := range b.Journal() {
		if entry.Call == call {
			list = append(list, entry)
		}
	}
	return list
}

// ClearJournal forgets the calls so far.
func (b *Bench) ClearJournal() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.journal = nil
}

// note writes one call down before its answer leaves, so that a caller who has the answer finds the entry.
func (b *Bench) note(c *Call, reply Reply) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.entrySerial++
	entry := Entry{
		Number: b.entrySerial, At: c.Now, Call: c.Name, Payment: c.Subject, Method: c.Request.Method,
		Path: c.Request.URL.Path, Query: c.Request.URL.RawQuery, Header: c.Request.Header.Clone(),
		Body: clip(c.Body), Status: reply.Status, Answer: clip(reply.Body), Faults: c.struck,
	}
	if reply.drop {
		entry.Status, entry.Answer = 0, ""
	}
	if len(b.journal) >= maxJournal {
		b.journal = append(b.journal[:0:0], b.journal[len(b.journal)-maxJournal/2:]...)
	}
	b.journal = append(b.journal, entry)
}

// clip keeps the head of a long body.
func clip(body []byte) string {
	if len(body) > maxNoted {
		return string(body[:maxNoted]) + "..."
	}
	return string(body)
}
