package pgtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// ErrNotInstalled says that this machine has no PostgreSQL server programs.
var ErrNotInstalled = errors.New("no PostgreSQL server found")

// roomy is how many bytes /dev/shm must have free before data is put there; in a
// container it often has only 64 MB.
const roomy = 2 << 30

// find returns the directory of the newest installed server, or the one that
// PG_BINDIR names.
func find() (string, error) {
	if dir := os.Getenv("PG_BINDIR"); dir != "" {
		if !hasPrograms(dir) {
			return "", fmt.Errorf("%w: PG_BINDIR names %s, which has no initdb and postgres", ErrNotInstalled, dir)
		}
		return dir, nil
	}
	const pattern = "/usr/lib/postgresql/*/bin"
	dirs, err := filepath.Glob(pattern)
	if err != nil {
		return "", fmt.Errorf("look for PostgreSQL: %w", err)
	}
	slices.SortFunc(dirs, func(a, b string) int { return version(b) - version(a) })
	if path, err := exec.LookPath("initdb"); err == nil {
		if real, err := filepath.EvalSymlinks(path); err == nil {
			dirs = append(dirs, filepath.Dir(real))
		}
	}
	for _, dir := range dirs {
		if hasPrograms(dir) {
			return dir, nil
		}
	}
	return "", fmt.Errorf("%w: neither in %s nor on the PATH", ErrNotInstalled, pattern)
}

// hasPrograms reports whether a directory has both programs a cluster needs.
func hasPrograms(dir string) bool {
	for _, name := range []string{"initdb", "postgres"} {
		if _, err := exec.LookPath(filepath.Join(dir, name)); err != nil {
			return false
		}
	}
	return true
}

// version reads the major version out of /usr/lib/postgresql/15/bin, as a number
// because 9 comes before 15.
func version(dir string) int {
	number, err := strconv.Atoi(filepath.Base(filepath.Dir(dir)))
	if err != nil {
		return 0
	}
	return number
}

// Memory returns a directory where a flush costs nothing, if the machine has one
// with room, or else the usual one for temporary files.
func Memory() string {
	var room syscall.Statfs_t
	if syscall.Statfs("/dev/shm", &room) == nil && room.Bavail*uint64(max(room.Bsize, 0)) >= roomy {
		return "/dev/shm"
	}
	return "/tmp"
}

// newDir makes the directory of a cluster, with a short path and owned by the
// user who will run the server.
func newDir(inMemory bool) (string, error) {
	parent := "/tmp"
	if inMemory {
		parent = Memory()
	}
	dir, err := os.MkdirTemp(parent, "pgtest-")
	if err != nil {
		return "", fmt.Errorf("make a directory for PostgreSQL: %w", err)
	}
	owner, err := credential()
	if err != nil {
		return "", errors.Join(err, os.RemoveAll(dir))
	}
	if owner != nil {
		if err := os.Chown(dir, int(owner.Uid), int(owner.Gid)); err != nil {
			return "", errors.Join(fmt.Errorf("hand the directory to the server's user: %w", err), os.RemoveAll(dir))
		}
	}
	return dir, nil
}

// credential says which user the server runs as: nil means ours. PostgreSQL
// refuses root, so root becomes postgres or, failing that, nobody.
func credential() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil //nolint:nilnil // no change of user is an answer, not a lack of one
	}
	var errs []error
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		uid, errUID := strconv.ParseUint(u.Uid, 10, 32)
		gid, errGID := strconv.ParseUint(u.Gid, 10, 32)
		if err := errors.Join(errUID, errGID); err != nil {
			errs = append(errs, err)
			continue
		}
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
	}
	return nil, fmt.Errorf("find a user to run PostgreSQL as: %w", errors.Join(errs...))
}

