# Everything one does with this project. `make help` lists it.
CARGO ?= cargo
ARGS ?=

.PHONY: help build run check fmt lint test sim bench doc clean

help: ## list what there is to make
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 10

build: ## build the server, optimised
	$(CARGO) build --release --locked

run: build ## build and start the server; ARGS="--listen text://0.0.0.0:4000" for more
	@exec ./target/release/chat-server $(ARGS)

check: fmt lint test doc ## everything that must hold before a change is handed in

fmt: ## check the layout of the code
	$(CARGO) fmt --check

lint: ## check the code with clippy; warnings are errors
	$(CARGO) clippy --locked --all-targets -- -D warnings

test: ## run all tests
	$(CARGO) test --locked

sim: ## simulate clients, faults and crashes by many seeds, some minutes; SEED=7 make sim replays one
	$(CARGO) test --locked --release --test main simulation -- --nocapture

bench: ## measure under load
	$(CARGO) bench --locked --bench load

doc: ## build the documentation of the code; warnings are errors
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --no-deps --document-private-items

clean: ## remove what was built; the data folder stays
	$(CARGO) clean
