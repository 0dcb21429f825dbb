# CI calls "make test", and "make vuln" where the network allows it; so does everybody who
# wants to know whether a change holds. Folders that do not exist yet are passed over.

GOLANGCI_VERSION := v2.15.0
GOLANGCI         := bin/golangci-lint-$(GOLANGCI_VERSION)

GOVULNCHECK_VERSION := v1.9.0
GOVULNCHECK         := bin/govulncheck-$(GOVULNCHECK_VERSION)
VULN_DB             ?= https://vuln.go.dev

# Debian's, out of its package: installing that would start a server.
PROMTOOL := $(or $(shell command -v promtool),bin/promtool)

TAGS     ?= browser,fault
FUZZTIME ?= 10s
ARGS     ?=

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:

# SQLite is C translated into Go. It works on memory that it maps itself, where
# the race detector does not look, and under it takes many times as long: it is
# left out. The driver above it, and what we write, are not. Nothing else may be: a
# generic function that an unwatched package shares with others is watched nowhere,
# and races are found that are none. (The same flags are in test/fault.) Nobody looks at any
# of these programs with a debugger: what that reads takes a tenth of the compiler's time.
UNRACED  := $(foreach p,sqlite/lib libc memory,-gcflags=modernc.org/$(p)=-race=false)
NO_DWARF := -gcflags=all=-dwarf=false
GOTEST   := go test -race -shuffle=on -ldflags=-s $(NO_DWARF) $(UNRACED)

# in runs a command on the packages below those folders that exist:
# $(call in,folders,command).
define in
@packages="$$(for folder in $(1); do if [ -d "$$folder" ]; then echo "./$$folder/..."; fi; done)"; \
if [ -z "$$packages" ]; then echo "$@: none of $(1) exists yet"; else set -x; $(2) $$packages; fi
endef

# step prints a heading, with the time since make started.
step = @printf '\n== %s (after %d s)\n' '$(1)' "$$(( $$(date +%s) - $(STARTED) ))"
STARTED := $(shell date +%s)

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

.PHONY: run
run: ## the demo: server, sandbox and a merchant in one process (ARGS="--addr 127.0.0.1:9000")
	go run ./cmd/purser demo $(ARGS)

.PHONY: build
build: ## bin/purser
	go build -trimpath -o bin/purser ./cmd/purser

.PHONY: check
check: fmt test ## what to run before pushing: fmt lint test

.PHONY: fmt
fmt: $(GOLANGCI) ## format the code
	$(GOLANGCI) fmt

.PHONY: fmt-check
fmt-check: $(GOLANGCI)
	$(call step,format)
	@$(GOLANGCI) fmt --diff || { echo 'run "make fmt"'; exit 1; }

.PHONY: lint
# The linters are those of go vet and more, so the tests need not vet again.
lint: $(GOLANGCI) ## look for mistakes without running anything
	$(call step,lint)
	$(GOLANGCI) config verify
	$(GOLANGCI) run ./...
	cd test/clients && go vet ./...

.PHONY: test
# The race detector makes tests five times as dear. It watches whatever shares things: the core,
# the store, the workers, connectors, whole servers, and tests of what many do at once. What
# translates, or kills processes of its own, or looks at pages, goes without; "make race" has
# it everywhere. Connectors mostly wait for providers that say nothing, many at a time, and
# whole stories for what a server does by itself.
test: export PURSER_TEST_POSTGRES = required
test: export PURSER_TEST_BROWSER = required
test: export GOFLAGS := $(strip $(GOFLAGS) $(NO_DWARF))
test: tools fmt-check lint alerts ## everything that must hold: format, lint, all tests, both databases
	$(call step,what shares things)
	$(GOTEST) $(TESTED) -skip='^($(ALONE))$$' $(SHARING)
	$(GOTEST) $(TESTED) -p=4 -parallel=8 ./internal/gateway/...
	$(GOTEST) $(TESTED) -run='$(AT_ONCE)' $(TRANSLATING)
	$(call step,what translates)
	go test -shuffle=on -ldflags=-s $(TESTED) $$(go list ./... | grep -v -e /test/ -e /internal/gateway $(SHARING:./%/...=-e /%))
	go test -shuffle=on -ldflags=-s $(TESTED) -run='^($(ALONE))$$' ./internal/store/sqlstore
	$(call step,whole stories)
	$(GOTEST) $(TESTED) -parallel=4 ./test/e2e
	$(call step,servers that are killed and pages that are looked at)
	go test -shuffle=on -ldflags=-s $(TESTED) -p=1 $$(go list ./test/... | grep -v /e2e)
	$(call step,ten thousand races for the last moment)
	go test -vet=off -ldflags=-s -run='^TestVerifyRacesTheSweep$$' ./internal/app
	@if [ -d test/clients ]; then $(MAKE) --no-print-directory clients; fi
	$(call step,all passed)

