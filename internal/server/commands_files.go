package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/fault"
)

// fileView is a file about a deal as programs see it.
type fileView struct {
	ID        string `json:"id"`
	Type      string `json:"type"`
	Size      int    `json:"size"` // bytes
	By        string `json:"by"`
	CreatedAt string `json:"created_at"`
	Path      string `json:"path,omitempty"` // where it was written
}

func viewFile(t deal.Attachment) fileView {
	return fileView{ID: t.ID, Type: t.Type, Size: t.Size, By: t.By, CreatedAt: moment(t.CreatedAt)}
}

func (v fileView) row() []string {
	return []string{v.ID, v.Type, strconv.Itoa(v.Size), v.By, v.CreatedAt, dash(v.Path)}
}

var fileHead = []string{"FILE", "TYPE", "BYTES", "FROM", "SINCE", "WRITTEN TO"}

// extensions are what files are called outside, by their type.
var extensions = map[string]string{"image/png": ".png", "image/jpeg": ".jpg", "application/pdf": ".pdf"}

// AttachFile keeps a file about a deal that is not decided.
func (c Commands) AttachFile(ctx context.Context, id, path, operator string) error {
	data, err := readFile(path)
	if err != nil {
		return err
	}
	return c.with(ctx, forWriting, func(k *core) error {
		d, err := k.deal(ctx, id)
		if err != nil {
			return err
		}
		t, err := k.app.Attach(ctx, app.NewAttachment{
			ID: k.newID(), Merchant: d.Merchant, Deal: d.ID, Data: data, Operator: operator,
		})
		switch {
		case fault.Is(err, fault.CodeWrongState):
			return fmt.Errorf("deal %s is %s: %s", d.ID, d.State, nextOfDeal(d))
		case fault.Is(err, fault.CodeMediaTypeUnsupported):
			return errors.New(path + " is no PNG, JPEG or PDF")
		case fault.Is(err, fault.CodeParameterMissing):
			return errors.New(path + " is empty")
		case fault.Is(err, fault.CodeBodyTooLarge):
			return fmt.Errorf("%s is too much: a file has at most %d MB, and a deal %d files of %d MB together",
				path, deal.MaxFile>>20, deal.MaxFiles, deal.MaxAllFiles>>20)
		case err != nil:
			return err
		}
		view := viewFile(t)
		return c.Terminal.show(view, fileHead, [][]string{view.row()})
	})
}

// readFile reads a file that is not larger than one may be. One byte more shows
// that it is.
func readFile(path string) ([]byte, error) {
	file, err := os.Open(path) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, fmt.Errorf("read the file: %w", err)
	}
	defer func() { _ = file.Close() }() // it was only read
	data, err := io.ReadAll(io.LimitReader(file, deal.MaxFile+1))
	if err != nil {
		return nil, fmt.Errorf("read the file: %w", err)
	}
	return data, nil
}

// Files lists the files about a deal, and writes them into a folder if there is
// one. It works beside a running server.
func (c Commands) Files(ctx context.Context, id, folder string) error {
	return c.with(ctx, forReading, func(k *core) error {
		d, err := k.deal(ctx, id)
		if err != nil {
			return err
		}
		list, err := k.app.Attachments(ctx, d.Merchant, d.ID)
		if err != nil {
			return err
		}
		views, rows := make([]fileView, len(list)), make([][]string, len(list))
		for n, t := range list {
			views[n] = viewFile(t)
			if folder != "" {
				if views[n].Path, err = k.writeFile(ctx, t, folder); err != nil {
					return err
				}
			}
			rows[n] = views[n].row()
		}
		return c.Terminal.show(views, fileHead, rows)
	})
}

// writeFile writes a file about a deal into a folder, for nobody but the
// operator to read, and makes the folder if there is none. A file that is there
// already is left as it is.
func (k *core) writeFile(ctx context.Context, t deal.Attachment, folder string) (string, error) {
	path := filepath.Join(folder, filepath.Base(t.ID)+extensions[t.Type])
	whole, err := k.app.Attachment(ctx, t.Merchant, t.ID)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", fmt.Errorf("make the folder: %w", err)
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) //nolint:gosec // the operator names it
	if err != nil {
		return "", fmt.Errorf("write the file: %w", err)
	}
	_, err = file.Write(whole.Data)
	if err := errors.Join(err, file.Close()); err != nil {
		return "", fmt.Errorf("write the file: %w", err)
	}
	return path, nil
}
