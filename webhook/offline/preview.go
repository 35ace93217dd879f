// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package offline

import (
	"context"
	"encoding/json"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/evenkeel-dev/evenkeel/policy"
	"github.com/evenkeel-dev/evenkeel/webhook"
)

// Effect is what a policy would do to a Deployment that runs.
type Effect struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	// Rule is the policy's rule that would apply.
	Rule string `json:"rule"`
	// Changes are what its next change of the template would bring with it, and
	// what would follow the policy at any write.
	Changes []string `json:"changes"`
	// Refused are the checks by which a CREATE of it would be refused. The one
	// that runs is not: what stood before only warns.
	Refused []string `json:"refused"`
	// Warned are the checks that would warn.
	Warned []string `json:"warned"`
}

// Preview tells what admission's policy would do to Deployments that run.
func Preview(ctx context.Context, h *webhook.Handler, deployments []appsv1.Deployment) ([]Effect, error) {
	effects := make([]Effect, 0, len(deployments))
	for i := range deployments {
		d := &deployments[i]
		next, err := h.NextRollout(ctx, d)
		if err != nil {
			return nil, fmt.Errorf("cannot review Deployment %s/%s: %w", d.Namespace, d.Name, err)
		}
		now, err := h.Audit(ctx, d)
		if err != nil {
			return nil, fmt.Errorf("cannot review Deployment %s/%s: %w", d.Namespace, d.Name, err)
		}
		effect := Effect{Namespace: d.Namespace, Name: d.Name, Rule: next.Rule, Changes: []string{}, Refused: []string{}, Warned: []string{}}
		for _, change := range next.Changes {
			effect.Changes = append(effect.Changes, told(change))
		}
		for _, v := range now.Violations {
			switch v.Action {
			case policy.Enforce:
				effect.Refused = append(effect.Refused, v.Check)
			case policy.Warn:
				effect.Warned = append(effect.Warned, v.Check)
			}
		}
		effects = append(effects, effect)
	}
	return effects, nil
}

// told is a change in a line.
func told(change policy.Change) string {
	if change.Value == nil {
		return "remove " + change.Path
	}
	return fmt.Sprintf("%s: %s", change.Path, compact(change.Value))
}

// compact writes a value as JSON, as far as a line has room.
func compact(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	if most := 100; len(text) > most {
		return string(text[:most]) + "..."
	}
	return string(text)
}
