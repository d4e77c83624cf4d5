# What a person runs here; .ci/run runs the same.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo picture test soak marathon check test-matrix bench bench-peers growth instructions msrv windows package coverage fuzz planted simulation chaos busy

CARGO ?= cargo

help: ## Lists the targets.
	@sed -nE 's/^([a-z-]+):.*## (.*)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 14

demo: ## Shows the crate at work against a real OpenVPN, which it installs if missing.
	@scripts/install-openvpn.sh
	@$(CARGO) run --quiet --example demo

picture: ## Draws what the demo prints into docs/demo.svg, for the README.
	@scripts/install-openvpn.sh
	@$(CARGO) build --quiet --example demo
	@CLICOLOR_FORCE=1 $(CARGO) run --quiet --example demo | $(CARGO) run --quiet -p picture >target/demo.svg
	@mv target/demo.svg docs/demo.svg

test: ## Runs every test, also those with a real OpenVPN, and says what was skipped.
	@scripts/install-openvpn.sh --tests || true
	@scripts/test.sh

soak: ## Runs the long proofs, or PARTS, and writes their figures; scripts/soak.sh tells of the budgets.
	@scripts/install-openvpn.sh --tests || true
	@scripts/soak.sh $(PARTS)

busy: ## Runs every test ten times, or RUNS times, with every core kept busy beside them.
	@scripts/install-openvpn.sh --tests || true
	@scripts/busy.sh $(RUNS)

marathon: ## Drives one session of a real daemon by twelve tasks for ten minutes, or SECONDS.
	@scripts/install-openvpn.sh --tests || true
	@MARATHON_SECONDS=$(or $(SECONDS),600) $(CARGO) test --locked --test marathon -- --nocapture

chaos: ## Stops, kills, cuts and restarts real daemons for longer than the tests do, and prints figures.
	@scripts/install-openvpn.sh --tests || true
	@CHAOS=long $(CARGO) test --locked --all-features --test chaos -- --nocapture --test-threads 1

test-matrix: ## Runs the tests with a real OpenVPN against 2.5, 2.6 and 2.7, and prints what each does.
	@scripts/install-openvpn.sh --tests || true
	@scripts/test-matrix.sh

check: ## Format, lints, docs, features, and the Rust version of the dependencies.
	@scripts/check.sh

fuzz: ## Fuzzes each target of fuzz/, or TARGET, for a minute, or SECONDS.
	@scripts/fuzz.sh $(or $(TARGET),all) $(or $(SECONDS),60)

planted: ## Puts each defect of planted/ back, or NAME, and looks that the test it names fails.
	@scripts/planted.sh find $(NAME)

simulation: ## Lets worlds of programs and simulated daemons happen, of SEEDS seeds, and shrinks what breaks a law.
	@$(CARGO) run --quiet --release --locked -p simulation -- --seeds $(or $(SEEDS),100000) --soak

coverage: ## Shows how much of src the tests run, by folder.
	@scripts/install-openvpn.sh --tests || true
	@scripts/coverage.sh

package: ## Packages the SDK and the test kit, and tests a user's program with both packages.
	@scripts/package.sh

msrv: ## Compiles the library with the oldest Rust it promises.
	@scripts/msrv.sh

windows: ## Compiles the library for Windows, where it has TCP alone.
	@scripts/windows.sh

bench: ## Measures, each thing beside its limit.
	$(CARGO) bench --locked

instructions: ## Compares the instructions of fixed works with those at the commit of benches/baseline.
	@scripts/instructions.sh

growth: ## Draws how costs grow with subscribers, clients, long lines and sessions, into docs.
	@$(CARGO) run --quiet --release --locked --manifest-path benches/peers/Cargo.toml \
		--target-dir target -- growth docs

bench-peers: ## Measures beside another crate, on the same bytes, and prints the table.
	@$(CARGO) run --quiet --release --locked --manifest-path benches/peers/Cargo.toml \
		--target-dir target -- table
