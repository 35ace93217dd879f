// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package page

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"github.com/evenkeel-dev/evenkeel/traffic/ledger"
	"github.com/evenkeel-dev/evenkeel/traffic/rollout"
)

// nodes gives the elements of a page that fit.
func nodes(t *testing.T, text []byte, fits func(*html.Node) bool) (out []*html.Node) {
	t.Helper()
	root, err := html.Parse(bytes.NewReader(text))
	require.NoError(t, err)
	for node := range root.Descendants() {
		if node.Type == html.ElementNode && fits(node) {
			out = append(out, node)
		}
	}
	return out
}

func attribute(node *html.Node, name string) string {
	for _, one := range node.Attr {
		if one.Key == name {
			return one.Val
		}
	}
	return ""
}

// texts gives the words of all elements with a class, or of a tag.
func texts(t *testing.T, text []byte, name string) (out []string) {
	t.Helper()
	class, isClass := strings.CutPrefix(name, ".")
	for _, node := range nodes(t, text, func(n *html.Node) bool {
		return (isClass && strings.Contains(" "+attribute(n, "class")+" ", " "+class+" ")) || n.Data == name
	}) {
		var words []string
		for part := range node.Descendants() {
			if part.Type == html.TextNode {
				words = append(words, strings.Fields(part.Data)...)
			}
		}
		out = append(out, strings.Join(words, " "))
	}
	return out
}

func overview(t *testing.T, all ...Seen) []byte {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, WriteOverview(&out, Over(all, now)))
	return out.Bytes()
}

func detail(t *testing.T, s Seen, past Past) []byte {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, WriteDetail(&out, Of(s, past, now)))
	return out.Bytes()
}

func TestTheFirstPage(t *testing.T) {
	text := overview(t, flying(waits(says)), flying(func(s *Seen) { s.Name, s.Ready = "other", 3 }), flying(ended(rollout.RolledBack, at(900)), func(s *Seen) { s.State.Reason = "it was slow" }))
	assert.Equal(t, []string{"1 waits for a person", "1 went wrong last 24 h", "1 is on its way"}, texts(t, text, "p")[1:4])
	assert.Equal(t, []string{"Waits for you", "On its way", "Rolled back"}, texts(t, text, ".mark"))
	assert.Equal(t, []string{"demo", "other"}, texts(t, text, "h3"))
	assert.Equal(t, []string{"Waits until " + says, "Waits until the step's time is over: in 5m 00s"}, texts(t, text, ".wait"))
	assert.Equal(t, "kubectl annotate -n shop deployment demo evenkeel.dev/action=continue", texts(t, text, "code")[0])
	assert.Equal(t, []string{"3 of 4 ready"}, texts(t, text, ".short"))
	assert.Equal(t, []string{"it was slow"}, texts(t, text, ".reason"))
	now := nodes(t, text, func(n *html.Node) bool { return attribute(n, "aria-current") == "step" })
	assert.Len(t, now, 2)
	bars := nodes(t, text, func(n *html.Node) bool { return n.Data == "rect" && attribute(n, "class") == "new" })
	require.Len(t, bars, 2)
	assert.Equal(t, "50", attribute(bars[0], "width"))
}

func TestTheFirstPageOfAQuietCluster(t *testing.T) {
	text := overview(t)
	assert.Contains(t, texts(t, text, ".empty")[0], "Nothing is in flight. A release starts when a changed template is applied")
	assert.Contains(t, texts(t, text, "code")[0], "evenkeel.dev/strategy=canary")
	_, err := rollout.ParseSteps(strings.Split(texts(t, text, "code")[0], "evenkeel.dev/steps=")[1])
	require.NoError(t, err, "the steps that it shows work")
}

// past is the record of a release that went back in its second step.
func past() ledger.Record {
	last := flying(back).State
	w := ledger.Workload{Kind: "Deployment", Namespace: "shop", Name: "demo", UID: "u"}
	last.Log.Told = []rollout.Word{{Who: "joe", What: "rollback", When: at(900)}}
	return ledger.Of(w, last, rollout.State{Phase: rollout.RolledBack, Since: at(1000), Reason: "because", Stable: last.Stable, Canary: last.Canary}).
		Measured(ledger.Measurement{Analysis: "errors", At: at(60), Verdict: "Passed", Text: "0.1"}, ledger.Measurement{Analysis: "errors", At: at(800), Verdict: "Failed", Text: "7"})
}

