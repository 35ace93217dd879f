// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Command demo shows the main job on a real cluster: a canary by one kubectl
// apply, one that never becomes ready and goes back by itself, and an unsafe
// manifest that is refused; all under load, without a failed request.
//
// It reads KUBECONFIG, and uses the kubectl and helm on PATH. EVENKEEL_IMAGE and
// DEMO_IMAGE (a repository with the tags v1, v2 and v3) name images that the
// cluster can get; GATEWAY_CLASS and GATEWAY_PORT the gateway; DEMO_URL where it
// answers, left out: the Gateway's first address.
package main
