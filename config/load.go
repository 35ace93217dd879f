// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"errors"
	"fmt"

	utilerrors "k8s.io/apimachinery/pkg/util/errors"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/evenkeel-dev/evenkeel/policy"
	"github.com/evenkeel-dev/evenkeel/policy/excerpt"
)

// maxPolicyBytes bounds a policy file: that is as much as a ConfigMap holds.
const maxPolicyBytes = 1 << 20

// Load reads the cluster's policy file: YAML or JSON, every field known, every
// value valid. The error names everything that is wrong by its path, and what is
// allowed.
func Load(data []byte) (*policy.Set, error) {
	file, err := read(data, validate)
	if err != nil {
		return nil, err
	}
	return resolve(file)
}

// LoadLocal reads a namespace's policy file. Its rules select by objectSelector
// alone; what they may set is looked at against the cluster's policy.
func LoadLocal(data []byte) ([]policy.LocalRule, error) {
	file, err := read(data, validateLocal)
	if err != nil {
		return nil, err
	}
	return resolveLocal(file)
}

func read(data []byte, valid func(*RolloutPolicy) field.ErrorList) (*RolloutPolicy, error) {
	if len(data) > maxPolicyBytes {
		return nil, fmt.Errorf("cannot read the policy: %d bytes are more than %d", len(data), maxPolicyBytes)
	}
	file, errs := decode(data)
	if len(errs) > 0 {
		return nil, fmt.Errorf("cannot read the policy: %w", together(errs))
	}
	if err := valid(file).ToAggregate(); err != nil {
		return nil, together(err.Errors())
	}
	return file, nil
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
			err = errors.New(excerpt.Bytes(text, maxErrorBytes))
		}
		out = append(out, err)
	}
	if more := len(errs) - maxErrors; more > 0 {
		out = append(out, fmt.Errorf("and %d more", more))
	}
	return utilerrors.NewAggregate(out)
}
