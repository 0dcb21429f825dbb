package clients

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// purser is the program, built for the test, on a database of its own.
type purser struct {
	t       *testing.T
	program string
	data    string
}

func build(t *testing.T) purser {
	t.Helper()
	p := purser{t, filepath.Join(t.TempDir(), "purser"), t.TempDir()}
	// Built in its own module, which has the sums of what it needs.
	command := exec.CommandContext(t.Context(), "go", "build", "-o", p.program, "./cmd/purser")
	command.Dir = filepath.Join("..", "..")
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, output)
	}
	return p
}

// say runs one command and reads a member of the JSON that it prints.
func (p purser) say(member string, arguments ...string) string {
	p.t.Helper()
	command := exec.CommandContext(p.t.Context(), p.program, append(arguments, "--json", "--data", p.data)...)
	// Else no address of this machine may be told of events.
	command.Env = append(os.Environ(), "PURSER_WEBHOOK_LOOPBACK=true")
	command.Stderr = os.Stderr
	output, err := command.Output()
	var said map[string]any
	if err == nil {
		err = json.Unmarshal(output, &said)
	}
	text, ok := said[member].(string)
	if err != nil || !ok {
		p.t.Fatalf("%v: %v: %s", arguments, err, output)
	}
	return text
}

// serve starts the server and waits until it answers.
func (p purser) serve() (address string) {
	p.t.Helper()
	listener, err := new(net.ListenConfig).Listen(p.t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		p.t.Fatal(err)
	}
	address = listener.Addr().String()
	if err := listener.Close(); err != nil {
		p.t.Fatal(err)
	}
	command := exec.CommandContext(context.Background(), p.program, "serve", "--data", p.data, "--listen", address,
		"--set", "webhook_loopback=true", "--log-level", "error")
	command.Stderr = os.Stderr
	if err := command.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() {
		if err := command.Process.Signal(syscall.SIGTERM); err != nil {
			p.t.Errorf("stop: %v", err)
		}
		if err := command.Wait(); err != nil {
			p.t.Errorf("stop: %v", err)
		}
	})
	deadline := time.After(20 * time.Second)
	for {
		request, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, "http://"+address+"/readyz", http.NoBody)
		if err != nil {
			p.t.Fatal(err)
		}
		if answer, err := http.DefaultClient.Do(request); err == nil {
			_ = answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return address
			}
		}
		select {
		case <-deadline:
			p.t.Fatal("the server does not answer")
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// A real message of a real server, while its secrets change, is genuine to the
// public receiver under either secret.
func TestPublicReceiver(t *testing.T) {
	t.Parallel()
	install(t)
	p := build(t)
	receiver := receive(t, "webhooks.mjs")
	merchant := p.say("id", "merchant", "add", "--name", "Tea House")
	key := p.say("secret", "key", "add", "--merchant", merchant)
	old := p.say("secret", "endpoint", "add", "--merchant", merchant, "--url", receiver.hook,
		"--type", "invoice.*")
	endpoint := endpointOf(t, p, merchant)
	fresh := p.say("secret", "endpoint", "rotate", "--merchant", merchant, endpoint)
	receiver.expect([]string{old, fresh})
	address := p.serve()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+address+"/invoice/create",
		strings.NewReader(`{"title": "Two tickets", "totalAmount": 5000}`))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+key)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	if err := answer.Body.Close(); err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("invoice: got %s, %v", answer.Status, err)
	}
	receiver.check()
}

// endpointOf is the id of the merchant's one endpoint.
func endpointOf(t *testing.T, p purser, merchant string) string {
	t.Helper()
	output, err := exec.CommandContext(t.Context(), p.program, "endpoint", "list", "--json", "--data", p.data,
		"--merchant", merchant).Output()
	var known []struct{ ID string }
	if err == nil {
		err = json.Unmarshal(output, &known)
	}
	if err != nil || len(known) != 1 {
		t.Fatalf("endpoints: got %s, %v, want one", output, err)
	}
	return known[0].ID
}
