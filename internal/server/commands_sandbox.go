package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"

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
		views = append(views, sandboxView{e.name, url, "http://" + control.Addr().String() + "/" + e.name + "/"})
	}
	if err := c.showSandbox(views); err != nil {
		return errors.Join(err, closeAll(listeners))
	}
	return serveAll(ctx, listeners, handlers)
}

func (c Commands) showSandbox(views []sandboxView) error {
	rows := make([][]string, len(views))
	for i, v := range views {
		rows[i] = []string{v.Provider, v.URL, v.Control}
	}
	return c.Terminal.show(views, []string{"PROVIDER", "ADDRESS", "CONTROL"}, rows)
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
