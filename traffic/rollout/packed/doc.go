// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package packed makes the ReplicaSets of a cache small. A cluster keeps ten old
// ones of each Deployment by default, and all that anybody asks of an old one is
// what template it had: so the template is kept in the API's binary form, which
// takes a fraction of what its Go values take, and unpacked where it is asked for.
package packed
