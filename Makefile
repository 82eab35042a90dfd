.DEFAULT_GOAL := help

PORT ?= 8080
GRPC_PORT ?= $(shell expr $(PORT) + 1)
WIKI_PORT ?= 8090
OUTLINKS_PORT ?= $(shell expr $(PORT) + 2)
FRONT_PORT ?= $(shell expr $(PORT) + 6)
LISTEN ?= 127.0.0.1
# WIKI and FAMILY need no mention: make exports what its command line sets.

run bench hops mutants: export NLTK_DATA := $(CURDIR)/build/nltk_data$(if $(NLTK_DATA),:$(NLTK_DATA))

.PHONY: help
help:  ## Show this list
	@awk -F ':.*##' '/^[a-z-]+:.*##/ { printf "  make %-12s%s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: setup
setup:  ## Install what a checkout needs: system packages, .venv, corpora
	@tools/setup/setup.sh

.PHONY: run
run: setup  ## Train and serve a demo model (FAMILY= PORT=8080 GRPC_PORT=8081 WIKI_PORT=8090 LISTEN= WIKI=)
	@exec .venv/bin/liftwing-serving demo run --by-make --host $(LISTEN) \
		--port $(PORT) --grpc-port $(GRPC_PORT) --wiki-port $(WIKI_PORT) \
		--outlinks-port $(OUTLINKS_PORT) --front-port $(FRONT_PORT)

.PHONY: test
test: setup  ## Check everything: style, types, unit and integration tests
	@.venv/bin/tox -qq

.PHONY: unit lint integration
unit: setup  ## Run the tests that start no server
	@.venv/bin/tox -qq -e unit

lint: setup  ## Check style and types
	@.venv/bin/tox -qq -e lint

integration: setup  ## Run the tests that start real processes
	@.venv/bin/tox -qq -e integration

.PHONY: images
images: setup  ## Build the images with Docker and test them (root where none runs)
	@.venv/bin/python tools/images/engine.py run .venv/bin/tox -qq -e images

.PHONY: publish
publish:  ## Build images and push them with lists of their contents (REGISTRY= IMAGES=)
	@test -n '$(REGISTRY)' || { echo 'publish: say where: make publish REGISTRY=HOST[:PORT]' >&2; exit 2; }
	@tools/setup/setup.sh
	@.venv/bin/python tools/images/engine.py run \
		tools/publish/publish.py --registry '$(REGISTRY)' $(IMAGES)

.PHONY: conformance
conformance: setup  ## Tell whether the server at URL= keeps the contract (MODEL= GRPC= REQUEST=)
	@.venv/bin/pytest test/conformance $(if $(URL),--url '$(URL)') $(if $(MODEL),--model '$(MODEL)') \
		$(if $(GRPC),--grpc '$(GRPC)') $(if $(REQUEST),--request '$(REQUEST)')

.PHONY: bench
bench: setup  ## Measure this server against the bare library (table and build/bench/bench.png)
	@.venv/bin/python tools/bench/run.py

.PHONY: hops
hops: setup  ## List the functions of ours that a request passes, and in which files they are
	@.venv/bin/python tools/hops/hops.py

.PHONY: mutants
mutants: setup  ## Tell which tests notice defects, of a list, that are put into the code (ONLY= JOBS=1)
	@exec .venv/bin/python tools/mutants/mutants.py $(if $(ONLY),--only '$(ONLY)') \
		$(if $(JOBS),--jobs $(JOBS))

.PHONY: locks
locks:  ## Recompile the lock files (UPGRADE=1 to move to newer versions)
	@tools/setup/locks.sh

.PHONY: clean
clean:  ## Remove everything that make built
	@rm -rf .venv .tox build .mypy_cache .pytest_cache .hypothesis python/*.egg-info demo/*.egg-info
