# Everything runs in .venv, made from the hashed requirement files. `make help` lists the targets.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -q
STAMPS := .stamps
DEMO_ARGS ?=
APT := apt-get -o Acquire::http::Timeout=20 -o Acquire::https::Timeout=20 -o Acquire::Retries=1
BROWSERS := chromium chromium-headless-shell
WEBKIT := webkit2gtk-driver xvfb
RTSP := python3-gi gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad

.PHONY: help demo web test test-long check bench lock docs clean

help: ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Homeward needs Python 3.11 or newer; name one: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)

$(STAMPS)/all: requirements/all.txt pyproject.toml | $(VENV)/bin/python
	$(PIP) install --require-hashes -r requirements/all.txt
	$(PIP) install --require-hashes -r requirements/build.txt
	$(PIP) install --no-build-isolation --no-deps -e .
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/dev: requirements/dev.txt $(STAMPS)/all
	$(PIP) install --require-hashes -r requirements/dev.txt
	@mkdir -p $(STAMPS) && touch $@

# Node comes as a Python package. Without a network for its packages everything works but the page, which says so.
NPM := PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/npm --prefix web --no-fund --no-audit --loglevel=error
WEB := web/package-lock.json web/index.html web/vite.config.ts web/tsconfig.json $(shell find web/src web/public -type f 2>/dev/null)

$(STAMPS)/web: $(WEB) | $(STAMPS)/all
	$(NPM) ci && $(NPM) run build && touch $@

web: $(STAMPS)/web ## build the web page

demo: $(STAMPS)/all ## set everything up and serve a small demo city on http://127.0.0.1:8000
	@$(MAKE) --no-print-directory web || echo "The web page was not built: npm could not get its packages. Going on without it."
	$(BIN)/homeward demo $(DEMO_ARGS)

check: $(STAMPS)/dev ## formatting, lint, types, layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# GStreamer's RTSP server plays the cameras in the tests; where it may not be installed, those tests say that they are skipped
$(STAMPS)/cameras: | $(STAMPS)/dev
	@/usr/bin/python3 -c "import gi; gi.require_version('GstRtspServer', '1.0')" 2>/dev/null \
	|| { test "$$(id -u)" = 0 && command -v apt-get >/dev/null && $(APT) update -qq && DEBIAN_FRONTEND=noninteractive \
	     $(APT) install -y -qq --no-install-recommends $(RTSP) >/dev/null; } \
	|| echo "not installed: $(RTSP)"
	@touch $@

# a real browser looks at the page in the tests; where it may not be installed, those tests say that they are skipped
$(STAMPS)/browser: | $(STAMPS)/dev
	@{ command -v chromium && command -v chromium-headless-shell; } >/dev/null \
	|| { test "$$(id -u)" = 0 && command -v apt-get >/dev/null && $(APT) update -qq && DEBIAN_FRONTEND=noninteractive \
	     $(APT) install -y -qq --no-install-recommends $(BROWSERS) >/dev/null; } \
	|| echo "not installed: $(BROWSERS)"
	@touch $@

# the engine of every iPhone's browser too
$(STAMPS)/webkit: | $(STAMPS)/browser
	@{ command -v WebKitWebDriver && command -v Xvfb; } >/dev/null \
	|| { test "$$(id -u)" = 0 && command -v apt-get >/dev/null && $(APT) update -qq && DEBIAN_FRONTEND=noninteractive \
	     $(APT) install -y -qq --no-install-recommends $(WEBKIT) >/dev/null; } \
	|| echo "not installed: $(WEBKIT)"
	@touch $@

# real Triton answers Homeward's client in the tests; the wheel wants glibc 2.35 and the system's own Python
$(STAMPS)/triton: requirements/triton.txt | $(STAMPS)/dev
	@{ /usr/bin/python3 -c "import ensurepip" 2>/dev/null \
	   || { test "$$(id -u)" = 0 && command -v apt-get >/dev/null && $(APT) update -qq && DEBIAN_FRONTEND=noninteractive \
	        $(APT) install -y -qq --no-install-recommends python3-venv >/dev/null; }; } \
	&& /usr/bin/python3 -m venv --clear .venv-triton \
	&& .venv-triton/bin/python -m pip --disable-pip-version-check -q install --require-hashes -r requirements/triton.txt \
	|| { rm -rf .venv-triton; echo "not installed: nvidia-pytriton"; }
	@touch $@

# two more than there are cores: many tests wait for cameras and browsers
WORKERS = $(shell $(BIN)/python -c "import os; print((os.cpu_count() or 1) + 2)")

# containers often forbid compiled files; then each of several hundred processes would compile all of the sources anew
test: export PYTHONDONTWRITEBYTECODE :=
test: check $(STAMPS)/cameras $(STAMPS)/browser $(STAMPS)/webkit $(STAMPS)/triton ## all checks and all tests that take less than 15 minutes together
	@$(MAKE) --no-print-directory web || echo "The web page was not built: npm could not get its packages. Its tests are skipped."
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder -m "not long" --durations=15 tests

test-long: $(STAMPS)/dev $(STAMPS)/cameras ## fault injection: hundreds of kills under load, a model changed under search
	$(BIN)/python -m pytest -m long tests

bench: $(STAMPS)/dev ## speed and memory against peers, as ratios
	$(BIN)/python -m benchmarks

docs: $(STAMPS)/dev ## write docs/reference anew from the code
	$(BIN)/python -m docs.generate

lock: $(STAMPS)/dev ## renew the hashed requirement files and the page's lock file
	$(BIN)/uv pip compile -q -U --universal --generate-hashes --python-version 3.11 --no-header -c requirements/limits.in -o requirements/all.txt --extra all pyproject.toml
	$(BIN)/uv pip compile -q --universal --generate-hashes --python-version 3.11 --no-header -c requirements/all.txt -o requirements/core.txt pyproject.toml
	$(BIN)/uv pip compile -q -U --universal --generate-hashes --python-version 3.11 --no-header -c requirements/all.txt -o requirements/dev.txt --extra all --group dev pyproject.toml
	$(BIN)/uv pip compile -q --universal --generate-hashes --python-version 3.11 --no-header -c requirements/dev.txt -o requirements/build.txt --group pyproject.toml:build
	$(BIN)/uv pip compile -q -U --universal --generate-hashes --python-version 3.11 --no-header -o requirements/triton.txt --group pyproject.toml:triton
	$(NPM) update --package-lock-only

clean: ## remove the virtual environment and caches
	rm -rf $(VENV) .venv-triton $(STAMPS) web/node_modules src/homeward/api/static .mypy_cache .ruff_cache .pytest_cache .import_linter_cache build dist
