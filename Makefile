# Short names for lab.py, which does the work (and runs where there is no make).
# make present LESSON=05, make stick DIR=/media/stick
# make lab PORT=9999, make test ARGS="-k sphinx", make bench ARGS="--only sphinx"
PYTHON ?= python3
ARGS ?=
PORT ?=
LESSON ?= 00
DIR ?=

.PHONY: lab present stick test bench bench-live check
lab:
	@$(PYTHON) lab.py lab $(if $(PORT),--port $(PORT)) $(ARGS)
present:
	@$(PYTHON) lab.py present $(LESSON) $(if $(PORT),--port $(PORT)) $(ARGS)
stick:
	@$(PYTHON) lab.py stick $(DIR)
test bench bench-live:
	@$(PYTHON) lab.py $@ $(ARGS)
check:
	@$(PYTHON) lab.py check
