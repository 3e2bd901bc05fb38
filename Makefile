# Everything a newcomer needs; each target sets up what it lacks.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
export LIGHTFM_NO_CFLAGS = 1

.PHONY: install demo test check format bench notebooks screenshots lock clean

install: $(VENV)/.installed

$(VENV)/.installed: requirements/base.txt requirements/peers.txt pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(not (3, 11) <= v <= (3, 13) and f"Lianzhao needs Python 3.11 to 3.13, $(PYTHON) is {v[0]}.{v[1]}: run make PYTHON=python3.12 (say)")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/base.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/peers.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.developing: $(VENV)/.installed requirements/dev.txt requirements/cluster.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/cluster.txt || echo "no Ray to be had: its tests are skipped"
	@touch $@

demo: install
	$(BIN)/lianzhao demo $(ARGS)

test: $(VENV)/.developing
	$(BIN)/python -m pytest $(ARGS)

check: $(VENV)/.developing
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(MAKE) test

format: $(VENV)/.developing
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/.developing
	@$(BIN)/python -m tests.benchmarks $(ARGS)

# Run every notebook on the workspace that LIANZHAO_HOME names, else on the demo; kept in var/notebooks.
notebooks: $(VENV)/.developing
	$(BIN)/python -m training.desk.running var/notebooks notebooks/*.ipynb

# Take the pictures of the console that the README shows; needs Chromium and a Chinese font.
screenshots: $(VENV)/.developing
	$(BIN)/python -m tests.browser.screenshots service/console/screenshots

# Pin again after a change of pyproject.toml: every file with its hashes, and no index named.
COMPILE = $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-annotate --custom-compile-command "make lock"
lock: $(VENV)/.developing
	$(BIN)/pip install --quiet --disable-pip-version-check uv
	$(COMPILE) --extra build pyproject.toml --output-file requirements/base.txt
	$(COMPILE) --group peers --constraint requirements/base.txt --output-file requirements/peers.txt
	$(COMPILE) --group dev --constraint requirements/base.txt --constraint requirements/peers.txt --output-file requirements/dev.txt
	$(COMPILE) --group cluster --constraint requirements/base.txt --constraint requirements/dev.txt --output-file requirements/cluster.txt
	$(COMPILE) --group store --constraint requirements/base.txt --output-file requirements/store.txt

clean:
	rm -rf $(VENV) build *.egg-info
