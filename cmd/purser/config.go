package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"

	"gopkg.in/yaml.v3"

	"github.com/purserhq/purser/internal/server"
)

// origin says where a setting comes from. A later one wins.
type origin string

const (
	byDefault origin = "default"
	fromFile  origin = "file"
	fromEnv   origin = "environment"
	fromFlag  origin = "flag"
)

// layers is a configuration with the origin of each setting.
type layers struct {
	config  server.Config
	origins map[string]origin
}

// layers reads the file, then the environment, then the flags.
func (f dataFlags) layers() (*layers, error) {
	l := &layers{origins: map[string]origin{}}
	file := f.Config
	if file == "" {
		file = os.Getenv("PURSER_CONFIG")
	}
	if file != "" {
		if err := l.readFile(file); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
	}
	if err := l.readEnvironment(); err != nil {
		return nil, err
	}
	// A place that the command line names replaces one from elsewhere: they exclude each other.
	if f.Database != "" {
		l.config.DatabaseFile = ""
	}
	if f.Data != "" && f.Database == "" {
		l.config.Database, l.config.DatabaseFile = "", ""
	}
	if err := l.take(fromFlag, map[string]string{"data": f.Data, "database": f.Database}); err != nil {
		return nil, err
	}
	for _, text := range f.Set {
		key, value, err := pair(text)
		if err != nil {
			return nil, err
		}
		if err := l.set(fromFlag, key, value); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// set gives one key its value.
func (l *layers) set(from origin, key string, texts ...string) error {
	if err := l.config.Set(key, texts...); err != nil {
		return err
	}
	l.origins[key] = from
	return nil
}

// take sets the keys that have a value.
func (l *layers) take(from origin, values map[string]string) error {
	for key, value := range values {
		if value == "" {
			continue
		}
		if err := l.set(from, key, value); err != nil {
			return err
		}
	}
	return nil
}

// readFile reads a mapping of keys to values. Unknown keys, repeated keys and
// secrets are errors that name the key and its line.
func (l *layers) readFile(path string) error {
	text, err := os.ReadFile(path) //nolint:gosec // the operator names the file
	if err != nil {
		return err
	}
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return err
	}
	if len(document.Content) == 0 {
		return nil // an empty file sets nothing
	}
	root := document.Content[0]
	if root.Kind != yaml.MappingNode {
		return fmt.Errorf("line %d: expected KEY: VALUE", root.Line)
	}
	secret := map[string]bool{}
	for _, s := range l.config.Settings() {
		secret[s.Key] = s.Kind == "secret"
	}
	for i := 0; i+1 < len(root.Content); i += 2 {
		key, value := root.Content[i], root.Content[i+1]
		switch {
		case l.origins[key.Value] != "":
			return fmt.Errorf("line %d: %s is set twice", key.Line, key.Value)
		case secret[key.Value]:
			return fmt.Errorf("line %d: %s is a secret and must not be in this file: use %[2]s_file, or PURSER_%s in "+
				"the environment", key.Line, key.Value, strings.ToUpper(key.Value))
		}
		texts, err := scalars(key.Value, value)
		if err == nil {
			err = l.set(fromFile, key.Value, texts...)
		}
		if err != nil {
			return fmt.Errorf("line %d: %w", key.Line, err)
		}
	}
	return nil
}

// scalars are the texts of a value or of a list of values.
func scalars(key string, value *yaml.Node) ([]string, error) {
	nodes := []*yaml.Node{value}
	if value.Kind == yaml.SequenceNode {
		nodes = value.Content
	}
	texts := make([]string, len(nodes))
	for i, node := range nodes {
		if node.Kind != yaml.ScalarNode || node.Tag == "!!null" {
			return nil, fmt.Errorf("%s must be a plain value or a list of them", key)
		}
		texts[i] = node.Value
	}
	return texts, nil
}

// readEnvironment reads PURSER_<KEY>. A name with that beginning that is no
// key is an error: it is nearly always a slip of the pen. Only PURSER_TEST_ is
// left to the tests, which start this program with their own environment.
func (l *layers) readEnvironment() error {
	keys := map[string]string{"PURSER_CONFIG": ""}
	for _, s := range l.config.Settings() {
		keys[s.Variable] = s.Key
	}
	for _, entry := range os.Environ() {
		name, value, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, "PURSER_") || strings.HasPrefix(name, "PURSER_TEST_") {
			continue
		}
		key, known := keys[name]
		if !known {
			return fmt.Errorf("%s is in the environment but is not a setting (docs/operate/config.md lists them)", name)
		}
		if key == "" || value == "" {
			continue
		}
		if err := l.set(fromEnv, key, value); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// print shows every setting with its origin. Secrets show as [redacted].
func (l *layers) print(t server.Terminal, complete server.Config) error {
	if t.JSON {
		values := map[string]map[string]string{}
		for _, s := range complete.Settings() {
			values[s.Key] = map[string]string{"value": s.Value, "from": string(l.origin(s.Key))}
		}
		encoder := json.NewEncoder(t.Out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(values)
	}
	table := tabwriter.NewWriter(t.Out, 0, 8, 2, ' ', 0)
	for _, s := range complete.Settings() {
		if _, err := fmt.Fprintf(table, "%s:\t%s\t# %s\n", s.Key, quoted(s), l.origin(s.Key)); err != nil {
			return err
		}
	}
	return table.Flush()
}

func (l *layers) origin(key string) origin {
	if from, ok := l.origins[key]; ok {
		return from
	}
	return byDefault
}

// quoted is a value as the file would have it.
func quoted(s server.Setting) string {
	switch {
	case s.Kind == "list":
		return "[" + s.Value + "]"
	case s.Value == "":
		return `""`
	default:
		return s.Value
	}
}
