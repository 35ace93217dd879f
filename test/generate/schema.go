// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"reflect"

	"github.com/invopop/jsonschema"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/evenkeel-dev/evenkeel/config"
	"github.com/evenkeel-dev/evenkeel/policy"
)

const module = "github.com/evenkeel-dev/evenkeel"

// policySchema is the JSON Schema by which editors complete a policy file.
func policySchema(root string, _ []byte) ([]byte, error) {
	schema, err := reflectSchema(root)
	if err != nil {
		return nil, err
	}
	text, err := json.MarshalIndent(schema, "", "  ")
	return append(text, '\n'), err
}

func reflectSchema(root string) (*jsonschema.Schema, error) {
	r := &jsonschema.Reflector{Anonymous: true, DoNotReference: true, ExpandedStruct: true, Mapper: special}
	if err := r.AddGoComments(module, filepath.Join(root, "config")); err != nil {
		return nil, fmt.Errorf("cannot read the comments: %w", err)
	}
	schema := r.Reflect(&config.RolloutPolicy{})
	schema.Title, schema.Description = "Evenkeel's policy", "What a platform team wants of rollouts, in a ConfigMap under the key policy.yaml."
	return schema, nil
}

// special are the types that say in YAML something else than in Go.
func special(t reflect.Type) *jsonschema.Schema {
	switch t {
	case reflect.TypeFor[intstr.IntOrString]():
		return &jsonschema.Schema{
			Description: "A count of pods, or a percent.",
			AnyOf:       []*jsonschema.Schema{{Type: "integer", Minimum: "0"}, {Type: "string", Pattern: "^[0-9]{1,3}%$"}},
		}
	case reflect.TypeFor[metav1.Duration]():
		return &jsonschema.Schema{Type: "string", Pattern: `^([0-9]+(\.[0-9]+)?(ns|us|ms|s|m|h))+$`}
	case reflect.TypeFor[metav1.Time]():
		return &jsonschema.Schema{Type: "string", Format: "date-time"}
	case reflect.TypeFor[config.Word]():
		return action()
	case reflect.TypeFor[config.Checks]():
		return checks()
	case reflect.TypeFor[metav1.LabelSelector]():
		return &jsonschema.Schema{Type: "object", Description: "A label selector of Kubernetes: matchLabels and matchExpressions."}
	default:
		return nil
	}
}

// action is the word of an action. YAML reads a bare Off as false.
func action() *jsonschema.Schema {
	return &jsonschema.Schema{Enum: []any{string(policy.Enforce), string(policy.Warn), string(policy.Audit), string(policy.Off), false}}
}

// checks are the checks by their names, each an action or an object.
func checks() *jsonschema.Schema {
	one := func(description string, limit bool) *jsonschema.Schema {
		object := &jsonschema.Schema{Type: "object", Properties: jsonschema.NewProperties(), AdditionalProperties: jsonschema.FalseSchema}
		object.Properties.Set("action", action())
		object.Properties.Set("enforceFrom", &jsonschema.Schema{Type: "string", Format: "date-time", Description: "When Enforce begins; until then it is Warn."})
		if limit {
			object.Properties.Set("limit", special(reflect.TypeFor[intstr.IntOrString]()))
		}
		return &jsonschema.Schema{Description: description, AnyOf: []*jsonschema.Schema{action(), object}}
	}
	all := &jsonschema.Schema{
		Type: "object", Properties: jsonschema.NewProperties(), AdditionalProperties: jsonschema.FalseSchema,
		Description: "What follows from each check: Enforce, Warn, Audit or Off.",
	}
	all.Properties.Set("default", one("Every check that is not named beside it.", false))
	for _, check := range policy.AllChecks() {
		all.Properties.Set(check.Name, one(check.Summary+".", check.Name == "max-unavailable"))
	}
	return all
}
