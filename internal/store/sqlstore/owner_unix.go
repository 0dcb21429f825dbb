//go:build unix

package sqlstore

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// GiveToFolder gives files that root made in somebody's folder to that somebody, as
// SQLite itself does with its logs: what root restores or makes beforehand must be the
// server's to open. Nobody but root can give anything away, and nothing is done for others.
func GiveToFolder(files ...string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	for _, file := range files {
		folder, err := os.Stat(filepath.Dir(file))
		if err != nil {
			return fmt.Errorf("find whose folder it is: %w", err)
		}
		info, err := os.Lstat(file)
		if err != nil {
			return fmt.Errorf("find the file: %w", err)
		}
		is, known := info.Sys().(*syscall.Stat_t)
		if !known || !info.Mode().IsRegular() || is.Nlink != 1 {
			continue // it may be a name of something else that is nobody's to have
		}
		if of, ok := folder.Sys().(*syscall.Stat_t); ok && of.Uid != 0 {
			if err := os.Lchown(file, int(of.Uid), int(of.Gid)); err != nil {
				return fmt.Errorf("give it to the owner of its folder: %w", err)
			}
		}
	}
	return nil
}
