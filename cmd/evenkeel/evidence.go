// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"

	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/evenkeel-dev/evenkeel/config"
	"github.com/evenkeel-dev/evenkeel/traffic/analysis"
	"github.com/evenkeel-dev/evenkeel/traffic/analysis/provider"
	"github.com/evenkeel-dev/evenkeel/traffic/analysis/runner"
)

// evidence runs the analyses of the policy in force, on the leader.
func (o *options) evidence(mgr ctrl.Manager, policies *config.Store, counts *runner.Metrics) (*runner.Runner, error) {
	measured := runner.New(runner.Options{
		Provider: provider.New(mgr.GetAPIReader(), o.namespace), Metrics: counts,
		Specs: func() map[string]analysis.Spec { return policies.Current().Default.Analyses },
	})
	if err := mgr.Add(measured); err != nil {
		return nil, fmt.Errorf("cannot run the analyses: %w", err)
	}
	return measured, nil
}
