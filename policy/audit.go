// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"slices"
	"strings"

	"github.com/evenkeel-dev/evenkeel/policy/excerpt"
)

// maxAuditBytes bounds each audit annotation.
const maxAuditBytes = 1024

// AuditAnnotations tells the API server's audit log what a review decided and
// why: by which rule, what was injected, whose values were kept, and which
// checks do not hold with what follows.
func (p Plan) AuditAnnotations() map[string]string {
	out := map[string]string{"rule": p.Rule}
	var injected, violations []string
	for _, change := range p.Changes {
		if !strings.HasSuffix(change.Path, "evenkeel.dev~1injected") && !slices.Contains(injected, change.Why) {
			injected = append(injected, change.Why)
		}
	}
	for _, v := range p.Violations {
		text := v.Check + "=" + string(v.Action)
		if v.Excuse != "" {
			text += " (" + string(v.Excuse) + ")"
		}
		violations = append(violations, text)
	}
	if p.Override != nil {
		out["override"] = excerpt.Bytes(p.Override.Reason, maxAuditBytes)
	}
	for key, parts := range map[string][]string{"changed": injected, "kept": p.Kept, "violations": violations} {
		if len(parts) > 0 {
			out[key] = excerpt.Bytes(strings.Join(parts, "; "), maxAuditBytes)
		}
	}
	return out
}
