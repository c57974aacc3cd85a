# Bare `make` lists what can be done here.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
UPSTREAM := .venv-upstream
# A CPU-only torch is much smaller: make install TORCH_INDEX=https://download.pytorch.org/whl/cpu
TORCH_INDEX ?=
INDEX := $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX))
PHOTO ?=
PHOTOS ?=
WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help install demo test chaos check format lock audit messages benchmarks contact-sheet upstream clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## (.*)/  make \1\t\2/' | expand -t 24

$(STAMP): pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing into .venv (about 1.6 GB with the worker; minutes)…"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check $(INDEX) -c constraints.txt -e '.[worker,dev]'
	@touch $@

install: $(STAMP) ## install everything into .venv

demo: $(STAMP) ## enhance a real photo through the whole chain into out/ (PHOTO=path for your own)
	@$(BIN)/python -m benchmarks.demo $(if $(PHOTO),"$(PHOTO)")

test: $(STAMP) ## run the tests
	@$(BIN)/python -m pytest -q -n $(WORKERS)

chaos: $(STAMP) ## 1,000 photos while bots, workers and Redis are killed 60 times (6 minutes)
	@$(BIN)/python -m tests.chaos.battle

check: $(STAMP) ## lint, formatting, types, import contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(STAMP) ## let ruff tidy the code
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

lock: $(STAMP) ## bring the hashed requirements of the images up to date
	@$(BIN)/python docker/lock.py

audit: $(STAMP) ## ask for known vulnerabilities in them, where the advisories can be reached
	@$(BIN)/python docker/audit.py

messages: $(STAMP) ## bring the catalogs in core/languages up to date with the texts in the code
	@$(BIN)/python -m core.catalogs

benchmarks: $(STAMP) ## measure engine, chain, fairness and scale
	@$(BIN)/python -m benchmarks.engine
	@$(BIN)/python -m benchmarks.chain
	@$(BIN)/python -W ignore -m benchmarks.fairness
	@$(BIN)/python -W ignore -m benchmarks.scale
	@$(BIN)/python -m benchmarks.stores
	@$(BIN)/python -m benchmarks.hostile

contact-sheet: $(STAMP) ## photos in every way, before and after, with their flaws (PHOTOS=folder)
	@$(BIN)/python -m benchmarks.contact_sheet $(if $(PHOTOS),--photos "$(PHOTOS)")

$(UPSTREAM)/.installed: pyproject.toml constraints.txt
	@test -x $(UPSTREAM)/bin/python || $(PYTHON) -m venv $(UPSTREAM)
	@echo "Installing into $(UPSTREAM) (about 2 GB; minutes)…"
	@$(UPSTREAM)/bin/python -m pip install --quiet --disable-pip-version-check $(INDEX) -c constraints.txt 'setuptools>=77' torch torchvision
	@$(UPSTREAM)/bin/python -m pip install --quiet --disable-pip-version-check $(INDEX) -c constraints.txt --no-build-isolation -e '.[worker,upstream]'
	@touch $@

upstream: $(UPSTREAM)/.installed ## compare with Real-ESRGAN's and GFPGAN's own packages (PHOTO=path)
	@$(UPSTREAM)/bin/python -m benchmarks.upstream $(if $(PHOTO),--photo "$(PHOTO)")

clean: ## remove what was made here
	@rm -rf .venv $(UPSTREAM) out build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
