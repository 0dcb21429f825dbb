package server

import (
	"io"
	"sync"
	"time"
)

// Lines are held back for at most this long and this much.
const (
	holdTime  = 100 * time.Millisecond
	holdBytes = 64 << 10
)

// lines gathers log lines for a moment: one write per request would cost more
// than the line itself. Warnings and worse do not wait. A process that is
// killed may lose the lines of its last tenth of a second; what matters to
// money is never in the log alone.
type lines struct {
	mu    sync.Mutex
	w     io.Writer
	held  []byte
	armed bool // a timer will write what is held
}

// Write holds lines back.
func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.held = append(l.held, p...)
	if len(l.held) >= holdBytes {
		return len(p), l.write()
	}
	if !l.armed {
		l.armed = true
		time.AfterFunc(holdTime, func() {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.armed = false
			_ = l.write() // nobody is left to tell that the log cannot be written
		})
	}
	return len(p), nil
}

// Flush writes what is held.
func (l *lines) Flush() {
	l.mu.Lock()
	defer l.mu.Unlock()
	_ = l.write() // nobody is left to tell that the log cannot be written
}

func (l *lines) write() error {
	if len(l.held) == 0 {
		return nil
	}
	_, err := l.w.Write(l.held)
	l.held = l.held[:0]
	return err
}
