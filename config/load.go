// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	kjson "sigs.k8s.io/json"
	"sigs.k8s.io/yaml"

	"github.com/evenkeel-dev/evenkeel/policy"
)

// maxPolicyBytes bounds a policy file: that is as much as a ConfigMap holds.
const maxPolicyBytes = 1 << 20

// Load reads a policy file: YAML or JSON, every field known, every value valid.
// The error names each field that is wrong by its path, and what is allowed.
func Load(data []byte) (*policy.Set, error) {
	file, err := decode(data)
	if err != nil {
		return nil, err
	}
	if err := validate(file).ToAggregate(); err != nil {
		return nil, err
	}
	return resolve(file)
}

// decode reads the file strictly.
func decode(data []byte) (*RolloutPolicy, error) {
	if len(data) > maxPolicyBytes {
		return nil, fmt.Errorf("cannot read the policy: %d bytes are more than %d", len(data), maxPolicyBytes)
	}
	text, err := yaml.YAMLToJSONStrict(data)
	if err != nil {
		return nil, fmt.Errorf("cannot read the policy: %w", err)
	}
	file := &RolloutPolicy{}
	strict, err := kjson.UnmarshalStrict(text, file)
	if err != nil {
		return nil, fmt.Errorf("cannot read the policy: %w", err)
	}
	if err := errors.Join(strict...); err != nil {
		return nil, fmt.Errorf("cannot read the policy: %w", err)
	}
	return file, nil
}

// UnmarshalJSON reads an action's word.
func (w *Word) UnmarshalJSON(data []byte) error {
	if string(bytes.TrimSpace(data)) == "false" {
		*w = Word(policy.Off)
		return nil
	}
	return json.Unmarshal(data, (*string)(w))
}

// UnmarshalJSON reads an action's word, or an object that knows no other field.
func (c *Check) UnmarshalJSON(data []byte) error {
	if !bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")) {
		return json.Unmarshal(data, &c.Action)
	}
	type plain Check
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	return decoder.Decode((*plain)(c))
}
