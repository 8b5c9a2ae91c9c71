# Two commands: `make run` (from video to reports/report.html) and `make test`. Both set everything up first;
# run again, they do only what is missing.
PYTHON ?= python3.11
VENV := .venv
# The CPU build of torch, where the plain index would fetch the CUDA one (gigabytes):
# make run TORCH_INDEX=https://download.pytorch.org/whl/cpu
TORCH_INDEX ?=
JOBS ?= 2
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)

.PHONY: help setup run zoo test coverage lint numbers clean

help:  ## what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(VENV)/installed: pyproject.toml constraints.txt .ci/system-packages
	@echo "== system packages (only what is missing)"
	bash .ci/system-packages $(PYTHON)
	@echo "== Python packages into $(VENV), as pinned in constraints.txt (a few minutes, 2.5 GB)"
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX)) \
		--constraint constraints.txt --editable '.[decoding,dev,export,extractors,index,studies]'
	$(VENV)/bin/python -m pip check
	touch $@

setup: $(VENV)/installed  ## the environment alone

run: $(VENV)/installed  ## set up, draw the corpus, extract, train, evaluate: reports/report.html
	@echo "== the pipeline: stages that are up to date are skipped"
	python -m pipeline.run
	@echo "== done: open reports/report.html"

zoo: $(VENV)/installed  ## train and test every other model too (zoo/params.yaml): reports/zoo.html
	@echo "== the zoo: what it needs of the pipeline, then two stages for each model"
	python -m pipeline.run zoo/dvc.yaml
	@echo "== done: open reports/zoo.html"

test: $(VENV)/installed  ## set up and run the tests
	@echo "== tests on $(JOBS) processes"
	pytest --numprocesses $(JOBS) --dist worksteal tests

coverage: $(VENV)/installed  ## run the tests and record which lines of slr/ they reach
	@echo "== tests on $(JOBS) processes, their lines counted"
	pytest --numprocesses $(JOBS) --dist worksteal --cov --cov-report= tests
	rm -f .coverage.*
	python -m benchmarks.coverage

lint: $(VENV)/installed  ## check the style, which package imports which, and the types
	ruff check .
	lint-imports --no-logo
	mypy

numbers: $(VENV)/installed  ## rewrite the numbers in the documentation from the committed metrics
	python -m docs.numbers

clean:  ## remove everything that can be made again, the environment included
	rm -rf $(VENV) data/.work dvclive

.PHONY: pictures
pictures: $(VENV)/installed  ## draw the README's pictures anew, after make run; needs Chromium
	python docs/pictures/make.py
