# Copyright The Evenkeel Authors.
# SPDX-License-Identifier: Apache-2.0

# One static program, and nothing else: it talks to the API server alone, whose
# CA the pod is given.
FROM --platform=$BUILDPLATFORM golang:1.26 AS build
ARG TARGETOS TARGETARCH
ARG VERSION=dev
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY cmd cmd
COPY config config
COPY policy policy
COPY traffic traffic
COPY webhook webhook
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath -buildvcs=false -ldflags "-s -w -X main.version=$VERSION" -o /evenkeel ./cmd/evenkeel

FROM scratch
COPY --from=build /evenkeel /evenkeel
USER 65532:65532
ENTRYPOINT ["/evenkeel"]
