package clients

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"os/exec"
	"strings"
	"testing"
)

// receiver is a public library that is told of events and checks what it is
// told, in a program of its own.
type receiver struct {
	t       *testing.T
	command *exec.Cmd
	in      io.Writer
	failure *bytes.Buffer
	hook    string // where it is told
}

// receive starts a receiver, which says where it listens.
func receive(t *testing.T, script string) receiver {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Fatalf("node is needed to run the public clients: %v", err)
	}
	r := receiver{t: t, command: exec.CommandContext(t.Context(), node, script), failure: &bytes.Buffer{}}
	r.command.Stderr = r.failure
	if r.in, err = r.command.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := r.command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := r.command.Start(); err != nil {
		t.Fatal(err)
	}
	hook, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("%v: %s", err, r.failure)
	}
	r.hook = strings.TrimSpace(hook)
	return r
}

// expect gives the receiver the secrets that messages are signed with.
func (r receiver) expect(secrets any) {
	r.t.Helper()
	if err := json.NewEncoder(r.in).Encode(secrets); err != nil {
		r.t.Fatal(err)
	}
}

// check waits until the receiver was told all that it waits for.
func (r receiver) check() {
	r.t.Helper()
	if err := r.command.Wait(); err != nil {
		r.t.Errorf("%v: %s", err, r.failure)
	}
}
