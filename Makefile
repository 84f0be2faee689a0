# Everything one does with this project. `make help` lists it.
CARGO ?= cargo
ARGS ?=
# A rig, or all of them; RIG_ARGS="--rounds 1000 --seed 7" lengthens and replays.
RIG_ARGS ?=
RIG = $(CARGO) test --locked --release --test rigs -- $(RIG_ARGS)

.PHONY: help build run check fmt lint test sim bench doc clean
.PHONY: rigs rig-kill rig-sigterm rig-power rig-sync rig-write rig-disk

help: ## list what there is to make
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

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

sim: ## simulate random clients; SEED=7 STEPS=1000000 make sim replays and lengthens
	$(CARGO) test --locked --release --test main simulation -- --nocapture

rigs: ## the real server under every real fault there is a rig for; about half an hour
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

rig-disk: ## a full disk, and a store that another process has locked; for root
	$(RIG) disk-full locked

bench: ## measure under load
	$(CARGO) bench --locked --bench load

doc: ## build the documentation of the code; warnings are errors
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --no-deps --document-private-items

clean: ## remove what was built; the data folder stays
	$(CARGO) clean
