.PHONY: help demo test test-fast check paper images pin-images image-check terraform-check terraform-lock audit setup lock clean
SHELL := bash
# Every recipe runs in the environment, as after `source .venv/bin/activate`.
activated = source .venv/bin/activate &&

help:
	@echo "make setup  install everything into .venv; source .venv/bin/activate enters it"
	@echo "make demo   set up, then photos -> shards -> three members -> votes, on the rendered sample"
	@echo "make test   set up, then check and run all tests"
	@echo "make test-fast  only the tests that need no engine and start no process; a minute and a half on two cores"
	@echo "make check  lint, format, types, import contracts, Dockerfiles"
	@echo "make images [IMAGES=\"spark serverless train train-cpu\"]  build the images of docker/; without IMAGES all but train-cpu"
	@echo "make pin-images   pin their base images to the current digests of the registries"
	@echo "make image-check  build the images without GPU support and run the demo in them (needs Docker or Podman)"
	@echo "make terraform-check [STUB=DIR]  validate and plan terraform/; DIR/terraform-check replaces Google's provider"
	@echo "make terraform-lock  write terraform/.terraform.lock.hcl: hashes of Google's provider, from Terraform's registry"
	@echo "make paper  the paper's first approach against its final one, no balancing, and class weights; half an hour"
	@echo "make audit  look up all locked packages in PyPI's advisories; SECURITY.md explains the known ones"
	@echo "make lock   update requirements/*.txt from setup.py"
	@echo "make cloud STAGE=plan  what a run on Google Cloud costs; up, photos, preprocess, train, evaluate, fetch, down: docs/cloud.md"
	@echo "PYTHON=python3.12  after any of these: the Python of the environment, 3.11 or 3.12"
	@echo "make clean  remove the environment and caches; keep photos, data sets and models under data/"

demo: .venv/ready
	@$(activated) python scripts/demo.py

test: check
	@$(activated) pytest

test-fast: .venv/ready
	@$(activated) pytest tests/unit

# Benchmarks are not run by the tests: at least their calls must fit the library.
benchmark_types = MYPYPATH=benchmarks mypy --disable-error-code arg-type --disable-error-code list-item \
  --disable-error-code misc --disable-error-code no-any-return --disable-error-code union-attr \
  --disable-error-code import-not-found --disable-error-code import-untyped --no-warn-unused-ignores benchmarks/*.py

check: .venv/ready
	@$(activated) ruff check . && ruff format --check . && mypy && $(benchmark_types) && lint-imports --no-cache && \
	  hadolint --config docker/hadolint.yaml docker/*.Dockerfile

images:
	@docker/build $(IMAGES)

pin-images:
	@docker/pin

# Without access to a registry: BUILD_FLAGS="--build-arg DEBIAN_IMAGE=…" names a local base image.
image-check: .venv/ready
	@$(activated) LANDMARK_IMAGE_CHECK=yes pytest -n 0 -rs -s tests/path/docker/test_images.py

# Without STUB, terraform fetches Google's provider from its registry; if it cannot, the tests are skipped with a reason.
terraform-check: .venv/ready
	@$(activated) LANDMARK_TERRAFORM_STUB="$(STUB)" pytest -n 0 -rs tests/path/terraform

terraform-lock:
	@terraform -chdir=terraform providers lock \
	  -platform=linux_amd64 -platform=linux_arm64 -platform=darwin_amd64 -platform=darwin_arm64

# With your own photos and weights: make paper ARGUMENTS="--photos DIR --weights FILE". Without a download:
# make paper ARGUMENTS="--backbone MobileNetV3Small --weights sample --image-size 96".
paper: .venv/ready
	@$(activated) python benchmarks/first_vs_final.py $(ARGUMENTS)

# make cloud STAGE=train ARGUMENTS="--gpu l4": options of `landmark cloud`; without STAGE, its help.
.PHONY: cloud
cloud: .venv/ready
	@$(activated) landmark cloud $(or $(STAGE),--help) $(ARGUMENTS)

audit: .venv/ready
	@$(activated) scripts/audit

setup: .venv/ready

.venv/ready: setup.py scripts/setup scripts/pip_settings.py landmark_lib/preprocess/log4j2.properties $(wildcard scripts/programs/*) \
  $(addprefix requirements/,all.txt build.txt horovod.txt uv.txt)
	@scripts/setup

# Another Python than the environment's.
ifdef PYTHON
ifneq ($(shell $(PYTHON) --version),$(shell [ ! -x .venv/bin/python ] || .venv/bin/python --version))
.PHONY: .venv/ready
endif
endif

lock: .venv/ready
	@$(activated) scripts/lock

clean:
	rm -rf .venv *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
