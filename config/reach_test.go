// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// reaching are names of fields that say whom to call, or with which Secret.
var reaching = regexp.MustCompile(`(?i)address|url|endpoint|secret|token|headers`)

// paths lists the fields of a file that fit, by their names in YAML.
func paths(t reflect.Type, at string, fits *regexp.Regexp) (out []string) {
	switch t.Kind() {
	case reflect.Pointer:
		return paths(t.Elem(), at, fits)
	case reflect.Slice, reflect.Map:
		return paths(t.Elem(), at+".*", fits)
	case reflect.Struct:
	default:
		return nil
	}
	for i := range t.NumField() {
		field := t.Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		path := strings.TrimPrefix(at+"."+name, ".")
		if field.Anonymous && name == "" {
			path = at
		}
		if fits.MatchString(name) {
			out = append(out, path)
			continue
		}
		if field.Type.PkgPath() == "" || strings.HasSuffix(field.Type.PkgPath(), "/evenkeel/config") {
			out = append(out, paths(field.Type, path, fits)...)
		}
	}
	return out
}

// What says whom to call, and with which Secret, stands in two parts of a file, and
// neither can be a namespace's, whatever the cluster's policy lets it override.
func TestANamespaceChoosesNoAddressAndNoSecret(t *testing.T) {
	const head = "apiVersion: policy.evenkeel.dev/v1alpha1\nkind: RolloutPolicy\n"
	assert.ElementsMatch(t, []string{
		"analyses.*.prometheus.address", "analyses.*.prometheus.tokenSecret", "analyses.*.webhook.url", "analyses.*.webhook.secret",
		"notifications.*.slack.urlFrom", "notifications.*.http.url", "notifications.*.http.urlFrom", "notifications.*.http.headersFrom",
	}, paths(reflect.TypeFor[RolloutPolicy](), "", reaching))
	for _, text := range []string{
		"analyses: {a: {webhook: {url: 'http://inside', secret: s}}}",
		"analyses: {a: {prometheus: {address: 'http://inside', query: '1', tokenSecret: s}}}",
		"notifications: [{name: a, http: {url: 'http://inside', headersFrom: {Authorization: {secret: s, key: k}}}}]",
		"notifications: [{name: a, slack: {urlFrom: {secret: s, key: k}}}]",
	} {
		part, _, _ := strings.Cut(text, ":")
		_, err := LoadLocal([]byte(head + text))
		require.ErrorContains(t, err, part+": Forbidden: only the cluster's policy says", text)
		_, err = Load([]byte(head + "defaults: {overridable: [" + part + "]}"))
		require.ErrorContains(t, err, `defaults.overridable[0]: Invalid value: "`+part+`"`)
		for _, field := range fields {
			assert.False(t, strings.HasPrefix(field.path, part), "what can be overridden says whom to call: %s", field.path)
		}
		store := NewStore()
		require.NoError(t, store.Offer([]byte(head+"rules: []\n")))
		require.Error(t, store.OfferLocal("shop", "team", []byte(head+text)), "and is not taken where it gets in all the same")
	}
}
