# make help lists the targets.

GO          ?= go
NODE        ?= node
NPM         ?= npm
FUZZTIME    ?= 10m
BRIEFLY     ?= 5000x
SOAKTIME    ?= 1h
TESTTIMEOUT ?= 30m
TESTFLAGS   ?=
DATA        ?= ./data
LISTEN      ?= 127.0.0.1:8080
PLATFORMS   ?= linux/amd64 linux/arm64 windows/amd64 darwin/arm64

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
LDFLAGS  = -X main.version=$(VERSION)
# The same sources give the same program: no paths, no time and nothing of this machine's C library are in it.
BUILD    = CGO_ENABLED=0 $(GO) build -trimpath -buildvcs=false -ldflags '$(LDFLAGS)'

# Of a package: it is as old as the last commit, and each is newer than the one before.
DEBARCH    ?= $(shell $(GO) env GOARCH)
DEBVERSION ?= $(shell git describe --tags --exact-match 2>/dev/null | sed -n 's/^v//p' | grep . || echo 0.0.$$(git rev-list --count HEAD 2>/dev/null)+g$$(git rev-parse --short=12 HEAD 2>/dev/null))
export SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct 2>/dev/null || echo 0)
DIST       := dist/$(DEBARCH)
PACKAGE     = dist/implantrace_$(DEBVERSION)_$(DEBARCH).deb

WEB     := api/web
FHIR    := internal/fhir/validate
ZXING   := scanner/internal/zxing
VENDOR  := $(WEB)/assets/vendor/VERSIONS.json
READER  := $(ZXING)/assets/vendor/VERSIONS.json
FHIRLIB := $(FHIR)/node_modules/.package-lock.json
TOOL    := $(GO) tool -modfile=.ci/tools/go.mod
PACKAGER := $(GO) tool -modfile=.ci/packaging/go.mod

export GO NODE NPM

# FUZZ runs every fuzz target in the folders $(1), each for the time $(2). Making inputs smaller, a minute each, would
# take most of it.
define FUZZ
for folder in $(1); do \
	for target in $$(sed -nE 's/^func (Fuzz[A-Z0-9_][A-Za-z0-9_]*)\(.*/\1/p' $$folder/*_test.go | sort -u); do \
		echo "=== fuzz $$folder $$target ==="; \
		$(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(2) -fuzzminimizetime 1s -timeout 0 $$folder || exit 1; \
	done; \
done
endef

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help build run demo test needs-build needs-test assets test-tools lint cross race fuzz fuzz-brief soak bench audit sbom licences package package-test reproducible clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "  GO=$(GO) FUZZTIME=$(FUZZTIME) BRIEFLY=$(BRIEFLY) SOAKTIME=$(SOAKTIME) TESTTIMEOUT=$(TESTTIMEOUT) DATA=$(DATA) LISTEN=$(LISTEN)"

build: needs-build assets ## build bin/implantrace
	@echo "=== build $(VERSION) ==="
	$(BUILD) -o bin/implantrace ./cmd/implantrace

run: build ## serve a node from DATA on LISTEN
	./bin/implantrace serve --data $(DATA) --listen $(LISTEN)

demo: build ## run the demonstration
	./bin/implantrace demo --listen $(LISTEN)

test: needs-test assets test-tools lint cross race fuzz-brief ## everything that must pass before a change goes in

needs-build:
	@bash .ci/needs build

needs-test:
	@echo "=== system ==="
	@bash .ci/needs test
	@$(GO) version
	@echo "node $$($(NODE) --version)"

assets: $(VENDOR) $(READER) ## fetch the pages' third-party files and zxing-cpp's WebAssembly

$(VENDOR): $(WEB)/package.json $(WEB)/package-lock.json $(WEB)/.npmrc $(WEB)/assets.mjs
	@echo "=== assets ==="
	cd $(WEB) && $(NPM) ci && $(NODE) assets.mjs

$(READER): $(ZXING)/package.json $(ZXING)/package-lock.json $(ZXING)/.npmrc $(ZXING)/assets.mjs $(ZXING)/asset.go
	@echo "=== zxing-cpp ==="
	cd $(ZXING) && $(NPM) ci && $(NODE) assets.mjs

test-tools: $(FHIRLIB) ## fetch the FHIR validators the tests use

$(FHIRLIB): $(FHIR)/package.json $(FHIR)/package-lock.json $(FHIR)/.npmrc
	@echo "=== test tools ==="
	cd $(FHIR) && $(NPM) ci
	@touch $@

lint: ## gofmt, go vet and staticcheck
	@echo "=== lint ==="
	@unformatted=$$(find . \( -name node_modules -o -name .git \) -prune -o -name '*.go' -print0 | xargs -0 -r gofmt -l) || exit 1; \
	if [ -n "$$unformatted" ]; then echo "gofmt would change:"; echo "$$unformatted"; exit 1; fi
	$(GO) vet ./...
	$(TOOL) staticcheck ./...

cross: ## build for every platform, without C
	@echo "=== cross ==="
	@for platform in $(PLATFORMS); do \
		echo "$$platform"; \
		CGO_ENABLED=0 GOOS=$${platform%/*} GOARCH=$${platform#*/} $(GO) build -o /dev/null ./... || exit 1; \
	done

