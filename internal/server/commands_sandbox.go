package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/purserhq/purser/internal/sandbox"
)

// SandboxOptions are what the emulators alone can be told.
type SandboxOptions struct {
	Addr string // of the controls; the providers take the ports behind it; port 0 takes free ones
	Data string // folder that keeps their state; empty = memory only
}

// sandboxView is where the emulators are.
type sandboxView struct {
	Provider string `json:"provider"`
	URL      string `json:"url"`
	Control  string `json:"control"`
	// What a contract with the emulator needs: they are no secrets.
	Settings    map[string]string `json:"settings"`
	Credentials map[string]string `json:"credentials"`
}

// addLine is the command that gives a merchant the contract.
func (v sandboxView) addLine() (string, error) {
	credentials, err := json.Marshal(v.Credentials)
	if err != nil {
		return "", err
	}
	var line strings.Builder
	fmt.Fprintf(&line, "printf %%s '%s' | purser gateway add --merchant ID --connector %s", credentials, v.Provider)
	for _, name := range slices.Sorted(maps.Keys(v.Settings)) {
		fmt.Fprintf(&line, " --setting %s=%s", name, v.Settings[name])
	}
	return line.String() + " --credentials -", nil
}

// Sandbox runs the emulators, each on a listener of its own as their clients
// expect, and their controls on one more, until the context ends.
// Error: an address beyond this machine.
func (c Commands) Sandbox(ctx context.Context, o SandboxOptions) error {
	if err := localAddress(o.Addr); err != nil {
		return err
	}
	control, err := listenOn(ctx, o.Addr)
	if err != nil {
		return err
	}
	listeners := []net.Listener{control}
	controls := http.NewServeMux()
	handlers := []http.Handler{onlyLocal(controls)}
	var opened []emulator
	var views []sandboxView
	defer func() {
		for _, e := range opened {
			_ = e.Close() // its state is in its file after every call
		}
	}()
	for i, e := range emulators {
		address, err := behind(o.Addr, i+1)
		if err != nil {
			return errors.Join(err, closeAll(listeners))
		}
		l, err := listenOn(ctx, address)
		if err != nil {
			return errors.Join(err, closeAll(listeners))
		}
		listeners = append(listeners, l)
		url := "http://" + l.Addr().String()
		running, err := e.open(sandbox.Options{PublicURL: url, Dir: o.Data, Now: now})
		if err != nil {
			return errors.Join(fmt.Errorf("open sandbox: %w", err), closeAll(listeners))
		}
		opened, handlers = append(opened, running), append(handlers, running)
		controls.Handle("/"+e.name+"/", http.StripPrefix("/"+e.name, running.Control()))
		views = append(views, sandboxView{
			Provider: e.name, URL: url, Control: "http://" + control.Addr().String() + "/" + e.name + "/",
		})
	}
	if err := addContracts(views, opened); err != nil {
		return errors.Join(err, closeAll(listeners))
	}
	if err := c.showSandbox(views); err != nil {
		return errors.Join(err, closeAll(listeners))
	}
	return serveAll(ctx, listeners, handlers)
}

// addContracts says of each emulator what a contract with it needs.
func addContracts(views []sandboxView, opened []emulator) error {
	nagad, err := findNagadKeys(opened)
	if err != nil {
		return err
	}
	at := make(map[string]string, len(views))
	for _, v := range views {
		at[v.Provider] = v.URL
	}
	contracts := demoGateways(func(provider string) string { return at[provider] }, nagad)
	for i := range views {
		for _, g := range contracts {
			if g.name != views[i].Provider {
				continue
			}
			views[i].Settings, views[i].Credentials = g.settings, make(map[string]string, len(g.secrets))
			for name, secret := range g.secrets {
				views[i].Credentials[name] = secret.Reveal()
			}
		}
	}
	return nil
}

func (c Commands) showSandbox(views []sandboxView) error {
	rows := make([][]string, len(views))
	for i, v := range views {
		rows[i] = []string{v.Provider, v.URL, v.Control}
	}
	err := c.Terminal.show(views, []string{"PROVIDER", "ADDRESS", "CONTROL"}, rows)
	if err != nil || c.Terminal.JSON {
		return err
	}
	lines := []string{"", "A contract with each, for a merchant of yours:", ""}
	for _, v := range views {
		line, err := v.addLine()
		if err != nil {
			return err
		}
		lines = append(lines, line)
	}
	_, err = fmt.Fprintln(c.Terminal.Out, strings.Join(lines, "\n"))
	return err
}

// behind is the address that many ports after another; port 0 stays.
func behind(address string, ports int) (string, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return "", settingError("addr", "must be host:port: "+err.Error())
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		return "", settingError("addr", "must have a port that is a number")
	}
	if number != 0 {
		number += ports
	}
	return net.JoinHostPort(host, strconv.Itoa(number)), nil
}

// serveAll answers on every listener until the context ends or one fails.
func serveAll(ctx context.Context, listeners []net.Listener, handlers []http.Handler) error {
	failed := make(chan error, len(listeners))
	servers := make([]*http.Server, len(listeners))
	for i, l := range listeners {
		servers[i] = &http.Server{
			Handler: handlers[i], ReadHeaderTimeout: headerTime, IdleTimeout: idleTime, MaxHeaderBytes: 16 << 10,
		}
		go func() { failed <- servers[i].Serve(l) }()
	}
	var errs []error
	ended := 0
	select {
	case <-ctx.Done():
	case err := <-failed:
		errs, ended = append(errs, err), 1
	}
	for _, s := range servers {
		_ = s.Close() // an emulator has nothing that must be finished
	}
	for ; ended < len(servers); ended++ {
		if err := <-failed; !errors.Is(err, http.ErrServerClosed) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
