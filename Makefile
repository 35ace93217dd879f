# Copyright The Evenkeel Authors.
# SPDX-License-Identifier: Apache-2.0

# The local cluster, or any cluster behind KUBECONFIG: CLUSTER=existing.
CLUSTER ?= local
GO      ?= go

.PHONY: help build plugin test lint unit generate verify demo bench bench-scale soak image cluster-build cluster-up cluster-down cluster-load cluster-status cluster-exec

help: ## Say what there is to make
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-16s %s\n", $$1, $$2}'

build: ## Build the manager into bin/
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags "-s -w" -o bin/evenkeel ./cmd/evenkeel

plugin: ## Build kubectl evenkeel, and what completes its words, into bin/
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags "-s -w" -o bin/kubectl-evenkeel ./cmd/kubectl-evenkeel
	cp cmd/kubectl-evenkeel/kubectl_complete-evenkeel bin/

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

# What a review costs in process, and a write on the API server; the table is kept in bin/bench.md.
BENCH   := -run '^$$' -bench . -timeout 20m
ifeq ($(CLUSTER),local)
bench: cluster-up ## Measure the admission path against decoding, and on the API server against a webhook that does nothing
	$(GO) test $(BENCH) -benchtime 0.5s -count 3 ./test/bench | tee bin/bench.txt
	$(GO) list -deps -test ./test/bench/... >/dev/null
	bin/cluster exec -- env EVENKEEL_CLUSTER=local $(GO) test $(BENCH) -benchtime 1x ./test/bench/apiserver | tee -a bin/bench.txt
	@$(GO) run ./test/bench/table <bin/bench.txt | tee bin/bench.md
else
bench:
	@mkdir -p bin
	$(GO) test $(BENCH) -benchtime 0.5s -count 3 ./test/bench | tee bin/bench.txt
	EVENKEEL_CLUSTER=$(CLUSTER) $(GO) test $(BENCH) -benchtime 1x ./test/bench/apiserver | tee -a bin/bench.txt
	@$(GO) run ./test/bench/table <bin/bench.txt | tee bin/bench.md
endif

# Figures of scale on nodes that KWOK plays; the table is kept in bin/bench-scale.md.
# Quick: make bench-scale N=200 CANARIES=20 STEPS=20%:5s,50%:5s,100% REST=30s SPREAD=20s
N        ?= 10000
CANARIES ?= 1000
STEPS    ?= 20%:1m,50%:1m,100%:1m
REST     ?= 2m
SPREAD   ?= 5m
CROWD    ?= 100
SCALE    := -deployments $(N) -per-namespace $(CROWD) -canaries $(CANARIES) -steps '$(STEPS)' -rest $(REST) -spread $(SPREAD)
ifeq ($(CLUSTER),local)
bench-scale: bin/cluster ## Measure with N=10000 Deployments and CANARIES=1000 of them released, on the local cluster with KWOK
	@bin/cluster build kwok
	@bin/cluster up
	CGO_ENABLED=0 $(GO) build -o bin/scale ./test/bench/scale
	@bin/cluster exec -- bin/scale $(SCALE)
else
bench-scale:
	$(GO) run ./test/bench/scale $(SCALE)
endif

SOAK ?= 10m
soak: cluster-up ## Make random releases with faults under load, for SOAK=10m
	$(GO) list -deps -test ./test/e2e >/dev/null
	bin/cluster exec -- env EVENKEEL_CLUSTER=local EVENKEEL_SOAK=$(SOAK) $(GO) test -count=1 -v -timeout 24h -run '^TestSoak$$' ./test/e2e

.PHONY: screenshots
screenshots: ## Look at the dashboard and at watch with Chromium: the script, the widths, and pictures into bin/screenshots
	$(GO) test -tags chromium ./test/page
	$(GO) run ./test/page

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
