// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package measure

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
)

// metric is one that the manager exposes.
type metric struct {
	kind   string
	labels []string
}

// listening is a registry that keeps what is registered with it.
type listening struct{ found map[string]metric }

func (l listening) Register(c prometheus.Collector) error {
	described := make(chan *prometheus.Desc, 100)
	c.Describe(described)
	close(described)
	for desc := range described {
		name, labels := read(desc)
		l.found[name] = metric{kind: kindOf(c, name), labels: labels}
	}
	return nil
}

func (l listening) MustRegister(all ...prometheus.Collector) {
	for _, c := range all {
		_ = l.Register(c)
	}
}

func (listening) Unregister(prometheus.Collector) bool { return false }

var described = regexp.MustCompile(`fqName: "([a-z_]+)".*constLabels: \{([^}]*)\}, variableLabels: \{([^}]*)\}`)

// read takes a description apart, which only its text allows.
func read(desc *prometheus.Desc) (name string, labels []string) {
	found := described.FindStringSubmatch(desc.String())
	for _, label := range strings.FieldsFunc(found[2]+","+found[3], func(r rune) bool { return r == ',' }) {
		label, _, _ = strings.Cut(label, "=")
		labels = append(labels, label)
	}
	slices.Sort(labels)
	return found[1], labels
}

func kindOf(c prometheus.Collector, name string) string {
	switch c.(type) {
	case *prometheus.HistogramVec, prometheus.Histogram:
		return "histogram"
	case *prometheus.SummaryVec:
		return "summary"
	}
	if strings.HasSuffix(name, "_total") {
		return "counter"
	}
	return "gauge"
}

// exposed is every metric of a manager.
func exposed(t *testing.T) map[string]metric {
	t.Helper()
	registry := listening{found: map[string]metric{}}
	_, err := Register(registry, Of{Version: "test"})
	require.NoError(t, err)
	require.Greater(t, len(registry.found), 15)
	return registry.found
}
