// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package rules reviews a Deployment: what is to be filled in, and what must not
// be let through. Each injection and each check has a file of its own and stands
// in one ordered list (rules.go).
//
// Two kinds of fields are kept apart. Rollout-neutral ones (strategy,
// minReadySeconds, progressDeadlineSeconds, metadata) may follow the policy at
// any write. Rollout-causing ones (all of spec.template) are touched on CREATE
// and when the requester changed the template himself; on every other write what
// was injected before is carried over from the live object, exactly. So a change
// of the policy restarts nothing.
package rules
