# Thin: each target calls one command. `make serve` and `make test` are all that you need.
VENV := .venv
PY := $(VENV)/bin/python
READY := $(VENV)/.ready
LOCKS := requirements/examples.txt requirements/site.txt requirements/dev.txt

export NO_MKDOCS_2_WARNING := 1

.PHONY: setup serve build dist check page answer watch matrix hooks test bench lock format clean

setup: $(READY)

$(READY): $(LOCKS) pyproject.toml scripts/setup.sh
	@sh scripts/setup.sh $(VENV) $(LOCKS)

serve: setup
	@$(PY) scripts/serve.py

build: setup
	@$(PY) scripts/build.py

dist: build
	@$(PY) scripts/dist.py site dist

check: setup
	@$(PY) scripts/check_examples.py

page: setup
	@$(PY) scripts/new_page.py $(SLUG)

answer: setup
	@$(PY) scripts/new_answer.py $(TOPIC) $(SLUG)

watch: setup
	@$(PY) scripts/watch.py $(PAGE)

matrix: setup
	@$(PY) scripts/tools/matrix.py

hooks:
	@git config core.hooksPath .githooks
	@echo "hooks: each commit is now linted and its pages are checked"

test: setup
	@sh scripts/browser.sh $(PY)
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy
	@$(PY) -m pytest

bench: setup
	@$(PY) scripts/tools/bench.py

lock: setup
	@sh scripts/lock.sh $(VENV)

format: setup
	@$(PY) -m ruff check --fix .
	@$(PY) -m ruff format .

clean:
	rm -rf $(VENV) site dist .cache .mypy_cache .pytest_cache .ruff_cache
