# The few habits. Each target is one command that also works by hand.
export CGO_CFLAGS := $(CGO_CFLAGS) -Wno-deprecated-declarations

.PHONY: build test lint race fuzz bench golden ci

build:  ## the binary
	go build -o plimsoll ./cmd/plimsoll

test:   ## every test
	go test ./...

lint:   ## formatting, vet, staticcheck
	@test -z "$$(gofmt -l .)" || { gofmt -l .; exit 1; }
	go vet ./...
	go tool staticcheck ./...

race:   ## tests under the race detector
	go test -race ./...

FUZZTIME ?= 10s
fuzz:   ## every fuzzer for FUZZTIME
	.ci/fuzz $(FUZZTIME)

bench:  ## benchmarks with allocations
	go test -run '^$$' -bench . -benchmem ./...

golden: ## rewrite the golden outputs of commands and reports, then read the diff
	UPDATE=1 go test ./cmd/plimsoll ./report/capacity

ci:     ## what CI runs
	.ci/run
