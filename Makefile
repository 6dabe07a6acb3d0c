# wfstate: everything a user or a developer types. Each target sets up what it needs first
# (tests/setup.sh); PG_CONFIG chooses the PostgreSQL, by default the one of `pg_config` on PATH.

PG_CONFIG ?= pg_config
DESTDIR ?=
TRACE ?=
SECONDS ?= 60

SHELL := /bin/bash
export PG_CONFIG DESTDIR TRACE
.DEFAULT_GOAL := help
.PHONY: help setup build install demo psql test test-core test-regress test-isolation \
	test-driver test-adapters test-recovery test-asserting bench lint fuzz clean
# One cargo, one set-up at a time, whatever -j says.
.NOTPARALLEL:

help: ## list the targets
	@echo 'make <target> [PG_CONFIG=/path/to/pg_config]'
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | \
		while IFS=$$'\t' read -r name text; do printf '  %-16s %s\n' "$$name" "$$text"; done

setup: ## install what building and testing need (packages by apt, drivers)
	@tests/setup.sh all

build: ## build the extension into target/pgNN/package
	@tests/setup.sh build
	@tests/lib/build.sh

install: ## build it and install it into PG_CONFIG's PostgreSQL (DESTDIR is supported)
	@tests/lib/install.sh

demo: ## replay a recorded agent run, with a crash (TRACE=file: another recording)
	@tests/setup.sh build
	@tests/demo/run.sh

psql: ## psql in the running demo's server, else in a fresh throw-away one
	@tests/setup.sh build
	@tests/lib/psql.sh

test: ## all levels of tests, from nothing, on private servers
	@tests/setup.sh all
	@tests/lib/levels.sh core regress parallel statements agreement reference docs isolation driver adapters schema_suite recovery

test-core: ## unit and property tests of the pure Rust part
	@tests/setup.sh build
	@tests/lib/levels.sh core

test-regress: ## pg_regress: what a user types and gets
	@tests/setup.sh build
	@tests/lib/levels.sh regress

test-isolation: ## two and more sessions interleaved
	@tests/setup.sh build
	@tests/lib/levels.sh isolation

test-driver: ## Python, Node and Rust clients; many writers at once
	@tests/setup.sh all
	@tests/lib/levels.sh driver

test-adapters: ## adapters of frameworks: LangGraph, CrewAI
	@tests/setup.sh all
	@tests/lib/levels.sh adapters

test-recovery: ## kill -9, dump and restore, hot standby, connection pooler
	@tests/setup.sh all
	@tests/lib/levels.sh recovery

test-asserting: ## regress and isolation, both ways, on a PostgreSQL 15 built with assertions
	@asserting="$$(tests/setup.sh asserting)" && PG_CONFIG="$$(tail -n 1 <<<"$$asserting")" WF_PROFILE=quick \
		tests/lib/levels.sh regress isolation statements

bench: ## measure against the floor, full copies and others
	@tests/setup.sh bench
	@tests/bench/run.sh

lint: ## rustfmt, clippy, rustdoc, and the house rules
	@tests/setup.sh build
	@tests/lint.sh

fuzz: ## fuzz the readers of stored and sent bytes (SECONDS=60 a target)
	@tests/setup.sh fuzz
	@SECONDS_EACH=$(SECONDS) tests/lib/fuzz.sh

clean: ## remove all that was built or fetched
	@rm -rf target tests/core/fuzz/target tests/core/fuzz/corpus tests/core/fuzz/artifacts
