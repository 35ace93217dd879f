# Copyright The Evenkeel Authors.
# SPDX-License-Identifier: Apache-2.0

# The local cluster, or any cluster behind KUBECONFIG: CLUSTER=existing.
CLUSTER ?= local
GO      ?= go

.PHONY: help build test lint unit generate verify demo image cluster-build cluster-up cluster-down cluster-load cluster-status cluster-exec

help: ## Say what there is to make
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-16s %s\n", $$1, $$2}'

build: ## Build the manager into bin/
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags "-s -w" -o bin/evenkeel ./cmd/evenkeel

test: bin/cluster ## Run every test: lint, unit, chart, integration and e2e on the local cluster
	$(GO) run ./test/suite

lint: ## Run the linters alone
	$(GO) run ./test/suite lint

unit: ## Run the unit tests alone, with the race detector
	$(GO) run ./test/suite unit

generate: ## Write what is made from the code: the policy's schema, the docs' tables
	$(GO) run ./test/generate

verify: ## Fail where something generated is not what the code says
	$(GO) run ./test/generate -verify

ifeq ($(CLUSTER),local)
demo: cluster-up ## See a canary, a rollback and a refusal under load (CLUSTER=existing: on your own cluster)
	CGO_ENABLED=0 $(GO) build -o bin/demo ./test/demo
	@bin/cluster exec -- bin/demo
else
demo:
	$(GO) run ./test/demo
endif

image: ## Build the container image with Docker
	docker build -t evenkeel:dev .

bin/cluster: FORCE
	@CGO_ENABLED=0 $(GO) build -o bin/cluster ./test/cluster

cluster-build: bin/cluster ## Build the local cluster's programs into the cache
	@bin/cluster build

cluster-up: bin/cluster ## Start the local cluster
	@bin/cluster up

cluster-down: bin/cluster ## End the local cluster
	@bin/cluster down

cluster-load: bin/cluster ## Load the project's images into the local cluster again
	@bin/cluster load

cluster-status: bin/cluster ## Say what runs in the local cluster
	@bin/cluster status

cluster-exec: bin/cluster ## Run a command in the local cluster: CMD='kubectl get pods'
	@bin/cluster exec -- sh -c '$(CMD)'

FORCE:
