package purser

import (
	"go/ast"
	"go/token"
	"regexp"
	"strings"
)

// secretName is what a secret, or what is made with one, is called.
var secretName = regexp.MustCompile(`(?i)(secret|signature|password|passphrase|pin|mac|digest)$`)

// noSecrets are names that only look like one, each with its reason.
var noSecrets = map[string]string{
	"withSecret": "the name of an algorithm, which every token says openly",
}

// comparedSecrets finds secrets that are compared by ==, which takes the longer the
// more of them is right. Make-believe gateways guard nothing.
func comparedSecrets(s source) (problems []string) {
	if s.isTest() || strings.HasPrefix(s.path, "internal/sandbox/") {
		return nil
	}
	ast.Inspect(s.tree, func(n ast.Node) bool {
		both, ok := n.(*ast.BinaryExpr)
		if !ok || both.Op != token.EQL && both.Op != token.NEQ || plain(both.X) || plain(both.Y) {
			return true
		}
		if isSecret(both.X) || isSecret(both.Y) {
			problems = append(problems, s.at(both.Pos())+"a secret is compared by "+both.Op.String()+
				": use hmac.Equal or subtle.ConstantTimeCompare")
		}
		return true
	})
	return problems
}

// plain says that a value is written down or nothing: that a secret is there is none.
func plain(e ast.Expr) bool {
	switch v := e.(type) {
	case *ast.BasicLit:
		return true
	case *ast.Ident:
		return v.Name == "nil"
	}
	return false
}

// isSecret goes by the last word of a name.
func isSecret(e ast.Expr) bool {
	name := ""
	switch v := e.(type) {
	case *ast.Ident:
		name = v.Name
	case *ast.SelectorExpr:
		name = v.Sel.Name
	case *ast.CallExpr: // string(secret)
		return len(v.Args) == 1 && isSecret(v.Args[0])
	}
	return secretName.MatchString(name) && noSecrets[name] == ""
}
