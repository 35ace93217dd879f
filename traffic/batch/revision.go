// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package batch

import (
	"encoding/json"
	"fmt"
)

// Template reads the pod template out of a ControllerRevision's data, as JSON and
// as its stock controller wrote it, so that the same revision is found again once
// the template is put back.
func Template(data []byte) (json.RawMessage, error) {
	var revision struct {
		Spec struct {
			Template map[string]json.RawMessage `json:"template"`
		} `json:"spec"`
	}
	if err := json.Unmarshal(data, &revision); err != nil {
		return nil, fmt.Errorf("cannot read the revision: %w", err)
	}
	if len(revision.Spec.Template["spec"]) == 0 {
		return nil, fmt.Errorf("cannot read the revision: its data have no spec.template")
	}
	delete(revision.Spec.Template, "$patch") // says how the revision is applied, not what it is
	return json.Marshal(revision.Spec.Template)
}
