# All set-up on a machine with Python 3.11 or newer and make: `make quick`, `make test`.

PYTHON ?= python3
CORES ?= 2
VENV := .venv
BIN := $(VENV)/bin
SNAKEMAKE := $(BIN)/snakemake --cores $(CORES)

.PHONY: help setup quick quality status test test-slurm test-fast test-faults lint smoke lock clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: $(VENV)/.ready  ## make .venv from requirements.lock

$(VENV)/.ready: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "error: $(PYTHON) is older than 3.11; name a newer one: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

quick: setup  ## the quick protocol: results/quick/table1.csv and results/quick/index.html
	$(SNAKEMAKE) results/quick/table1.csv results/quick/index.html results/quick/samples.png results/quick/leaderboard.html
	@echo "table: results/quick/table1.md   pages: results/quick/index.html, leaderboard.html   picture: results/quick/samples.png"

quality: setup  ## sgif-plus on the peers' clips beside their samples; needs SGIF_STAGE; 8 minutes a clip
	@test -n "$$SGIF_STAGE" || { echo "error: SGIF_STAGE: names no stage; set it to a folder with published/CLIP/real.mp4"; exit 2; }
	$(BIN)/python benchmarks/quality.py --stage "$$SGIF_STAGE" --out results/quality

# A file's tests stay in one process: many share a run of the workflow.
test: setup  ## all tests, the slow ones too, in CORES processes
	$(BIN)/python -m pytest -n $(CORES) --dist loadfile

test-slurm: setup  ## the smoke protocol on a SLURM of its own, through both profiles; as root, installs slurm-wlm and munge
	$(BIN)/python tests/slurm/cluster.py install
	$(BIN)/python -m pytest -m slurm -s tests/slurm

test-fast: setup  ## tests without the slow ones
	$(BIN)/python -m pytest -m "not slow"

test-faults: setup  ## kill the smoke protocol twenty times, fill and break its disks and files; 15 minutes
	SGIF_TEST_KILLS=20 $(BIN)/python -m pytest -s tests/faults

lint: setup  ## ruff, snakefmt and snakemake --lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile workflow/rules
	$(BIN)/snakemake --lint

smoke: setup  ## the smoke protocol: one small clip, seconds of training
	$(SNAKEMAKE) results/smoke/table1.csv results/smoke/index.html results/smoke/samples.png results/smoke/leaderboard.html results/smoke/controls.md

status: setup  ## what of the protocols is done, running and left
	$(BIN)/python -m workflow.status $(PROTOCOL)

lock:  ## renew requirements.lock from pyproject.toml
	printf 'torch==2.14.1\ntorchvision==0.29.1\n' > $(VENV)/constraints.txt  # a pair known to install together
	$(BIN)/uv pip compile -c $(VENV)/constraints.txt --no-annotate --quiet --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-emit-find-links --extra dev --upgrade pyproject.toml -o requirements.lock

clean:  ## remove results of the smoke and quick protocols
	rm -rf results/smoke results/quick
