// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package route

import (
	"fmt"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParse(t *testing.T) {
	empty, err := Parse("")
	require.NoError(t, err)
	assert.Empty(t, empty.String())
	for _, text := range []string{"{", `{"shares":[{"service":"a","canary":"a","weight":1}]}`, `{"shares":[{"service":"a","canary":"b","weight":101}]}`, `{"shares":[{"service":"a","canary":"b","weight":1,"mirror":101}]}`, string(make([]byte, maxAnnotation+1))} {
		got, err := Parse(text)
		require.Error(t, err)
		assert.Empty(t, got.Shares)
	}
}

func TestNarrow(t *testing.T) {
	own := map[string]string{"app": "demo"}
	for _, row := range []struct {
		narrow     Narrow
		label      string
		text, owns string
	}{
		{Narrow{Deployment: "demo", Hash: "abc"}, "pod-template-hash", `{"deployment":"demo","hash":"abc"}`, `Deployment "demo"`},
		{Narrow{Workload: "StatefulSet/demo", Hash: "abc"}, "controller-revision-hash", `{"workload":"StatefulSet/demo","hash":"abc"}`, `StatefulSet "demo"`},
	} {
		assert.Equal(t, map[string]string{"app": "demo", row.label: "abc"}, row.narrow.Selector(own))
		assert.Equal(t, own, Narrow{}.Selector(row.narrow.Selector(own)))
		assert.JSONEq(t, row.text, row.narrow.String())
		again, err := ParseNarrow(row.narrow.String())
		require.NoError(t, err)
		assert.Equal(t, row.narrow, again)
		assert.Equal(t, row.owns, row.narrow.Owner())
	}
	assert.Empty(t, Narrow{}.String())
	assert.Empty(t, Narrow{}.Owner())
	assert.Equal(t, "demo", Narrow{Workload: "demo"}.Owner(), "nobody writes it, but somebody may")
}

func FuzzParse(f *testing.F) {
	f.Add(`{"namespace":"shop","shares":[{"deployment":"demo","service":"demo","canary":"demo-canary","weight":20,"match":"host:a.b","mirror":10}],"unset":["0/0"]}`)
	f.Add("{}")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := Parse(text)
		if err != nil {
			return
		}
		again, err := Parse(got.String())
		require.NoError(t, err)
		require.Equal(t, got.String(), again.String())
	})
}

func TestParseMatch(t *testing.T) {
	for text, want := range map[string]Match{
		"":                                       nil,
		"header:x-group=beta":                    {{{ByHeader, "x-group", "beta", false}}},
		"header~:x-region=cn-.*":                 {{{ByHeader, "x-region", "cn-.*", true}}},
		"header:x-group=beta;cookie:gray=always": {{{ByHeader, "x-group", "beta", false}}, {{ByCookie, "gray", "always", false}}},
		"header:a=1&query:b=2":                   {{{ByHeader, "a", "1", false}, {ByQuery, "b", "2", false}}},
		"host:preview.shop.io":                   {{{ByHost, "", "preview.shop.io", false}}},
		`header:a=x\;y\&z=1`:                     {{{ByHeader, "a", "x;y&z=1", false}}},
		`header~:a=1\.2`:                         {{{ByHeader, "a", `1\.2`, true}}},
	} {
		got, err := ParseMatch(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, got, text)
		again, err := ParseMatch(got.String())
		require.NoError(t, err, text)
		assert.Equal(t, want, again, text)
	}
	for text, says := range map[string]string{
		"beta":             `match: "beta": a condition is header:, cookie:, query: or host: and what it has; write for example "header:x-group=beta;cookie:gray=always"`,
		"method:get=1":     `match: "method:get=1": "method" is not known: use header, cookie, query or host; write for example "header:x-group=beta;cookie:gray=always"`,
		"header:x-group":   `match: "header:x-group": a header has a name, "=" and a value; write for example "header:x-group=beta;cookie:gray=always"`,
		"header:x group=1": `match: "header:x group=1": "x group" is not the name of a header; write for example "header:x-group=beta;cookie:gray=always"`,
		"cookie:a=1,2":     `match: "cookie:a=1,2": "1,2" cannot stand in a cookie; write for example "header:x-group=beta;cookie:gray=always"`,
		"header~:a=(":      "match: \"header~:a=(\": \"(\" is not a regular expression: error parsing regexp: missing closing ): `(`; write for example \"header:x-group=beta;cookie:gray=always\"",
		"host:Shop":        `match: "host:Shop": a host is a DNS name in small letters; write for example "header:x-group=beta;cookie:gray=always"`,
		"header:a=1;":      `match: "": a condition is header:, cookie:, query: or host: and what it has; write for example "header:x-group=beta;cookie:gray=always"`,
		"header:a=1;header:a=2;header:a=3;header:a=4;header:a=5;header:a=6;header:a=7;header:a=8;header:a=9": "match: 9 alternatives are more than 8",
	} {
		_, err := ParseMatch(text)
		assert.EqualError(t, err, says)
	}
}

func TestParseMirror(t *testing.T) {
	for text, want := range map[string]int{"": 0, " ": 0, "1%": 1, "10%": 10, " 100% ": 100} {
		got, err := ParseMirror(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, got, text)
	}
	for _, text := range []string{"10", "0%", "101%", "-1%", "+1%", "010%", "1.5%", "ten", "%"} {
		got, err := ParseMirror(text)
		require.EqualError(t, err, fmt.Sprintf(`%q is not a whole percent from 1%% to 100%%; write for example "10%%"`, text))
		assert.Zero(t, got, "the safest value")
	}
}

// A cookie is found wherever it stands among others, and only as a whole.
func TestCookieHeader(t *testing.T) {
	exact := regexp.MustCompile(Condition{By: ByCookie, Name: "gray", Value: "al.ways"}.CookieHeader())
	pattern := regexp.MustCompile(Condition{By: ByCookie, Name: "gray", Value: "^v[0-9]+$", Pattern: true}.CookieHeader())
	for _, header := range []string{"gray=al.ways", "a=1; gray=al.ways", "gray=al.ways; b=2", "a=1;gray=al.ways;b=2"} {
		assert.True(t, exact.MatchString(header), header)
	}
	for _, header := range []string{"gray=alXways", "xgray=al.ways", "a=gray=al.ways", "gray=al.ways2", ""} {
		assert.False(t, exact.MatchString(header), header)
	}
	assert.True(t, pattern.MatchString("a=1; gray=v12; b=2"))
	assert.False(t, pattern.MatchString("gray=v12x"))
}

func FuzzParseMatch(f *testing.F) {
	for _, seed := range []string{MatchExample, "host:a.b", `header:a=\;\&\\`, "header~:a=.*&query:b=1", "cookie~:a=b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		match, err := ParseMatch(text)
		if err != nil || len(match.String()) > maxMatch {
			return
		}
		again, err := ParseMatch(match.String())
		require.NoError(t, err, match.String())
		require.Equal(t, match, again)
	})
}

func TestRef(t *testing.T) {
	for text, want := range map[string]Ref{
		"httproute/demo": {HTTPRoute, "demo"}, "Ingress/web": {Ingress, "web"}, "grpcroute/a": {GRPCRoute, "a"}, "demo": {HTTPRoute, "demo"},
	} {
		got, err := ParseRef(text)
		require.NoError(t, err)
		assert.Equal(t, want, got)
		again, err := ParseRef(got.String())
		require.NoError(t, err)
		assert.Equal(t, want, again)
	}
	for _, text := range []string{"", "tcproute/a", "ingress/", "ingress/a/b"} {
		_, err := ParseRef(text)
		assert.Error(t, err)
	}
}
