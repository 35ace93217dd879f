// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation/field"
	kjson "sigs.k8s.io/json"
	"sigs.k8s.io/yaml"

	"github.com/evenkeel-dev/evenkeel/policy"
)

// decode reads a file strictly. Every field that is unknown, and every value of
// the wrong kind, is named by its path, all of them at once.
func decode(data []byte) (*RolloutPolicy, []error) {
	text, err := yaml.YAMLToJSONStrict(data)
	if err != nil {
		return nil, []error{err}
	}
	var tree any
	if err := kjson.UnmarshalCaseSensitivePreserveInts(text, &tree); err != nil {
		return nil, []error{err}
	}
	file, d := &RolloutPolicy{}, &decoder{}
	d.value(reflect.ValueOf(file).Elem(), tree, nil)
	return file, d.errs
}

// decoder collects what is wrong on the way through a file.
type decoder struct{ errs []error }

// value puts what stands in the file into a field. A null leaves it as it is.
func (d *decoder) value(into reflect.Value, from any, at *field.Path) {
	if from == nil {
		return
	}
	switch to := into.Addr().Interface().(type) {
	case *Check:
		d.check(to, from, at)
		return
	case *Word:
		if from == false { // a bare Off in YAML
			from = string(policy.Off)
		}
	case json.Unmarshaler:
		text, err := json.Marshal(from)
		if err != nil || to.UnmarshalJSON(text) != nil {
			d.wrong(at, from, to)
		}
		return
	}
	switch into.Kind() {
	case reflect.Pointer:
		into.Set(reflect.New(into.Type().Elem()))
		d.value(into.Elem(), from, at)
	case reflect.Struct:
		d.object(into, from, at)
	case reflect.Map:
		d.entries(into, from, at)
	case reflect.Slice:
		d.list(into, from, at)
	default:
		d.plain(into, from, at)
	}
}

func (d *decoder) object(into reflect.Value, from any, at *field.Path) {
	object, ok := from.(map[string]any)
	if !ok {
		d.wrong(at, from, into.Addr().Interface())
		return
	}
	fields := map[string]int{}
	for i := range into.NumField() {
		name, _, _ := strings.Cut(into.Type().Field(i).Tag.Get("json"), ",")
		fields[name] = i
	}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		if i, known := fields[name]; known {
			d.value(into.Field(i), object[name], at.Child(name))
			continue
		}
		d.errs = append(d.errs, fmt.Errorf("unknown field %q: known here are %s", at.Child(name), strings.Join(slices.Sorted(maps.Keys(fields)), ", ")))
	}
}

func (d *decoder) entries(into reflect.Value, from any, at *field.Path) {
	object, ok := from.(map[string]any)
	if !ok {
		d.wrong(at, from, into.Addr().Interface())
		return
	}
	into.Set(reflect.MakeMap(into.Type()))
	for _, key := range slices.Sorted(maps.Keys(object)) {
		value := reflect.New(into.Type().Elem()).Elem()
		d.value(value, object[key], at.Key(key))
		into.SetMapIndex(reflect.ValueOf(key), value)
	}
}

func (d *decoder) list(into reflect.Value, from any, at *field.Path) {
	list, ok := from.([]any)
	if !ok {
		d.wrong(at, from, into.Addr().Interface())
		return
	}
	into.Set(reflect.MakeSlice(into.Type(), len(list), len(list)))
	for i, item := range list {
		d.value(into.Index(i), item, at.Index(i))
	}
}

func (d *decoder) plain(into reflect.Value, from any, at *field.Path) {
	switch value := from.(type) {
	case string:
		if into.Kind() == reflect.String {
			into.SetString(value)
			return
		}
	case bool:
		if into.Kind() == reflect.Bool {
			into.SetBool(value)
			return
		}
	case float64:
		if into.Kind() == reflect.Float64 {
			into.SetFloat(value)
			return
		}
	case int64:
		if into.Kind() == reflect.Float64 {
			into.SetFloat(float64(value))
			return
		}
		if (into.Kind() == reflect.Int32 || into.Kind() == reflect.Int64) && value >= math.MinInt32 && value <= math.MaxInt32 {
			into.SetInt(value)
			return
		}
	}
	d.wrong(at, from, into.Addr().Interface())
}

// check reads an action's word alone, or an object.
func (d *decoder) check(into *Check, from any, at *field.Path) {
	if _, object := from.(map[string]any); object {
		d.object(reflect.ValueOf(into).Elem(), from, at)
		return
	}
	d.value(reflect.ValueOf(&into.Action).Elem(), from, at)
}

func (d *decoder) wrong(at *field.Path, value, into any) {
	if at == nil {
		d.errs = append(d.errs, fmt.Errorf("the file is not an object with apiVersion, kind and rules"))
		return
	}
	d.errs = append(d.errs, field.TypeInvalid(at, value, "must be "+allowed(into)))
}

// allowed says what a field takes.
func allowed(into any) string {
	switch into.(type) {
	case *intstr.IntOrString:
		return shareHelp
	case *metav1.Duration:
		return `a duration such as "30s"`
	case *metav1.Time:
		return `a time such as "2026-12-31T18:00:00Z"`
	case *Word:
		return "Enforce, Warn, Audit or Off"
	}
	switch reflect.TypeOf(into).Elem().Kind() {
	case reflect.Struct, reflect.Map:
		return "an object"
	case reflect.Slice:
		return "a list"
	case reflect.Bool:
		return "true or false"
	case reflect.Int32, reflect.Int64:
		return "a whole number of at most 2147483647"
	case reflect.Float64:
		return "a number"
	default:
		return "a text; put it in quotes"
	}
}
