// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package route

import (
	"fmt"
	"regexp"
	"strings"
)

// MatchAnnotation names the requests that always go to the canary, see ParseMatch.
const MatchAnnotation = "evenkeel.dev/match"

// MatchExample is a match that works, shown wherever one did not.
const MatchExample = "header:x-group=beta;cookie:gray=always"

// maxMatch bounds a match, in bytes, and maxAlternatives what stands in it.
const (
	maxMatch        = 2048
	maxAlternatives = 8
)

// By is the part of a request that a condition looks at.
type By string

// The parts of a request that a condition can look at.
const (
	ByHeader By = "header"
	ByCookie By = "cookie"
	ByQuery  By = "query"
	ByHost   By = "host"
)

// Condition is one thing that a request has.
type Condition struct {
	By By
	// Name is that of the header, cookie or query parameter; empty for a host.
	Name string
	// Value is what it has there: to the letter, or the regular expression that
	// fits the whole of it where Pattern is set.
	Value   string
	Pattern bool
}

// Match are alternatives: a request belongs to the group when all conditions of
// one of them hold.
type Match [][]Condition

// ParseMatch reads a match such as "header:x-group=beta;cookie:gray=always".
//
// A semicolon stands between alternatives, "&" between conditions that must all
// hold; a backslash takes their meaning from them. A condition is "header:",
// "cookie:" or "query:" with name=value, or "host:" with a name; with "~" before
// the colon the value is a regular expression of the whole value. An empty text
// is the empty Match, which no request fits.
func ParseMatch(text string) (Match, error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	if len(text) > maxMatch {
		return nil, fmt.Errorf("match: %d bytes are more than %d", len(text), maxMatch)
	}
	var match Match
	for _, alternative := range splitEscaped(text, ';') {
		var all []Condition
		for _, part := range splitEscaped(alternative, '&') {
			condition, err := parseCondition(strings.TrimSpace(unescape(part)))
			if err != nil {
				return nil, fmt.Errorf("match: %q: %w; write for example %q", strings.TrimSpace(part), err, MatchExample)
			}
			all = append(all, condition)
		}
		match = append(match, all)
	}
	if len(match) > maxAlternatives {
		return nil, fmt.Errorf("match: %d alternatives are more than %d", len(match), maxAlternatives)
	}
	return match, nil
}

var (
	// tokens are the names of headers and cookies (RFC 9110 5.6.2, RFC 6265 4.1.1).
	tokens = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,256}$")
	hosts  = regexp.MustCompile(`^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`)
	// cookieValues may stand in a cookie (RFC 6265 4.1.1).
	cookieValues = regexp.MustCompile(`^[!#-+\--:<-\[\]-~]+$`)
)

// IsHost tells a DNS name in small letters, or "*." and one.
func IsHost(text string) bool { return len(text) <= 253 && hosts.MatchString(text) }

func parseCondition(text string) (Condition, error) {
	kind, rest, found := strings.Cut(text, ":")
	kind, pattern := strings.CutSuffix(kind, "~")
	c := Condition{By: By(kind), Pattern: pattern}
	switch {
	case !found:
		return c, fmt.Errorf("a condition is header:, cookie:, query: or host: and what it has")
	case c.By == ByHost:
		if c.Value = rest; pattern || !IsHost(rest) {
			return c, fmt.Errorf("a host is a DNS name in small letters")
		}
		return c, nil
	case c.By != ByHeader && c.By != ByCookie && c.By != ByQuery:
		return c, fmt.Errorf("%q is not known: use header, cookie, query or host", kind)
	}
	if c.Name, c.Value, found = strings.Cut(rest, "="); !found || c.Value == "" {
		return c, fmt.Errorf("a %s has a name, \"=\" and a value", c.By)
	}
	return c, c.valid()
}

// valid tells what no request could have there.
func (c Condition) valid() error {
	switch {
	case !tokens.MatchString(c.Name):
		return fmt.Errorf("%q is not the name of a %s", c.Name, c.By)
	case strings.ContainsAny(c.Value, "\r\n\x00"):
		return fmt.Errorf("a value is one line")
	case c.Pattern:
		if _, err := regexp.Compile(c.Value); err != nil {
			return fmt.Errorf("%q is not a regular expression: %w", c.Value, err)
		}
	case c.By == ByCookie && !cookieValues.MatchString(c.Value):
		return fmt.Errorf("%q cannot stand in a cookie", c.Value)
	}
	return nil
}

// String writes the match as ParseMatch reads it.
func (m Match) String() string {
	alternatives := make([]string, len(m))
	for i, all := range m {
		parts := make([]string, len(all))
		for j, condition := range all {
			parts[j] = escaper.Replace(condition.String())
		}
		alternatives[i] = strings.Join(parts, "&")
	}
	return strings.Join(alternatives, ";")
}

// String writes the condition in the grammar of ParseMatch, unescaped.
func (c Condition) String() string {
	kind := string(c.By)
	if c.Pattern {
		kind += "~"
	}
	if c.By == ByHost {
		return kind + ":" + c.Value
	}
	return kind + ":" + c.Name + "=" + c.Value
}

// Hosts lists the hosts that are the canary's own, and gives the rest.
func (m Match) Hosts() (hosts []string, rest Match) {
	for _, all := range m {
		if len(all) == 1 && all[0].By == ByHost {
			hosts = append(hosts, all[0].Value)
			continue
		}
		rest = append(rest, all)
	}
	return hosts, rest
}

// Anchored is the regular expression that fits a whole value, as data planes
// that search for it anywhere need it.
func Anchored(pattern string) string {
	return "^(?:" + pattern + ")$"
}

// CookieHeader is the regular expression of a Cookie header in which a cookie
// has the condition's value.
func (c Condition) CookieHeader() string {
	value := regexp.QuoteMeta(c.Value)
	if c.Pattern {
		value = "(?:" + strings.TrimSuffix(strings.TrimPrefix(c.Value, "^"), "$") + ")" // anchors of its own mean the value's ends
	}
	return `^(?:.*;\s*)?` + regexp.QuoteMeta(c.Name) + "=" + value + `(?:\s*;.*)?$`
}

var escaper = strings.NewReplacer(`\`, `\\`, ";", `\;`, "&", `\&`)

// splitEscaped cuts a text at a sign that no backslash stands before.
func splitEscaped(text string, sign byte) []string {
	var parts []string
	start := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case sign:
			parts = append(parts, text[start:i])
			start = i + 1
		}
	}
	return append(parts, text[start:])
}

// unescape takes away one backslash before the signs of the grammar; all others
// belong to regular expressions.
func unescape(text string) string {
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' && i+1 < len(text) && strings.IndexByte(`\;&`, text[i+1]) >= 0 {
			i++
		}
		out.WriteByte(text[i])
	}
	return out.String()
}