race: ## every test, with the race detector
	@echo "=== test ==="
	$(GO) test -race -timeout $(TESTTIMEOUT) $(TESTFLAGS) ./...

fuzz: needs-build assets ## every fuzz target, each for FUZZTIME
	@$(call FUZZ,$$(grep -rlE --include='*_test.go' --exclude-dir=node_modules '^func Fuzz[A-Z0-9_]' . | xargs -r -n 1 dirname | sort -u),$(FUZZTIME))

fuzz-brief: needs-build assets ## the fuzz targets of what reads barcodes' text, each BRIEFLY: 5000x is so many inputs
	@$(call FUZZ,./gs1 ./internal/udi,$(BRIEFLY))

soak: needs-build assets ## the long tests, for SOAKTIME
	@echo "=== soak ==="
	IMPLANTRACE_SOAK=1 SOAKTIME=$(SOAKTIME) $(GO) test -run Soak -count 1 -v -timeout 0 $(TESTFLAGS) ./...

bench: needs-build assets ## the benchmarks
	@echo "=== bench ==="
	$(GO) test -run '^$$' -bench . -benchmem -timeout $(TESTTIMEOUT) $(TESTFLAGS) ./...

audit: needs-build assets test-tools ## known weaknesses of what we depend on (needs their databases)
	@echo "=== audit ==="
	$(TOOL) govulncheck ./...
	cd $(WEB) && $(NPM) audit --omit=dev
	cd $(ZXING) && $(NPM) audit --omit=dev
	cd $(FHIR) && $(NPM) audit

sbom: build ## bill of materials (CycloneDX): dist/sbom.cdx.json
	@mkdir -p dist
	@bash .ci/sbom bin/implantrace $(DEBVERSION) dist/sbom.cdx.json dist/licences.txt

licences: sbom ## what is in the program and under which licence, with the texts: dist/licences.txt
	@sed -n '3,/^---/p' dist/licences.txt | sed '$$d'

package: needs-build assets ## a Debian package in dist, for DEBARCH
	@echo "=== package $(DEBVERSION) ==="
	@rm -rf $(DIST) && mkdir -p $(DIST)
	GOOS=linux GOARCH=$(DEBARCH) $(BUILD) -o $(DIST)/implantrace ./cmd/implantrace
	@bash .ci/sbom $(DIST)/implantrace $(DEBVERSION) $(DIST)/sbom.cdx.json $(DIST)/copyright
	@VERSION=$(DEBVERSION) ARCH=$(DEBARCH) BUILD=$(DIST) $(PACKAGER) nfpm package --config packaging/nfpm.yaml --packager deb --target $(PACKAGE)

package-test: package ## install, upgrade and remove the package in a fresh Debian (as root, with debootstrap)
	@bash .ci/package-test $(PACKAGE)

reproducible: needs-build assets ## build program and package twice, in different places, and compare
	@VERSION=$(VERSION) DEBVERSION=$(DEBVERSION) bash .ci/reproducible

clean: ## remove what was built or fetched, but no data
	rm -rf bin dist coverage.out coverage.html $(WEB)/node_modules $(WEB)/assets/vendor $(WEB)/testdata/vendor $(FHIR)/node_modules \
		$(ZXING)/node_modules $(ZXING)/assets/vendor