func TestThePageOfARelease(t *testing.T) {
	replaced := past()
	replaced.Result, replaced.To = ledger.Replaced, rollout.Version{}
	text := detail(t, flying(held), Past{Records: []ledger.Record{replaced, past()}, Unread: "a part cannot be read"})
	assert.Equal(t, []string{"demo: Step 2 of 3"}, texts(t, text, "title"))
	assert.Equal(t, []string{"Waits for you", "Rolled back", "Replaced"}, texts(t, text, ".mark"), "the latest first")
	assert.Contains(t, texts(t, text, ".reason"), "a part cannot be read")
	assert.Contains(t, texts(t, text, ".reason"), "Why: because")
	assert.NotContains(t, string(text), "New pods:")
	assert.Equal(t, "joe said rollback 1m 40s ago", texts(t, text, "li")[5])
	assert.Equal(t, []string{"20% errors Passed 0.1 14:01:00 UTC", "50% errors Failed 7 14:13:20 UTC"}, texts(t, text, "tr")[:2])
	assert.Equal(t, []string{"50% errors Failed 7 14:13:20 UTC"}, texts(t, text, ".bad")[:1])
	lines := nodes(t, text, func(n *html.Node) bool { return n.Data == "path" && attribute(n, "class") == "line" })
	require.Len(t, lines, 3)
	assert.Equal(t, "M0 100 H50 V80 H690 V50 H900 V100 H1000", attribute(lines[1], "d"))
	assert.Len(t, nodes(t, text, func(n *html.Node) bool { return strings.HasPrefix(attribute(n, "class"), "pod ") }), 7)
}

func TestThePageOfAReleaseWhosePodsAreUnwell(t *testing.T) {
	seen := flying(held)
	seen.Unwell = `container "app" of pod "demo-2-x" runs, and is not ready`
	assert.Equal(t, []string{`New pods: container "app" of pod "demo-2-x" runs, and is not ready`}, texts(t, detail(t, seen, Past{}), ".reason"))
}

func TestThePageOfAReleaseWithoutAPast(t *testing.T) {
	text := detail(t, flying(frozen), Past{})
	assert.Contains(t, texts(t, text, ".none")[0], "The ledger has no record of this workload yet")
	assert.Equal(t, []string{"Why: cannot read it"}, texts(t, text, ".reason"))
	assert.Empty(t, texts(t, text, ".versions"), "nothing is known of them")
}

// nobody's hostile words become a part of the page: no element but those of an
// honest release, no attribute that runs, no address that leads elsewhere.
func safe(t *testing.T, text []byte) {
	t.Helper()
	for _, node := range nodes(t, text, func(*html.Node) bool { return true }) {
		switch node.Data {
		case "iframe", "object", "embed", "form", "base", "style":
			assert.Fail(t, "an element that no page has", node.Data)
		case "script":
			assert.Equal(t, "/page.js", attribute(node, "src"))
			assert.Nil(t, node.FirstChild)
		}
		for _, one := range node.Attr {
			assert.False(t, strings.HasPrefix(one.Key, "on") || one.Key == "style", "%s of %s", one.Key, node.Data)
			if one.Key == "href" || one.Key == "src" {
				assert.True(t, strings.HasPrefix(one.Val, "/") && !strings.HasPrefix(one.Val, "//"), one.Val)
			}
		}
	}
}

// hostile puts a text wherever an object can have one.
func hostile(text string) (Seen, Past) {
	s := flying(func(s *Seen) {
		s.Namespace, s.Name, s.Stable.Images, s.State.Wait, s.State.Reason, s.State.Log.By = text, text, []string{text}, text, text, text
		s.State.Canary.ReplicaSet, s.State.Canary.Revision, s.State.Strategy, s.State.Stage = text, text, text, rollout.Stage(text)
		s.State.Stable.Hash, s.State.Canary.Hash, s.State.Exposed, s.State.Match, s.Unwell = "1", "2", true, text, text
		s.State.Log.Told = []rollout.Word{{Who: text, What: text, When: at(1)}}
	})
	r := past()
	r.Reason, r.AppliedBy, r.From.ReplicaSet, r.To.ReplicaSet, r.Result, r.Plan, r.Strategy = text, text, text, text, text, text, text
	r.Steps[0].Step, r.Steps[0].Measurements[0].Text, r.Steps[0].Measurements[0].Analysis, r.Steps[0].Measurements[0].Verdict = text, text, text, text
	return s, Past{Records: []ledger.Record{r}, Unread: text}
}

func FuzzHostile(f *testing.F) {
	for _, text := range []string{
		"<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "javascript:alert(1)", "</title><script>", "' onmouseover='x", "//evil.example", "\x00\xff", "{{.}}",
		"<svg/onload=alert(1)>", "--><!--", "&lt;script&gt;",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, past := hostile(text)
		safe(t, overview(t, s))
		safe(t, detail(t, s, past))
	})
}

// A page is not larger than what is on it, whatever a cluster has.
func TestAPageIsBounded(t *testing.T) {
	var all []Seen
	for range 5 * maxFlights {
		all = append(all, flying(waits(says)), flying(ended(rollout.RolledBack, at(0))))
	}
	began := time.Now()
	text := overview(t, all...)
	assert.Less(t, len(text), 2<<20)
	assert.Less(t, time.Since(began), 5*time.Second)
	assert.Contains(t, string(text), "and 800 more")
}

func TestAssets(t *testing.T) {
	for _, name := range []string{"page.css", "page.js", "icon.svg"} {
		assert.NotEmpty(t, Asset(name))
		assert.NotContains(t, string(Asset(name)), "url(", "nothing is loaded from elsewhere")
	}
	assert.Nil(t, Asset("../write.go"))
	assert.Nil(t, Asset("none"))
}
