# Two commands: `make run` (from video to reports/report.html) and `make test`. Both set everything up first;
# run again, they do only what is missing.
PYTHON ?= python3.11
VENV := .venv
# The CPU build of torch, where the plain index would fetch the CUDA one (gigabytes):
# make run TORCH_INDEX=https://download.pytorch.org/whl/cpu
TORCH_INDEX ?=
JOBS ?= 2
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)

.PHONY: help setup run test lint clean

help:  ## what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(VENV)/installed: pyproject.toml constraints.txt .ci/system-packages
	@echo "== system packages (only what is missing)"
	bash .ci/system-packages $(PYTHON)
	@echo "== Python packages into $(VENV), as pinned in constraints.txt (a few minutes, 2.5 GB)"
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX)) \
		--constraint constraints.txt --editable '.[decoding,dev,index,studies]'
	$(VENV)/bin/python -m pip check
	touch $@

setup: $(VENV)/installed  ## the environment alone

run: $(VENV)/installed  ## set up, draw the corpus, extract, train, evaluate: reports/report.html
	@echo "== dvc repro: nine stages; those that are up to date are skipped"
	dvc repro
	@echo "== done: open reports/report.html"

test: $(VENV)/installed  ## set up and run the tests
	@echo "== tests on $(JOBS) processes"
	pytest --numprocesses $(JOBS) --dist worksteal tests

lint: $(VENV)/installed  ## check the style
	ruff check .

clean:  ## remove everything that can be made again, the environment included
	rm -rf $(VENV) data/.work dvclive

.PHONY: pictures
pictures: $(VENV)/installed  ## draw the README's pictures anew, after make run; needs Chromium
	python docs/pictures/make.py
