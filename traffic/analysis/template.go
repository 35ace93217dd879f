// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package analysis

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"github.com/evenkeel-dev/evenkeel/policy/form"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// maxQuery bounds what a template may make, in bytes.
const maxQuery = 16 << 10

// Vars are what a query's template may name.
type Vars struct {
	Namespace string
	// Kind is that of the workload, and Deployment its name, whatever it is.
	Kind, Deployment string
	// StableService and CanaryService are the first Services of both versions;
	// Service is that of the version which is asked about.
	StableService, CanaryService, Service string
	// ReplicaSet and PodHash are those of the version which is asked about.
	ReplicaSet, PodHash string
	// Window is how far back to look: for a range such as [{{ .Window }}].
	Window string
}

// Vars gives what templates may name, for one version.
func (q Question) Vars(v Version) Vars {
	first := func(names []string) string {
		if len(names) == 0 {
			return ""
		}
		return names[0]
	}
	vars := Vars{
		Namespace: q.Namespace, Kind: cmp.Or(q.Kind, Deployment), Deployment: q.Deployment, StableService: first(q.Services(Stable)), CanaryService: first(q.Services(Canary)),
		Window: promDuration(q.window()),
	}
	of := q.State.Canary
	vars.Service = vars.CanaryService
	if v == Stable {
		of, vars.Service = q.State.Stable, vars.StableService
	}
	vars.ReplicaSet, vars.PodHash = of.ReplicaSet, of.Hash
	return vars
}

// Fill makes a query of a template (see form.Parse). The error names what is wrong
// with it.
func Fill(text string, vars Vars) (string, error) {
	parsed, err := form.Parse(text)
	if err != nil {
		return "", fmt.Errorf("it is not a template: %w", err)
	}
	query, err := parsed.Fill(vars, maxQuery)
	if errors.Is(err, form.ErrFull) {
		return "", fmt.Errorf("it makes a query of more than %d bytes", maxQuery)
	}
	if err != nil {
		return "", fmt.Errorf("it cannot be filled in: %w", err)
	}
	return query, nil
}

// Example is what templates are tried with before anybody asks.
func Example(spec Spec, v Version) Vars {
	q := Question{Spec: spec, Namespace: "shop", Deployment: "demo", At: time.Unix(60, 0), Since: time.Unix(0, 0)}
	q.State.Backends = []string{"demo"}
	q.State.Stable, q.State.Canary = rollout.Version{ReplicaSet: "demo-1", Hash: "1"}, rollout.Version{ReplicaSet: "demo-2", Hash: "2"}
	return q.Vars(v)
}

// promDuration writes whole seconds as PromQL does.
func promDuration(d time.Duration) string { return fmt.Sprintf("%ds", int(d.Seconds())) }
