// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import "strings"

// WaitKind says in one word what a rollout waits for. There are few of them, so
// that metrics can have them as a label, and alerts can ask for them.
type WaitKind string

// The kinds of waits.
const (
	WaitNone     WaitKind = ""         // it does not wait
	WaitPerson   WaitKind = "person"   // somebody is to say how it goes on
	WaitHeld     WaitKind = "held"     // somebody paused it
	WaitOverdue  WaitKind = "overdue"  // longer than its deadline, with no way back
	WaitRefused  WaitKind = "refused"  // the cluster refuses its pods, as a quota does
	WaitMissing  WaitKind = "missing"  // a Service or a route is gone, or leads elsewhere
	WaitPods     WaitKind = "pods"     // pods come, get ready or go
	WaitServices WaitKind = "services" // Services select what the stage wants
	WaitRoutes   WaitKind = "routes"   // routes are accepted
	WaitWebhook  WaitKind = "webhook"  // the API server asks no admission webhook of ours
	WaitTime     WaitKind = "time"     // a step's time, or a delay
	WaitAnalysis WaitKind = "analysis" // evidence that the canary is well
	WaitClosed   WaitKind = "closed"   // a release window, a freeze's end, a place in the budget
	WaitOther    WaitKind = "other"    // a sentence that this version does not know
)

// WaitKinds lists the kinds that a wait can be of.
func WaitKinds() []WaitKind {
	return []WaitKind{
		WaitPerson, WaitHeld, WaitOverdue, WaitRefused, WaitMissing, WaitPods, WaitServices, WaitRoutes, WaitWebhook, WaitTime,
		WaitAnalysis, WaitClosed, WaitOther,
	}
}

// waitKinds tells kinds by how their sentences begin and end; the first that fits
// counts. They are those of rollouts in batches, too.
var waitKinds = []struct {
	head, tail string
	kind       WaitKind
}{
	{"a person holds the rollout", "", WaitHeld},
	{"a person lets it go on", "", WaitHeld},
	{"a person looks: ", "", WaitOverdue},
	{"a person ", "", WaitPerson},
	{"a version of Evenkeel ", "", WaitPerson},
	{"updateStrategy.", "", WaitPerson},
	{"pods can be made: ", "", WaitRefused},
	{"the admission webhook renders ", "", WaitWebhook},
	{"the Services and routes ", "", WaitRoutes},
	{"the routes ", "", WaitRoutes},
	{"the Services ", "", WaitServices},
	{`Service "`, " exists", WaitMissing},
	{`Service "`, "", WaitServices},
	{"", " exists", WaitMissing},
	{"", " again", WaitMissing},
	{"", " is not Evenkeel's", WaitRoutes},
	{"the step's time is over", "", WaitTime},
	{"the scale-down delay is over", "", WaitTime},
	{`analysis "`, "", WaitAnalysis},
	{"the release window ", "", WaitClosed},
	{"a release window ", "", WaitClosed},
	{"a freeze ", "", WaitClosed},
	{"a place for releases ", "", WaitClosed},
	{"", " finds none", WaitServices},
	{"the stock controller ", "", WaitPods},
	{"the rolling update ", "", WaitPods},
	{"the first batch ", "", WaitPods},
	{"there are replicas again", "", WaitPods},
	{"", " ready", WaitPods},
	{"", " gone", WaitPods},
}

// KindOfWait is the kind of the sentence in a state's Wait.
func KindOfWait(wait string) WaitKind {
	if wait == "" {
		return WaitNone
	}
	for _, one := range waitKinds {
		if strings.HasPrefix(wait, one.head) && strings.HasSuffix(wait, one.tail) {
			return one.kind
		}
	}
	return WaitOther
}

// helpless are the waits, by how their sentences begin and end, that do not go by
// themselves: somebody has to do something about them.
var helpless = []struct{ head, tail string }{
	{"a person decides (", ""},                                   // no longer waiting, or an analysis failed
	{"a person looks: ", ""},                                     // overdue, with no way back
	{"a version of Evenkeel ", ""},                               // that knows the stage
	{"pods can be made: ", ""},                                   // the cluster refuses them
	{"the routes can be read ", ""},                              // and divided
	{`Service "`, " pods of another workload"},                   // it would be narrowed for those, too
	{`Service "`, " has no ready endpoint of them"},              // of stable's
	{"", " exists"},                                              // a Service or route is gone
	{"", " again"},                                               // a route leads elsewhere
	{"", " is not Evenkeel's"},                                   // what has the name of the canary's
	{"", " finds none"},                                          // a port that the pods lack
	{`analysis "`, " can tell again whether the canary is well"}, // it cannot be measured
}

// needsHelp tells a wait that a person has to end from one that goes by itself.
func needsHelp(wait string) bool {
	for _, one := range helpless {
		if strings.HasPrefix(wait, one.head) && strings.HasSuffix(wait, one.tail) {
			return true
		}
	}
	return false
}
