// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package policy

// Annotation is one that a person may write on a Deployment, or, where it says
// so, on another workload.
type Annotation struct {
	Key string
	// Values are examples, in Markdown.
	Values string
	// Meaning is one line for people.
	Meaning string
}

// Annotations lists what a person may write on a Deployment.
func Annotations() []Annotation {
	return []Annotation{
		{StrategyAnnotation, "`rolling`, `canary`, `blue-green`, `batch`", "how the next changed template is released"},
		{StepsAnnotation, "`20%:10m,50%:pause,100%`", "weight, then how long: a duration, `pause` (until told), or nothing; `0%/50%` is a weight and the size of the canary"},
		{MatchAnnotation, "`header:x-group=beta;cookie:gray=always`", "requests that always go to the canary: `header:`, `cookie:`, `query:` or `host:`, with `~` before the colon a regular expression; `;` is or, `&` is and"},
		{MirrorAnnotation, "`10%`", "a share of the requests, copies of which go to the canary besides; what it answers to them is thrown away. For HTTPRoutes whose GatewayClass supports it"},
		{CapacityAnnotation, "`surge`, `replace`", "where the canary's pods come from: more pods, or those that stable gives as it loses traffic"},
		{RouteAnnotation, "`httproute/demo,ingress/demo`", "which routes to divide; left out, all that lead to a Service of these pods"},
		{AnalysisAnnotation, "`success-rate,latency`, `none`", "analyses of the policy that guard each step with traffic"},
		{ProbeAnnotation, "`http:8080/readyz`, `tcp:8080`, `grpc:9090`, `none`", "what injected probes ask; `name=` in front for each container"},
		{InjectAnnotation, "`strategy,probes,shutdown,version,cause`, `none`", "what may be filled in"},
		{OverrideAnnotation, "`checks=pdb; until=2026-12-31T18:00:00Z; reason=INC-1234`", "an emergency: the checks (left out: all) only warn until then; also `window`, `freeze`, `budget` and `min-step`"},
		{TurnAnnotation, "`50%`", "of a StatefulSet or DaemonSet in batches: from which step on its Services lead to the new pods alone; left out, from 50%; `1%` is the first with a weight"},
		{"evenkeel.dev/action", "`continue`, `skip`, `rollback`, `retry`", "a word to the rollout in flight: taken once, refused where it makes no sense"},
	}
}
