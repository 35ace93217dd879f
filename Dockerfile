# Copyright The Evenkeel Authors.
# SPDX-License-Identifier: Apache-2.0

# One static program, and the CAs that the world trusts, for where notifications
# and traces go: the API server's CA the pod is given.
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
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /evenkeel /evenkeel
USER 65532:65532
ENTRYPOINT ["/evenkeel"]