// command prepares one of PostgreSQL's programs: as its user, in a process group
// of its own so that Ctrl-C reaches only us, and with HOME set, because the
// server would otherwise look for certificates in root's.
func (c *Cluster) command(ctx context.Context, name string, arguments []string) (*exec.Cmd, error) {
	owner, err := credential()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, filepath.Join(c.programs, name), arguments...) //nolint:gosec // found above
	cmd.Dir = c.dir
	cmd.Env = []string{"HOME=" + c.dir, "PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: owner, Setpgid: true}
	return cmd, nil
}

// children lists the processes a server has started, where the system tells
// (Linux); elsewhere they notice by themselves that the server is gone.
func children(parent int) []int {
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil
	}
	var pids []int
	for _, file := range files {
		text, err := os.ReadFile(file) //nolint:gosec // the pattern above made the name
		if err != nil {
			continue // the process has ended since the listing
		}
		// The fields after the program's name, which is in brackets and may hold
		// anything: state, parent, ...
		fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if err == nil && len(fields) > 1 && fields[1] == strconv.Itoa(parent) {
			pids = append(pids, pid)
		}
	}
	return pids
}

// freeSegment gives back the shared memory segment of a server that was killed and
// has not recovered. Its number is the last on line seven of the lock file, which
// an orderly end removes together with the segment.
func freeSegment(data string) error {
	text, err := os.ReadFile(filepath.Join(data, "postmaster.pid")) //nolint:gosec // in our own directory
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the lock file of PostgreSQL: %w", err)
	}
	const line = 7
	lines := strings.Split(string(text), "\n")
	if len(lines) < line {
		return nil // it was killed before it had a segment
	}
	numbers := strings.Fields(lines[line-1])
	if len(numbers) == 0 {
		return nil
	}
	id, err := strconv.Atoi(numbers[len(numbers)-1])
	if err != nil {
		return fmt.Errorf("read the lock file of PostgreSQL: %w", err)
	}
	if _, err := unix.SysvShmCtl(id, unix.IPC_RMID, nil); err != nil && !errors.Is(err, unix.EINVAL) {
		return fmt.Errorf("free the shared memory of PostgreSQL: %w", err)
	}
	return nil
}

// warden is a small process that outlives us by a moment. It reads the number of
// the server it guards from a pipe; when the pipe closes, because we dismissed it
// or because we died in whatever way, it ends that server and removes its files.
// (A parent-death signal would be tied to one thread of ours and leave the files.)
type warden struct {
	cmd  *exec.Cmd
	pipe io.WriteCloser
}

// guard is the warden's whole duty. Zero means that no server runs.
const guard = `
trap '' INT TERM HUP
pid=0
while read -r line; do pid=$line; done
if [ "$pid" -gt 0 ] && kill -QUIT "$pid" 2>/dev/null; then
	left=100
	while [ "$left" -gt 0 ] && kill -0 "$pid" 2>/dev/null; do left=$((left - 1)); sleep 0.1; done
	kill -KILL "$pid" 2>/dev/null
fi
rm -rf -- "$1"
`

// newWarden starts the warden of a directory.
func newWarden(dir string) (*warden, error) {
	//nolint:gosec // dir is our own, and reaches the shell as an argument, not as text
	cmd := exec.CommandContext(context.Background(), "/bin/sh", "-c", guard, "pgtest-warden", dir)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	pipe, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("open the warden's pipe: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the warden: %w", err)
	}
	return &warden{cmd: cmd, pipe: pipe}, nil
}

// watch names the process to guard from now on; 0 names none.
func (w *warden) watch(pid int) {
	_, _ = fmt.Fprintln(w.pipe, pid) // a warden that is gone cannot be told, and needs not be
}

// dismiss lets the warden do its last duty and waits for it. Dismissing twice is
// allowed.
func (w *warden) dismiss() error {
	if w.cmd.ProcessState != nil {
		return nil
	}
	_ = w.pipe.Close() // what counts is how the warden ends
	if err := w.cmd.Wait(); err != nil {
		return fmt.Errorf("wait for the warden: %w", err)
	}
	return nil
}
