// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"errors"
	"fmt"
	"strings"

	utilerrors "k8s.io/apimachinery/pkg/util/errors"

	"github.com/evenkeel-dev/evenkeel/policy"
)

// maxPolicyBytes bounds a policy file: that is as much as a ConfigMap holds.
const maxPolicyBytes = 1 << 20

// Load reads a policy file: YAML or JSON, every field known, every value valid.
// The error names everything that is wrong by its path, and what is allowed.
func Load(data []byte) (*policy.Set, error) {
	if len(data) > maxPolicyBytes {
		return nil, fmt.Errorf("cannot read the policy: %d bytes are more than %d", len(data), maxPolicyBytes)
	}
	file, errs := decode(data)
	if len(errs) > 0 {
		return nil, fmt.Errorf("cannot read the policy: %w", together(errs))
	}
	if err := validate(file).ToAggregate(); err != nil {
		return nil, together(err.Errors())
	}
	return resolve(file)
}

// maxErrors and maxErrorBytes bound how much of what is wrong is told at once.
const (
	maxErrors     = 20
	maxErrorBytes = 512
)

// together makes one error of several, in the order of the file.
func together(errs []error) error {
	var out []error
	for _, err := range errs[:min(len(errs), maxErrors)] {
		if text := err.Error(); len(text) > maxErrorBytes {
			err = errors.New(strings.ToValidUTF8(text[:maxErrorBytes-3], "") + "...")
		}
		out = append(out, err)
	}
	if more := len(errs) - maxErrors; more > 0 {
		out = append(out, fmt.Errorf("and %d more", more))
	}
	return utilerrors.NewAggregate(out)
}
