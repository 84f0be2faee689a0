# The commands of this project. `make help` lists them.
CARGO ?= cargo
ARGS ?=
FUZZ_S ?= 60
FUZZ_TARGETS ?= lines telnet commands entry names session json private
FAULTS_BUILD ?= --release
FAULTS = $(CARGO) test --locked $(FAULTS_BUILD) --test faults --

# Where `make install` puts the program: $(DESTDIR)$(PREFIX)/bin.
PREFIX ?= /usr/local

.PHONY: help build run install check fmt lint test sim fault faults faults-short fuzz deny bench bench-peers bench-layers
.PHONY: bench-smoke doc clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

build: ## build the server, optimised
	$(CARGO) build --release --locked

run: build ## build and start the server; ARGS="--listen text://0.0.0.0:4000" adds flags
	@exec ./target/release/chat-server $(ARGS)

install: ## install the program, in /usr/local; PREFIX=$HOME/.local needs no root
	@test -x target/release/chat-server || { echo "first: make build"; exit 1; }
	install -D -m 755 target/release/chat-server $(DESTDIR)$(PREFIX)/bin/chat-server

check: fmt lint test doc ## run every check that a change must pass

fmt: ## check the formatting of the code
	$(CARGO) fmt --check

lint: ## check the code with clippy; warnings are errors
	$(CARGO) clippy --locked --all-targets -- -D warnings
	$(CARGO) clippy --locked --test faults -- -D warnings

test: ## run all tests
	$(CARGO) test --locked

sim: ## simulate clients, faults and crashes from 10,000 seeds, in a minute; SEED=7 make sim replays one
	$(CARGO) test --locked --release --test main simulation -- --nocapture

fault: ## run some fault tests: F="kill sync" names them, ARGS="--rounds 1000 --seed 7" lengthens and replays
	$(if $(F),,$(error F names the fault tests; tests/faults/main.rs lists them))$(FAULTS) $(F) $(ARGS)

faults: ## run all fault tests: the real server under real faults; about twenty minutes, some need root
	$(FAULTS) $(ARGS)

faults-short: ## run the most valuable fault tests for a minute, as continuous integration does
	$(FAULTS) kill --rounds 15
	$(FAULTS) sync write --rounds 6
	$(FAULTS) damage outputs --rounds 4

fuzz: ## fuzz each target for FUZZ_S seconds; needs nightly and cargo-fuzz
	for target in $(FUZZ_TARGETS); do \
	  mkdir -p fuzz/found/$$target; \
	  (cd fuzz && $(CARGO) +nightly fuzz run $$target found/$$target corpus/$$target -- -max_total_time=$(FUZZ_S)) || exit 1; \
	done

deny: ## check the licences, sources and versions of dependencies; needs cargo-deny
	$(CARGO) deny check licenses bans sources

bench: ## measure under load, for five minutes; ARGS="fanout-100-10-64 latency" selects, ARGS=--help lists
	$(CARGO) bench --locked --bench load -- $(ARGS)

bench-peers: ## compare with InspIRCd and ngIRCd, which are installed from Debian if they are missing
	$(CARGO) bench --locked --bench load -- peers $(ARGS)

bench-layers: ## measure each layer alone; ARGS=commit selects
	$(CARGO) bench --locked --bench layers -- $(ARGS)

bench-smoke: ## check in half a minute that the server has not become much more expensive
	$(CARGO) bench --locked --bench load -- smoke

doc: ## build the documentation of the code; warnings are errors
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --no-deps --document-private-items

clean: ## remove build output; keep the data folder
	$(CARGO) clean
