# Everything one does with this project. `make help` lists it.
CARGO ?= cargo
ARGS ?=
# A rig, or all of them; RIG_ARGS="--rounds 1000 --seed 7" lengthens and replays.
RIG_ARGS ?=
FUZZ_S ?= 60
FUZZ_TARGETS ?= lines telnet commands entry names session json
RIG_BUILD ?= --release
RIG = $(CARGO) test --locked $(RIG_BUILD) --test rigs -- $(RIG_ARGS)

.PHONY: help build run check fmt lint test sim bench bench-peers bench-layers bench-smoke doc clean
.PHONY: rigs rigs-short rig-kill rig-sigterm rig-power rig-sync rig-write rig-disk rig-damage rig-races rig-order rig-readers
.PHONY: rig-strangers rig-limits rig-crowds rig-peers rig-clock rig-outputs rig-sweep rig-timing fuzz deny

help: ## list what there is to make
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

build: ## build the server, optimised
	$(CARGO) build --release --locked

run: build ## build and start the server; ARGS="--listen text://0.0.0.0:4000" for more
	@exec ./target/release/chat-server $(ARGS)

check: fmt lint test doc ## everything that must hold before a change is handed in

fmt: ## check the layout of the code
	$(CARGO) fmt --check

lint: ## check the code with clippy; warnings are errors
	$(CARGO) clippy --locked --all-targets -- -D warnings
	$(CARGO) clippy --locked --test rigs -- -D warnings

test: ## run all tests
	$(CARGO) test --locked

sim: ## simulate clients, faults and crashes from 10,000 seeds, in a minute; SEED=7 make sim replays one
	$(CARGO) test --locked --release --test main simulation -- --nocapture

rigs: ## all rigs: the real server under real faults; about twenty minutes
	$(RIG)

rig-kill: ## kill -9 at random instants, 200 times
	$(RIG) kill

rig-sigterm: ## SIGTERM at random instants under load, 100 times
	$(RIG) sigterm

rig-power: ## power cuts by copies of a disk image, 60 times; for root
	$(RIG) power

rig-sync: ## the n-th sync of the store fails, for n from 1 to 50
	$(RIG) sync

rig-write: ## the n-th write of the store fails, for n from 1 to 50
	$(RIG) write

rig-disk: ## a full disk, for root, and a store that another process has locked
	$(RIG) disk-full locked

rig-damage: ## stores that are damaged in fourteen ways
	$(RIG) damage

rig-races: ## one name for 64, removals under a stream of messages, joins that are cut off
	$(RIG) names removal ghosts

rig-order: ## 80,000 lines of eight people reach sixteen once and in one order
	$(RIG) order

rig-readers: ## a hundred of two hundred members stop to read; some flood
	$(RIG) stalled flooder

rig-strangers: ## connections that are mute, trickle, or send lines without an end
	$(RIG) mute trickle endless

rig-limits: ## no more descriptors, threads (for root) or memory
	$(RIG) descriptors threads memory

rig-crowds: ## a thousand are cut off at once and come back at once
	$(RIG) mass

rig-peers: ## peers whose cable is pulled; for root
	$(RIG) half-open

rig-clock: ## a wall clock that jumps by ten years; needs libfaketime
	$(RIG) clock

rig-outputs: ## broken, full and unread standard output and error
	$(RIG) outputs

rig-sweep: ## how answers grow with what there is
	$(RIG) sweep

rig-timing: ## whether the time of an answer tells what its words do not
	$(RIG) timing

rigs-short: ## a minute of the most valuable rigs
	$(RIG) kill --rounds 15
	$(RIG) sync write --rounds 6
	$(RIG) damage outputs --rounds 4

fuzz: ## fuzz each target for FUZZ_S seconds; needs nightly and cargo-fuzz
	for target in $(FUZZ_TARGETS); do \
	  mkdir -p fuzz/found/$$target; \
	  (cd fuzz && $(CARGO) +nightly fuzz run $$target found/$$target corpus/$$target -- -max_total_time=$(FUZZ_S)) || exit 1; \
	done

deny: ## check the licences, sources and versions of dependencies; needs cargo-deny
	$(CARGO) deny check licenses bans sources

bench: ## measure under load, some five minutes; ARGS="fanout-100-10-64 latency" chooses, ARGS=--help lists
	$(CARGO) bench --locked --bench load -- $(ARGS)

bench-peers: ## compare with InspIRCd and ngIRCd, which are installed from Debian if they are missing
	$(CARGO) bench --locked --bench load -- peers $(ARGS)

bench-layers: ## measure the layers one by one; ARGS=commit chooses
	$(CARGO) bench --locked --bench layers -- $(ARGS)

bench-smoke: ## check that the server has not become much more expensive, in half a minute
	$(CARGO) bench --locked --bench load -- smoke

doc: ## build the documentation of the code; warnings are errors
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --no-deps --document-private-items

clean: ## remove what was built; the data folder stays
	$(CARGO) clean
