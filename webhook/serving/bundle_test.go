// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package serving

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestBundle(t *testing.T) {
	first, second := newCA(t, caName, born), newCA(t, caName, born.Add(240*24*time.Hour))
	stranger := newCA(t, "somebody else's", born)
	expired := newCA(t, caName, born.Add(-caDuration))
	hasty := []testCA{newCA(t, caName, born.Add(1)), newCA(t, caName, born.Add(2)), newCA(t, caName, born.Add(3)), newCA(t, caName, born.Add(4))}
	join := func(cas ...testCA) []byte {
		var out []byte
		for _, one := range cas {
			out = append(out, one.pem...)
		}
		return out
	}
	rotated := second.cert.NotBefore
	for _, row := range []struct {
		name string
		ca   testCA
		live []byte
		now  time.Time
		want []byte
	}{
		{"empty is filled", first, nil, born, first.pem},
		{"filled stays", first, first.pem, born.Add(24 * time.Hour), first.pem},
		{"nonsense is replaced", first, []byte("nonsense"), born, first.pem},
		{"a stranger's CA goes", first, stranger.pem, born, first.pem},
		{"the CA before stays beside the new one", second, first.pem, rotated.Add(time.Second), join(second, first)},
		{"both stay as they are", second, join(second, first), rotated.Add(time.Minute), join(second, first)},
		{"order is ours", second, join(first, second), rotated.Add(time.Minute), join(second, first)},
		{"the CA before goes after the overlap", second, join(second, first), rotated.Add(overlap), second.pem},
		{"an expired CA goes at once", first, expired.pem, born.Add(time.Second), first.pem},
		{"CAs replaced in a hurry are bounded", first, join(hasty...), born.Add(time.Minute), join(first, hasty[0], hasty[1], hasty[2])},
	} {
		t.Run(row.name, func(t *testing.T) {
			authority, err := parseCA(row.ca.pem)
			require.NoError(t, err)
			live := slices.Clone(row.live)
			assert.Equal(t, string(row.want), string(authority.bundle(row.live, row.now)))
			assert.Equal(t, live, row.live, "the live caBundle is not written to")
		})
	}
}

func TestParseCA(t *testing.T) {
	good := newCA(t, caName, born)
	leaf, _ := good.leafPEM(t, born, time.Hour)
	for _, row := range []struct {
		name string
		data []byte
		ok   bool
	}{
		{"a CA", good.pem, true},
		{"nothing", nil, false},
		{"no PEM", []byte("ca"), false},
		{"a leaf", leaf, false},
		{"two", append(slices.Clone(good.pem), good.pem...), false},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := parseCA(row.data)
			assert.Equal(t, row.ok, err == nil, "%v", err)
		})
	}
}