# How tests run here, which share things (the longest first), which of these do one thing after another for
# long, and which share things only where many come at once.
TESTED      := -vet=off -timeout=20m -tags=$(TAGS)
SHARING     := $(foreach p,store server app worker event,./internal/$(p)/...)
ALONE       := TestUpgrade|TestAuditOfEveryColumn
TRANSLATING := $(foreach p,api checkout dialect sandbox,./internal/$(p)/...)
AT_ONCE     := Atomic|Crowd|Death|Long|Many|Once|One[A-Z]|Race|Retry|Still|Together|Twice|Wait|Watch

.PHONY: race
race: export PURSER_TEST_POSTGRES = required
race: export PURSER_TEST_BROWSER = required
race: ## every test with the race detector, which takes half an hour
	$(GOTEST) $(TESTED) $$(go list ./... | grep -v /test/)
	$(GOTEST) $(TESTED) -p=1 ./test/...

bin/promtool:
	@command -v apt-get >/dev/null || { echo 'alerts: install promtool, which comes with Prometheus'; exit 1; }
	@mkdir -p bin/unpacked; cd bin/unpacked; \
	apt-get -qq download prometheus </dev/null 2>/dev/null || { apt-get update -qq && apt-get -qq download prometheus; } </dev/null; \
	dpkg-deb --fsys-tarfile prometheus_*.deb | tar -x ./usr/bin/promtool; \
	mv usr/bin/promtool ../promtool; cd ..; rm -r unpacked

.PHONY: alerts
alerts: $(PROMTOOL) ## the alert rules of deploy/, and what sets each of them off
	$(call step,alerts)
	$(PROMTOOL) check config --syntax-only deploy/prometheus.yaml
	$(PROMTOOL) check rules deploy/alerts.yaml
	$(PROMTOOL) test rules deploy/alerts.test.yaml

.PHONY: vuln
# It asks a database on the network, so that "make test" cannot hold by it; the program
# that asks is built only where somebody answers.
vuln: ## known weaknesses in what we call of other modules (VULN_DB=file:///copy)
	@unreached() { echo 'vuln: NOTHING WAS CHECKED: $(VULN_DB) cannot be reached from here'; exit 0; }; \
	if [[ '$(VULN_DB)' == http* ]] && command -v curl >/dev/null; then \
		curl -fsSL --max-time 30 -o /dev/null '$(VULN_DB)/index/db.json' || unreached; \
	fi; \
	$(MAKE) -s $(GOVULNCHECK); \
	status=0; out="$$($(GOVULNCHECK) -db '$(VULN_DB)' ./... 2>&1)" || status=$$?; echo "$$out"; \
	if [ $$status != 0 ] && grep -q '^govulncheck: fetching vulnerabilities' <<<"$$out"; then unreached; fi; \
	exit $$status

.PHONY: kits
kits: export PURSER_TEST_POSTGRES = required
kits: ## the conformance kits of stores, gateways and dialects
	$(call in,internal/store internal/gateway internal/dialect,$(GOTEST))

.PHONY: e2e
e2e: export PURSER_TEST_POSTGRES = required
e2e: ## whole stories through a real server
	$(call in,test/e2e,$(GOTEST) -count=1)

.PHONY: browser
browser: export PURSER_TEST_BROWSER = required
browser: ## the pages, in chromium
	$(call in,test/browser,go test -count=1 -tags=browser)

.PHONY: clients
clients: ## public clients of the copied APIs against our emulators, and linters of our own document
	$(call step,public clients)
	@if [ ! -d test/clients ]; then echo "clients: test/clients does not exist yet"; exit 0; fi; \
	cd test/clients; \
	if [ -f go.mod ]; then set -x; go test -count=1 ./...; \
	else set -x; npm ci --no-audit --no-fund; npm test; fi

.PHONY: fault
fault: export PURSER_TEST_POSTGRES = required
fault: ## kill the server at bad moments and look at the books
	$(call in,test/fault,go test -count=1 -timeout=30m -tags=fault)

