// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package policy holds what a platform team wants of rollouts, resolved for one
// Deployment, and the plan that a review of it answers. It is pure: values in,
// values out.
//
//	Set.Resolve(namespace, labels) -> Policy.WithAnnotations -> rules.Review(Subject) -> Plan
//
// A Plan is data: changes by JSON pointer, violations and warnings. Whoever
// carries it out (the webhook, a linter, an audit) decides nothing any more.
package policy
