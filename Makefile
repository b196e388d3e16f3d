.PHONY: help demo test test-fast check paper images pin-images image-check terraform-check audit setup lock clean
SHELL := bash
# Every recipe runs in the environment, as after `source .venv/bin/activate`.
activated = source .venv/bin/activate &&

help:
	@echo "make demo   set up, then photographs -> shards -> three members -> votes on the embedded sample"
	@echo "make test   set up, then check and run all tests"
	@echo "make test-fast  the tests that need no engine and start no process; under a minute"
	@echo "make check  lint, format, types, imports between the rooms, Dockerfiles"
	@echo "make images [IMAGES=\"spark serverless train train-cpu\"]  build the images of docker/, all but train-cpu unless named"
	@echo "make pin-images   fix what they are built from to the digests that the registries give now"
	@echo "make image-check  build the images without GPUs and run the demo in them (needs Docker or Podman)"
	@echo "make terraform-check [STUB=DIR]  validate and plan terraform/; DIR/terraform-check stands in for Google's provider"
	@echo "make paper  the paper's first approach against its final one, no balancing and class weights; half an hour"
	@echo "make audit  ask PyPI's advisories about all locked packages; SECURITY.md explains what is known"
	@echo "make lock   renew requirements/*.txt from setup.py"
	@echo "make clean  remove what was set up; photos, data sets and models under data/ stay"

demo: .venv/ready
	@$(activated) python scripts/demo.py

test: check
	@$(activated) pytest

test-fast: .venv/ready
	@$(activated) pytest tests/unit

check: .venv/ready
	@$(activated) ruff check . && ruff format --check . && mypy && lint-imports --no-cache && \
	  hadolint --config docker/hadolint.yaml docker/*.Dockerfile

images:
	@docker/build $(IMAGES)

pin-images:
	@docker/pin

# Where no registry can be reached: BUILD_FLAGS="--build-arg DEBIAN_IMAGE=…", a base image that is here.
image-check: .venv/ready
	@$(activated) LANDMARK_IMAGE_CHECK=yes pytest -n 0 -rs -s tests/path/docker/test_images.py

# Without STUB terraform fetches Google's provider from its registry, and tests say so where it cannot.
terraform-check: .venv/ready
	@$(activated) LANDMARK_TERRAFORM_STUB="$(STUB)" pytest -n 0 -rs tests/path/terraform

# Of photos and weights of your own: make paper ARGUMENTS="--photos DIR --weights FILE".
paper: .venv/ready
	@$(activated) python benchmarks/first_vs_final.py $(ARGUMENTS)

audit: .venv/ready
	@$(activated) scripts/audit

setup: .venv/ready

.venv/ready: setup.py scripts/setup scripts/log4j2.properties $(wildcard scripts/programs/*) requirements/all.txt requirements/build.txt requirements/horovod.txt
	@scripts/setup

lock: .venv/ready
	@$(activated) scripts/lock

clean:
	rm -rf .venv *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
