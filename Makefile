# Short names for lab.py, which does the work (and runs where there is no make).
# make lab PORT=9999, make test ARGS="-k sphinx", make bench ARGS="--only sphinx"
PYTHON ?= python3
ARGS ?=
PORT ?=

.PHONY: lab test bench check
lab:
	@$(PYTHON) lab.py lab $(if $(PORT),--port $(PORT)) $(ARGS)
test bench:
	@$(PYTHON) lab.py $@ $(ARGS)
check:
	@$(PYTHON) lab.py check
