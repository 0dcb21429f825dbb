package pgtest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// standbyName is how a standby calls itself to its primary.
const standbyName = "standby"

// Standby starts a second server that follows this one, and returns when every
// commit waits until the standby has it on its disk too. The caller stops both.
func (c *Cluster) Standby() (*Cluster, error) {
	dir, err := newDir(strings.HasPrefix(c.dir, "/dev/shm"))
	if err != nil {
		return nil, err
	}
	s := &Cluster{programs: c.programs, dir: dir, settings: c.settings}
	if s.warden, err = newWarden(dir); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	if err := s.follow(c); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	if err := c.waitFor(standbyName); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

// follow copies the primary's data and starts on it.
func (c *Cluster) follow(primary *Cluster) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cmd, err := c.command(ctx, "pg_basebackup", []string{
		"-D", c.data(), "-X", "stream", "-c", "fast", "-R", "--no-sync",
		"-d", fmt.Sprintf("host=127.0.0.1 port=%d user=postgres application_name=%s", primary.port, standbyName),
	})
	if err != nil {
		return err
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("run pg_basebackup: %w\n%s", err, out)
	}
	return c.begin()
}

// waitFor lets commits wait for a standby, once it is there.
func (c *Cluster) waitFor(standby string) error {
	for _, statement := range []string{
		"alter system set synchronous_standby_names = '" + standby + "'", "select pg_reload_conf()",
	} {
		if err := c.exec(statement); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, err := pgx.Connect(ctx, c.URL("postgres"))
	if err != nil {
		return fmt.Errorf("connect to PostgreSQL: %w", err)
	}
	defer func() { _ = conn.Close(ctx) }() // nothing was written
	for {
		var waits bool
		err := conn.QueryRow(ctx, "select exists (select from pg_stat_replication where application_name = $1"+
			" and sync_state = 'sync')", standby).Scan(&waits)
		if err != nil {
			return fmt.Errorf("wait for the standby: %w", err)
		}
		if waits {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for the standby: %w", ctx.Err())
		case <-time.After(pause):
		}
	}
}

// Promote makes a standby a primary, and returns when it takes writes.
func (c *Cluster) Promote() error {
	return c.exec(fmt.Sprintf("select pg_promote(true, %d)", int(patience/time.Second)))
}

// URLs is the address of a database that is on whichever of two servers takes writes.
func (c *Cluster) URLs(standby *Cluster, database string) string {
	return fmt.Sprintf("postgres://postgres@127.0.0.1:%d,127.0.0.1:%d/%s?sslmode=disable", c.port, standby.port,
		database)
}
