package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/pprof"

	"github.com/purserhq/purser/internal/server"
)

// runProfiled is purser serve with a profile of its processor time, written
// when it is told to stop.
func runProfiled(ctx context.Context, args []string) (err error) {
	c := server.Config{CallsPerSecond: 1_000_000} // as the server that is measured
	var into string
	flags := flag.NewFlagSet("profiled", flag.ContinueOnError)
	flags.StringVar(&into, "profile", "", "file to write")
	flags.StringVar(&c.Data, "data", "", "folder")
	database := flags.String("database", "", "URL")
	flags.StringVar(&c.PublicURL, "public-url", "", "address")
	flags.StringVar(&c.Listen, "listen", "", "address")
	if err := flags.Parse(args); err != nil {
		return err
	}
	c.Database = server.Secret(*database)
	server.CollectRarely(c) // as purser serve does
	s, err := server.New(ctx, c, os.Stderr)
	if err != nil {
		return err
	}
	file, err := os.Create(filepath.Clean(into))
	if err != nil {
		return errors.Join(err, s.Close())
	}
	if err := pprof.StartCPUProfile(file); err != nil {
		return errors.Join(err, file.Close(), s.Close())
	}
	err = s.Run(ctx)
	pprof.StopCPUProfile()
	allocs, wrong := os.Create(filepath.Clean(into + ".allocs"))
	if wrong == nil {
		wrong = errors.Join(pprof.Lookup("allocs").WriteTo(allocs, 0), allocs.Close())
	}
	return errors.Join(err, wrong, file.Close())
}

// profile is where the server's processor time goes under one load.
type profile struct{ load, text string }

// longer is how many turns long a profile is: one alone gives too few samples.
const longer = 5

// takeProfile runs one more turn on a server that profiles itself and keeps the
// functions in which it spends most.
func (s stand) takeProfile(ctx context.Context, name string, r *result, of func(address string) runner) error {
	s.say("%s: profile, %s", s.engine, name)
	own, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	folder := cmp.Or(s.profiles, s.dir)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return fmt.Errorf("keep the profile: %w", err)
	}
	into := filepath.Join(folder, s.engine+"-"+name+".pprof")
	p, err := start(ctx, filepath.Join(s.dir, "profiled.log"), own,
		append(append([]string{"profiled", "-profile", into}, s.place()...), "-public-url", marketURL, "-listen")...)
	if err != nil {
		return err
	}
	_, err = s.turn(ctx, p, of(p.address))
	if err := errors.Join(err, p.stop()); err != nil {
		return err
	}
	//nolint:gosec // the file is the one that was just written
	out, err := exec.CommandContext(ctx, "go", "tool", "pprof", "-top", "-cum", "-nodecount=30", own, into).Output()
	if err != nil {
		return fmt.Errorf("read the profile: %w", err)
	}
	r.profiles = append(r.profiles, profile{name, string(out)})
	return nil
}
