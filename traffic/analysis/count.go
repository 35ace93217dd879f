// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package analysis

import (
	"fmt"
	"slices"
	"strings"
)

// before is how far before a window a series is looked for: as far as Prometheus
// itself looks back for a value.
const before = "5m"

// matcher is one label of a selector, and what it has to be.
type matcher struct{ label, is string }

// targetLabels are those that a scrape may give to its targets, as a
// ServiceMonitor and a PodMonitor do. The exporter's own are then kept with
// "exported_" before the name, unless the scrape honours them.
var targetLabels = []string{"namespace", "service"}

// selectors write matchers in each form in which a scrape may have kept the
// labels. No series fits two of them.
func selectors(metric string, matchers ...matcher) []string {
	forms := []string{""}
	for _, m := range matchers {
		written := []string{m.label + m.is}
		if slices.Contains(targetLabels, m.label) {
			exported := "exported_" + m.label
			written = []string{exported + m.is, m.label + m.is + "," + exported + `=""`}
		}
		var next []string
		for _, form := range forms {
			for _, one := range written {
				next = append(next, strings.TrimPrefix(form+","+one, ","))
			}
		}
		forms = next
	}
	for i := range forms {
		forms[i] = metric + "{" + forms[i] + "}"
	}
	return forms
}

// over applies a function to a range of whatever any of the selectors finds; offset
// is how far back that ends, and may be empty.
func over(function string, selectors []string, window, offset string) string {
	if offset != "" {
		offset = " offset " + offset
	}
	parts := make([]string, len(selectors))
	for i, one := range selectors {
		parts[i] = fmt.Sprintf("%s(%s[%s]%s)", function, one, window, offset)
	}
	if len(parts) == 1 {
		return parts[0]
	}
	return "(" + strings.Join(parts, " or ") + ")"
}

// counted is what counters have counted within a window: what they grew by there,
// and what those began with that were born there, which Prometheus' increase leaves
// out: an error that was counted once would be none.
//
// Born is what had no value before, or a greater one, and did not start anew within
// the window. Where an instance was scraped once there, its older counters say
// nothing yet, and then the young ones do not either: all tells which those are.
func counted(counters, all []string, window string) string {
	first := over("min_over_time", counters, window, "")
	older := fmt.Sprintf("%s <= %s", over("last_over_time", counters, before, window), first)
	restarted := over("resets", counters, window, "") + " > 0"
	once := fmt.Sprintf("%s == 1 and %s", over("count_over_time", all, window, ""), over("last_over_time", all, before, window))
	born := fmt.Sprintf("%s unless (%s) unless %s unless on (instance) (%s)", first, older, restarted, once)
	return fmt.Sprintf(`sum(%s or label_replace(%s, "born", "here", "", ""))`, over("increase", counters, window, ""), born)
}