.PHONY: fuzz
fuzz: ## each fuzz target for FUZZTIME (10s)
	@{ grep -rHoE --include='*_test.go' '^func Fuzz[A-Za-z0-9_]+' . || true; } | sed 's/func //' | sort | \
	while IFS=: read -r file name; do \
		echo "== $$name in $$(dirname "$$file")"; \
		go test -run='^$$' -fuzz="^$$name\$$" -fuzztime=$(FUZZTIME) "$$(dirname "$$file")" </dev/null; \
	done

.PHONY: bench
bench: tools ## measure speed beside its yardsticks, into docs/benchmarks.md (ARGS="-engine SQLite")
	go run ./test/bench $(ARGS)

# Golden tests rewrite their files under -update. The flag is defined in a test
# file, or in a kit; then the tests that import the kit have it. Those come first:
# one of them draws docs/openapi.json, from which the client is made.
.PHONY: gen
gen: ## write generated documents and golden files anew
	@flag='flag\.Bool\("update"'; \
	own="$$(grep -rlE --include='*_test.go' "$$flag" . | xargs -r -n1 dirname | sort -u || true)"; \
	kits="$$(grep -rlE --include='*.go' --exclude='*_test.go' "$$flag" . | xargs -r -n1 dirname | sort -u || true)"; \
	users="$$(for kit in $$kits; do \
		go list -f '{{$$d := .ImportPath}}{{range .TestImports}}{{$$d}} {{.}}{{"\n"}}{{end}}{{range .XTestImports}}{{$$d}} {{.}}{{"\n"}}{{end}}' ./... | \
		awk -v kit="$$(go list "$$kit")" '$$2 == kit { print $$1 }'; \
	done | sort -u)"; \
	if [ -z "$$own$$users" ]; then echo "gen: nothing to generate yet"; exit 0; fi; \
	set -x; go test -count=1 $$users -update; go test -count=1 $$own -update

.PHONY: verify
verify: fmt-check ## generated files are what the code says
	@before="$$(git diff; git status --porcelain)"; \
	$(MAKE) --no-print-directory gen; \
	if [ "$$before" != "$$(git diff; git status --porcelain)" ]; then \
		git --no-pager diff --stat; echo 'generated files were stale: look at the difference and commit it'; exit 1; \
	fi

.PHONY: cover
cover: ## coverage/index.html: which lines the tests run
	@mkdir -p coverage
	go test -coverpkg=./... -coverprofile=coverage/profile.out ./...
	go tool cover -html=coverage/profile.out -o coverage/index.html
	@go tool cover -func=coverage/profile.out | tail -n 1

.PHONY: clean
clean: ## remove what was built
	rm -rf bin coverage dist

# What the tests run besides Go, as "command package...". The server programs of
# PostgreSQL are not on the PATH in Debian.
define TOOLS
gcc gcc libc6-dev
git git
strace strace
chromium-headless-shell chromium-headless-shell
node nodejs
npm npm
postgres postgresql
endef
export TOOLS

.PHONY: tools
tools: ## install what the tests need and the machine lacks (Debian, as root)
	@missing=; \
	while read -r command packages; do \
		command -v "$$command" >/dev/null && continue; \
		if [ "$$command" = postgres ]; then \
			compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null && continue; \
			[ -x "$${PG_BINDIR:-/nowhere}/postgres" ] && continue; \
		fi; \
		missing+=" $$packages"; \
	done <<<"$$TOOLS"; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if [ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then \
		echo "the tests need more programs; install the Debian packages:$$missing"; exit 1; \
	fi; \
	echo "installing:$$missing"; \
	export DEBIAN_FRONTEND=noninteractive; \
	apt-get update -qq </dev/null; \
	apt-get install -y -qq --no-install-recommends $$missing </dev/null

# The name holds the version, so that another version is another file.
$(GOLANGCI):
	@echo "building golangci-lint $(GOLANGCI_VERSION), about two minutes, once"
	@mkdir -p bin
	GOBIN=$(CURDIR)/bin GOFLAGS= go install -ldflags=-s $(NO_DWARF) github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)
	mv bin/golangci-lint $@

$(GOVULNCHECK):
	@mkdir -p bin
	GOBIN=$(CURDIR)/bin GOFLAGS= go install -ldflags=-s $(NO_DWARF) golang.org/x/vuln/cmd/govulncheck@$(GOVULNCHECK_VERSION)
	mv bin/govulncheck $@
