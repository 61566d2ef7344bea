# make demo    set up .venv and run the default study from products to report
# make test    everything that must hold, through pytest
# make bench   the measurements of the README, one JSON object each; what they are measured against is installed into cache/peers-env
# make report  pack a study's results into report.zip (STUDY=name)
PYTHON ?= python3
STUDY ?= demo
CORES ?= all
BIN := .venv/bin
# Where somebody watches, a bar per rule; elsewhere a line per rule.
RUN = if [ -t 1 ]; then set -- --logger rich; else set -- --quiet rules; fi; $(BIN)/snakemake --cores $(CORES) "$$@" -- $(STUDY)

.PHONY: demo test bench report help
help:
	@sed -n 's/^# make/make/p' Makefile

demo: .venv/run.stamp
	@$(RUN)
	@echo "The report: $(CURDIR)/results/$(STUDY)/report/index.html"

test: .venv/test.stamp
	@$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

bench: .venv/bench.stamp
	@for script in tests/benchmarks/bench_*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

report: .venv/run.stamp
	@$(RUN)
	@$(BIN)/snakemake --report report.zip -- $(STUDY)
	@echo "Packed: $(CURDIR)/report.zip"

.venv/run.stamp: envs/lock.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	 { echo "insarcast needs Python 3.11 or newer, and '$(PYTHON)' is $$($(PYTHON) --version 2>/dev/null || echo not there); name another: make demo PYTHON=python3.11"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
	 { echo "'$(PYTHON)' lacks the venv module; install it (Debian and Ubuntu: apt install python3-venv) or name another: make demo PYTHON=python3.11"; exit 1; }
	@echo "Setting up .venv (once, some minutes) ..."
	@$(PYTHON) -m venv .venv && $(BIN)/pip install --quiet --disable-pip-version-check -r envs/lock.txt && touch $@

.venv/test.stamp: .venv/run.stamp envs/lock-test.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check -r envs/lock-test.txt && touch $@

.venv/bench.stamp: .venv/test.stamp envs/lock-bench.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps -r envs/lock-bench.txt && touch $@
