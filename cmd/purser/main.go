// Command purser is a payment server. It reads flags, environment and a
// configuration file; everything else is in internal/server.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
	"golang.org/x/term"

	"github.com/purserhq/purser/internal/server"
)

// The exit codes. A command that looks for differences exits with failed when it found
// some, and with misuse when it could not look.
const (
	failed = 1
	misuse = 2
)

func main() {
	os.Exit(run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run is the whole program, with its exit code.
func run(ctx context.Context, args []string, in io.Reader, out, errs io.Writer) int {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	// The second signal ends the process at once.
	context.AfterFunc(ctx, stop)
	var line commandLine
	exited := -1
	parser, err := kong.New(&line, kong.Name("purser"), kong.Description(about), kong.Writers(out, errs),
		kong.Exit(func(code int) { exited = code }), kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.Vars{
			"payouts": "," + strings.Join(server.PayoutStates(), ","), "deals": "," + strings.Join(server.DealStates(), ","),
		})
	if err != nil {
		return complain(errs, err, failed)
	}
	parsed, err := parser.Parse(args)
	if exited >= 0 {
		return exited // help was asked for
	}
	if err != nil {
		_ = complain(errs, err, misuse)
		_, _ = fmt.Fprintln(errs, `Run "purser --help" to see the commands, "purser COMMAND --help" for one of them.`)
		return misuse
	}
	terminal := server.Terminal{
		In: in, Out: out, Err: errs, JSON: line.JSON, Live: isTerminal(errs), Hidden: hidden(in, errs),
	}
	ctx, err = inTheNameOf(ctx, parsed)
	if err != nil {
		return complain(errs, err, misuse)
	}
	parsed.BindTo(ctx, (*context.Context)(nil))
	if err := parsed.Run(terminal); err != nil {
		return complain(errs, err, failed)
	}
	return 0
}

const about = "A payment server: collects, refunds and books money, and speaks the payment APIs that shops know."

// complain says what went wrong, each part on a line of its own.
func complain(errs io.Writer, err error, code int) int {
	if usage, ok := errors.AsType[*usageError](err); ok {
		code, err = misuse, usage
	}
	if _, ok := errors.AsType[*blindError](err); ok {
		code = misuse
	}
	for part := range strings.SplitSeq(err.Error(), "\n") {
		_, _ = fmt.Fprintln(errs, "purser: "+part) // nobody is left to tell
	}
	return code
}

// usageError is a mistake in the arguments that the parser cannot know.
type usageError struct{ words string }

func (e *usageError) Error() string { return e.words }

// blindError is what kept a command from looking for differences.
type blindError struct{ error }

// Unwrap is the error itself.
func (e *blindError) Unwrap() error { return e.error }

// looked tells a difference that a command found from what kept it from looking.
func looked(err, difference error) error {
	if err == nil || errors.Is(err, difference) {
		return err
	}
	return &blindError{err}
}

// hidden reads a line that does not show while it is typed; nil where nobody
// types.
func hidden(in io.Reader, errs io.Writer) func() ([]byte, error) {
	file, ok := in.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return nil
	}
	return func() ([]byte, error) {
		text, err := term.ReadPassword(int(file.Fd()))
		_, _ = fmt.Fprintln(errs) // the line's end did not show either
		return text, err
	}
}

func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// collectRarely leaves room for garbage, unless GOGC says how much.
func collectRarely(c server.Config) {
	if os.Getenv("GOGC") == "" {
		server.CollectRarely(c)
	}
}
