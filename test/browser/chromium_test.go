//go:build browser

package browser

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mxschmitt/playwright-go"
)

// The screens that the pages must look right on.
var (
	phone   = playwright.Size{Width: 390, Height: 844}
	small   = playwright.Size{Width: 320, Height: 568}
	desktop = playwright.Size{Width: 1280, Height: 800}
)

// patience bounds every wait for the browser.
const patience = 20 * time.Second

// started is the one browser of this run, or why there is none.
var started struct {
	once    sync.Once
	driver  *playwright.Playwright
	browser playwright.Browser
	err     error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if started.browser != nil {
		_ = started.browser.Close() // the process ends anyway
	}
	if started.driver != nil {
		_ = started.driver.Stop() // the process ends anyway
	}
	os.Exit(code)
}

// chromium is the shared browser. A machine without one skips the test, unless
// PURSER_TEST_BROWSER=required.
func chromium(t *testing.T) playwright.Browser {
	t.Helper()
	started.once.Do(func() { started.driver, started.browser, started.err = launch(context.Background()) })
	if started.err == nil {
		return started.browser
	}
	if os.Getenv("PURSER_TEST_BROWSER") == "required" {
		t.Fatalf("PURSER_TEST_BROWSER=required, but no browser could be started: %v", started.err)
	}
	t.Skipf("no browser could be started: %v (\"make tools\" installs chromium-headless-shell, node and npm)", started.err)
	return nil
}

