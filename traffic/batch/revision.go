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

// The kinds of workloads that are released in batches alone.
const (
	StatefulSet = "StatefulSet"
	DaemonSet   = "DaemonSet"
)

// VersionOf names the ControllerRevision whose pods carry a hash, in the words of
// the stock controller: of a StatefulSet (with ordinals), or else of a DaemonSet.
func VersionOf(ordinals bool, workload, hash string) Version {
	const most = 223 // what a DaemonSet's own name may have of it
	if ordinals {
		return Version{Name: hash, Hash: hash}
	}
	return Version{Name: workload[:min(len(workload), most)] + "-" + hash, Hash: hash}
}
