# The two main commands are `make run` and `make test`. Both install what they need.
#   make run [DATA="paths"] [MOVIELENS=folder] [TMDB=file] [PORT=8000]

UV := .ci/uv
PORT ?= 8000
PYTEST_ARGS ?=
ATTACKS ?=
export OPENBLAS_NUM_THREADS ?= 1

.DEFAULT_GOAL := help
.PHONY: help setup setup-run run servers test gate attack openapi sbom cdk synth deploy release rollback unlock acceptance destroy pin \
	docs release-check lint format clean

help: ## list the targets
	@echo "Marquee: film recommendations over HTTP."
	@echo
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 22

# PyTorch, for training the two-tower model and for its tests: 4 GB. Spark, for the tests of data_jobs/spark: 480 MB.
TRAIN ?=
SPARK ?=
setup: ## install the locked dependencies into .venv: [TRAIN=1, PyTorch as well] [SPARK=1, Spark]
	@$(UV) sync --locked --quiet $(if $(TRAIN),--group train) $(if $(SPARK),--group spark)

# Without development and cloud tools, which are most of the download. --inexact keeps what is installed.
setup-run:
	@$(UV) sync --locked --quiet --inexact --no-default-groups --group encoder --group aws

run: setup-run ## build a bundle if there is none, then serve: [DATA="paths"] [PORT=8000]
	@exec $(UV) run --no-sync marquee up --port "$(PORT)" \
		$(DATA) $(if $(MOVIELENS),--movielens "$(MOVIELENS)") $(if $(TMDB),--tmdb "$(TMDB)")

servers: setup ## run a real OpenSearch and DynamoDB on loopback until Ctrl-C
	@exec $(UV) run --no-sync python -m tests.servers

# The servers and axe-core are installed first: no test includes their download.
test: setup ## run every test: [PYTEST_ARGS="-k name"] [TRAIN=1 SPARK=1, those of training, too]
	@$(UV) run --no-sync python -m tests.servers --install
	@$(UV) run --no-sync python -m tests.web
	@$(UV) run --no-sync pytest -n auto $(PYTEST_ARGS)

gate: setup ## measure quality on the sample catalogue; fails if it dropped by more than the noise
	@$(UV) run --no-sync python -m data_jobs.evaluate.gate

attack: setup ## attack a running server and measure what it withstands (docs/faults.md): [ATTACKS="name ..."]
	@$(UV) run --no-sync python -m tests.attack $(ATTACKS)

BREAKING ?=
openapi: setup ## write docs/openapi.json, the description of the API: [BREAKING=1, even if clients break]
	@$(UV) run --no-sync python -m tests.openapi --write $(if $(BREAKING),--breaking)

sbom: ## write the contents of the images into dist/sbom.json, as CycloneDX
	@mkdir -p dist
	@$(UV) export --locked --quiet --format cyclonedx1.5 --no-default-groups --group online --group server \
		--group cli --group data --group encoder --group aws --output-file dist/sbom.json > /dev/null

pin: setup ## renew the digests of the base images in the Dockerfile; needs docker
	@$(UV) run --no-sync python -m infra.image pin

STAGE ?= dev
CONTEXT ?=
CDK := infra/node_modules/.bin/cdk

cdk: setup
	@npm ci --prefix infra --no-audit --no-fund --silent

synth: setup ## write the templates of every documented deployment into infra/cdk.out, and lint them
	@rm -rf infra/cdk.out
	@$(UV) run --no-sync python -m infra.variants infra/cdk.out
	@$(UV) run --no-sync cfn-lint --ignore-checks W3005 -- infra/cdk.out/*/*.template.json

NOW ?=
deploy: cdk ## deploy a stage: [STAGE=dev] [CONTEXT="-c name=value"] [NOW=1, as for release]
	NOW=$(NOW) infra/release/deploy.sh $(STAGE) $(CONTEXT)

release: setup ## build a bundle on AWS and put it into service: [STAGE=dev] [NOW=1, even if an alarm is up]
	@$(UV) run --no-sync python -m infra.release $(STAGE) start release $(if $(NOW),--now)

VERSION ?=
rollback: setup ## list what can be rolled back to, or roll back: [STAGE=dev] [VERSION=number]
	@infra/release/rollback.sh $(STAGE) $(VERSION)

unlock: setup ## release a lock that was left behind: [STAGE=dev]
	@$(UV) run --no-sync python -m infra.release $(STAGE) unlock

acceptance: cdk ## deploy, release the sample, accept it, destroy, in an account without the stage: [STAGE=dev]
	infra/release/acceptance.sh $(STAGE) $(CONTEXT)

destroy: cdk ## remove a stage: [STAGE=dev] [CONTEXT="-c name=value"]
	$(CDK) destroy --all -c stage=$(STAGE) $(CONTEXT)

docs: setup ## build the documentation site into site/; a broken link fails
	@$(UV) run --no-sync zensical build --strict --config-file mkdocs.yml

TAG ?=
release-check: setup docs ## do all of a release but the upload: [TAG=v0.1.0]
	@mkdir -p dist
	$(UV) run --no-sync python -m infra.package notes $(TAG) > dist/notes.md
	rm -f dist/marquee_films-*
	$(UV) build --quiet --out-dir dist
	$(UV) run --no-sync pytest tests/test_wheel.py tests/test_install.py tests/test_docs.py
	@$(MAKE) --no-print-directory sbom
	$(UV) run --no-sync python -m infra.package images
	@ls dist/marquee_films-* dist/sbom.json dist/notes.md

lint: setup docs ## check style, types, the direction of imports, and links in the docs
	$(UV) run --no-sync ruff check .
	$(UV) run --no-sync ruff format --check .
	$(UV) run --no-sync mypy
	$(UV) run --no-sync lint-imports --no-cache

format: setup ## format the code, and fix what ruff can
	$(UV) run --no-sync ruff check --fix .
	$(UV) run --no-sync ruff format .

clean: ## remove caches and build output, but neither .venv nor .marquee
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist site artifacts
	find services data_jobs tests -name __pycache__ -type d -prune -exec rm -rf {} +