// launch starts Debian's chromium through playwright: the one without windows if it is there,
// which shows the same pages with half the work.
func launch(ctx context.Context) (*playwright.Playwright, playwright.Browser, error) {
	program, err := firstProgram("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
	if err != nil {
		return nil, nil, err
	}
	node, err := exec.LookPath("node")
	if err != nil {
		return nil, nil, err
	}
	if err := os.Setenv("PLAYWRIGHT_NODEJS_PATH", node); err != nil {
		return nil, nil, err
	}
	folder, err := driver(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("get playwright's driver: %w", err)
	}
	options := &playwright.RunOptions{DriverDirectory: folder, SkipInstallBrowsers: true, Stdout: io.Discard}
	if err := playwright.Install(options); err != nil { // only adapts what driver put there
		return nil, nil, err
	}
	pw, err := playwright.Run(options)
	if err != nil {
		return nil, nil, err
	}
	browser, err := pw.Chromium.Launch(playwright.BrowserTypeLaunchOptions{
		ExecutablePath: &program,
		Args: []string{
			"--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
			"--disable-component-update", "--disable-sync", "--font-render-hinting=none",
		},
	})
	return pw, browser, err
}

func firstProgram(names ...string) (string, error) {
	for _, name := range names {
		if found, err := exec.LookPath(name); err == nil {
			return found, nil
		}
	}
	return "", fmt.Errorf("none of %s is installed", strings.Join(names, ", "))
}

// driver is the folder with playwright's Node program. npm fetches it once,
// as it is set up on this machine; the version is the one that the Go module wants.
func driver(ctx context.Context) (string, error) {
	d, err := playwright.NewDriver(&playwright.RunOptions{SkipInstallBrowsers: true})
	if err != nil {
		return "", err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	folder := filepath.Join(cache, "purser", "playwright-"+d.Version)
	if _, err := os.Stat(filepath.Join(folder, "package", "cli.js")); err == nil {
		return folder, nil
	}
	if err := os.MkdirAll(filepath.Dir(folder), 0o750); err != nil {
		return "", err
	}
	fresh, err := os.MkdirTemp(filepath.Dir(folder), "new-")
	if err != nil {
		return "", err
	}
	defer func() { _ = os.RemoveAll(fresh) }() // it is gone already when all went well
	for _, line := range [][]string{
		{"npm", "pack", "--silent", "--pack-destination", fresh, "playwright-core@" + d.Version},
		{"tar", "-xzf", filepath.Join(fresh, "playwright-core-"+d.Version+".tgz"), "-C", fresh},
	} {
		if out, err := exec.CommandContext(ctx, line[0], line[1:]...).CombinedOutput(); err != nil {
			return "", fmt.Errorf("%s: %w: %s", line[0], err, out)
		}
	}
	// Another run may have been faster; its folder is as good.
	if err := os.Rename(fresh, folder); err != nil && !errors.Is(err, os.ErrExist) {
		if _, missing := os.Stat(filepath.Join(folder, "package", "cli.js")); missing != nil {
			return "", err
		}
	}
	return folder, nil
}

// view is how a payer looks at the pages.
type view struct {
	size    playwright.Size
	locale  string // empty = fa-IR
	scripts bool   // pages may run scripts
	headers map[string]string
	scale   int // device pixels per CSS pixel; 0 = 1
}

// tab is one browser tab with its own cookies, and without scripts unless its
// view has them. When the test ends, everything that the browser complained
// about fails it.
type tab struct {
	*testing.T
	playwright.Page
	expected []string // complaints that are part of the test
}

func openTab(t *testing.T, v view) *tab {
	t.Helper()
	browsing, err := chromium(t).NewContext(playwright.BrowserNewContextOptions{
		JavaScriptEnabled: playwright.Bool(v.scripts),
		Viewport:          &v.size, ColorScheme: playwright.ColorSchemeLight,
		Locale: playwright.String(cmp.Or(v.locale, "fa-IR")), ExtraHttpHeaders: v.headers,
		DeviceScaleFactor: playwright.Float(float64(max(v.scale, 1))),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := browsing.Close(); err != nil {
			t.Error(err)
		}
	})
	page, err := browsing.NewPage()
	if err != nil {
		t.Fatal(err)
	}
	page.SetDefaultTimeout(float64(patience.Milliseconds()))
	b := &tab{T: t, Page: page}
	var mu sync.Mutex
	var complaints []string
	complain := func(text string) {
		mu.Lock()
		defer mu.Unlock()
		complaints = append(complaints, text)
	}
	page.OnConsole(func(m playwright.ConsoleMessage) { complain("console " + m.Type() + ": " + m.Text()) })
	page.OnPageError(func(err error) { complain("script: " + err.Error()) })
	page.OnRequestFailed(func(r playwright.Request) {
		if !leftBehind(r) {
			complain(fmt.Sprintf("request failed: %s: %v", r.URL(), r.Failure()))
		}
	})
	t.Cleanup(func() {
		mu.Lock()
		defer mu.Unlock()
		for _, text := range complaints {
			if !b.expects(text) {
				t.Errorf("the browser complains: %s", text)
			}
		}
	})
	return b
}

// leftBehind tells whether a script asked and nobody waited for the answer: a
// page that is left ends its streams, and what it just asked for.
func leftBehind(r playwright.Request) bool {
	asked := r.ResourceType()
	return (asked == "fetch" || asked == "eventsource") && strings.Contains(fmt.Sprint(r.Failure()), "net::ERR_ABORTED")
}

func (b *tab) expects(complaint string) bool {
	for _, part := range b.expected {
		if strings.Contains(complaint, part) {
			return true
		}
	}
	return false
}

// must ends the test when the browser could not do what it was told.
func (b *tab) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatalf("%v\non %s:\n%s", err, b.URL(), b.text())
	}
}

// visit opens an address and returns the server's answer.
func (b *tab) visit(address string) playwright.Response {
	b.Helper()
	r, err := b.Goto(address)
	b.must(err)
	return r
}

// text is everything that the page says.
func (b *tab) text() string {
	said, err := b.Locator("body").InnerText()
	if err != nil {
		return err.Error()
	}
	return said
}

// sees waits until the page says all of these.
func (b *tab) sees(texts ...string) {
	b.Helper()
	for _, text := range texts {
		b.must(b.GetByText(text).First().WaitFor())
	}
}

// press clicks the button or link with this name.
func (b *tab) press(role playwright.AriaRole, name string) {
	b.Helper()
	b.must(b.GetByRole(role, playwright.PageGetByRoleOptions{Name: name}).Click())
}

// measure evaluates an expression in the page; the browser may do so even
// where the page itself may not.
func (b *tab) measure(expression string) any {
	b.Helper()
	got, err := b.Evaluate(expression)
	b.must(err)
	return got
}
