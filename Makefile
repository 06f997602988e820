# make demo    restore the examples with a fresh runtime environment (no PyTorch)
# make test    run the whole suite in an environment of its own
# make check   lint and types
# make docs    build the documentation site into build/site; a link that leads nowhere is an error
# make messages bring the Korean catalogue of messages up to date; it names the texts that still need a translation
# make package build wheel and sdist into dist/, try both, and describe what they need
# VENV=DIR and TEST_VENV=DIR name other places for the two environments.

PYTHON ?= python3
VENV ?= .venv
TEST_VENV ?= .venv-test
DOCS_VENV ?= .venv-docs
DEMO ?= demo-output
FONTS = fonts-arphic-bkai00mp fonts-arphic-ukai fonts-arphic-uming fonts-unfonts-core fonts-unfonts-extra \
	fonts-nanum fonts-nanum-extra fonts-liberation fonts-dejavu-core

.PHONY: demo test check docs messages package fonts chromium clean

demo: $(VENV)/.installed
	$(VENV)/bin/python examples/demo.py $(DEMO)

test: $(TEST_VENV)/.installed chromium
	OMP_NUM_THREADS=1 $(TEST_VENV)/bin/python -m pytest -n 2 --dist loadfile

check: $(TEST_VENV)/.installed
	$(TEST_VENV)/bin/ruff check .
	$(TEST_VENV)/bin/ruff format --check .
	$(TEST_VENV)/bin/mypy

docs: $(DOCS_VENV)/.installed
	$(DOCS_VENV)/bin/python docs/site/assemble.py build/docs
	NO_MKDOCS_2_WARNING=1 $(DOCS_VENV)/bin/mkdocs build --strict --quiet

messages: $(TEST_VENV)/.installed
	$(TEST_VENV)/bin/python packaging/messages.py

package:
	$(PYTHON) packaging/release.py

# Debian's fonts for the tests that render pages; without them those tests are skipped and say so.
fonts:
	fc-list 2>/dev/null | grep -q -i unbatang && fc-list | grep -q -i arphic || \
	(apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends fontconfig $(FONTS))

# Debian's Chromium for the tests of the page, with fonts for Hangul; without it those tests are skipped and say so.
chromium: fonts
	command -v chromium > /dev/null || \
	(apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium) || \
	echo "Chromium cannot be installed here: the tests of the page in the browser are skipped"

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --editable .
	touch $@

$(TEST_VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(TEST_VENV)
	$(TEST_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --editable ".[dev]"
	touch $@

$(DOCS_VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(DOCS_VENV)
	$(DOCS_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --editable ".[docs]"
	touch $@

clean:
	rm -rf $(VENV) $(TEST_VENV) $(DOCS_VENV) $(DEMO) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
