package server

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// writeNew makes a file that only its owner can read, whole or not at all.
// Error: fs.ErrExist when it is there already.
func writeNew(path string, text []byte) error {
	whole, err := writeBeside(path, text)
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(whole) }() // the link below keeps the content
	if err := os.Link(whole, path); err != nil {
		return fmt.Errorf("make %s: %w", path, err)
	}
	return syncFolder(filepath.Dir(path))
}

// replace writes a file that only its owner can read, in one step: whoever
// reads it sees the old content or the new one.
func replace(path string, text []byte) error {
	whole, err := writeBeside(path, text)
	if err != nil {
		return err
	}
	if err := os.Rename(whole, path); err != nil {
		return errors.Join(fmt.Errorf("replace %s: %w", path, err), os.Remove(whole))
	}
	return syncFolder(filepath.Dir(path))
}

// writeBeside writes a durable file with a name of its own in the same folder.
func writeBeside(path string, text []byte) (string, error) {
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*") // made with 0600
	if err != nil {
		return "", fmt.Errorf("make %s: %w", path, err)
	}
	_, err = file.Write(text)
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return "", errors.Join(fmt.Errorf("write %s: %w", path, err), os.Remove(file.Name()))
	}
	return file.Name(), nil
}

// syncFolder makes a new name in a folder durable.
func syncFolder(path string) error {
	folder, err := os.Open(path) //nolint:gosec // the operator names the folder
	if err != nil {
		return fmt.Errorf("open folder: %w", err)
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// missingFolders are those that have to be made for a folder to be there, the innermost first.
func missingFolders(path string) []string {
	var missing []string
	for path = filepath.Clean(path); !exists(path) && path != filepath.Dir(path); path = filepath.Dir(path) {
		missing = append(missing, path)
	}
	return missing
}
