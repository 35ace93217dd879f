// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package route

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Every example of a word is one that is followed, and no word is without effect.
func TestHandWords(t *testing.T) {
	all := map[string]any{}
	for _, word := range HandWords() {
		example, _, _ := strings.Cut(word.Values, ", ")
		all[word.Key] = strings.Trim(example, "`")
	}
	whole, err := Split{}.ByHand(all)
	require.NoError(t, err)
	assert.Equal(t, []Share{{Service: "demo", Canary: "demo-next", Weight: 30, Match: "header:x-group=beta;cookie:gray=always"}}, whole.Shares)
	for _, word := range HandWords() {
		for example := range strings.SplitSeq(word.Values, ", ") {
			all[word.Key] = strings.Trim(example, "`")
			same, err := Split{}.ByHand(all)
			require.NoError(t, err, example)
			assert.Equal(t, whole, same, example)
		}
		kept := all[word.Key]
		delete(all, word.Key)
		without, err := Split{}.ByHand(all)
		assert.True(t, err != nil || !assert.ObjectsAreEqual(whole, without), word.Key)
		all[word.Key] = kept
	}
}
