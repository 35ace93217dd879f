// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package analysis

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/evenkeel-dev/evenkeel/test/scrape"
)

// asks gives the answer to a query ten minutes after the first of the values, of
// which there is one each ten seconds.
func asks(t *testing.T, series []string, query string) (value float64, known bool) {
	t.Helper()
	got := scrape.Of(t, 10*time.Second, series...).Ask(t, query, 10*time.Minute)
	if len(got) == 0 {
		return 0, false
	}
	require.Len(t, got, 1)
	return got[0].F, true
}

// What Prometheus' own engine makes of the last minute: a counter that was born
// there counts by its value, and nothing counts that was before.
func TestWhatIsCounted(t *testing.T) {
	for name, row := range map[string]struct {
		series []string
		// of is how many requests there were, and rate how many of 100 succeeded:
		// both are nothing where nothing is known.
		known    bool
		of, rate float64
	}{
		"no traffic":                  {series: []string{`requests{job="other"} 0+10x60`}},
		"steady":                      {[]string{`requests{service="demo",code="200"} 0+9x60`, `requests{service="demo",code="500"} 0+1x60`}, true, 60, 90},
		"all is well":                 {[]string{`requests{service="demo",code="200"} 0+10x60`}, true, 60, 100},
		"nobody asks any more":        {[]string{`requests{service="demo",code="200"} 7+0x60`}, false, 0, 0},
		"the first errors, seen once": {[]string{`requests{service="demo",code="200"} 0+9x60`, `requests{service="demo",code="500"} _x59 6`}, true, 60, 90},
		"the first errors, and no more": {
			[]string{`requests{service="demo",code="200"} 0+9x60`, `requests{service="demo",code="500"} _x56 6+0x4`}, true, 60, 90,
		},
		"all is born here, seen once":   {[]string{`requests{service="demo",code="200"} _x59 8`, `requests{service="demo",code="500"} _x59 2`}, true, 10, 80},
		"nothing but errors, seen once": {[]string{`requests{service="demo",code="500"} _x59 2`}, true, 2, 0},
		"the first errors, and a restart": {
			[]string{`requests{service="demo",code="200"} 0+9x60`, `requests{service="demo",code="500"} _x56 3 5 7 2 2`}, true, 60, 90,
		},
		"a restart":               {[]string{`requests{service="demo",code="200"} 100+9x57 9+9x2`, `requests{service="demo",code="500"} 100+1x57 1+1x2`}, true, 60, 90},
		"scraped once, and older": {series: []string{`requests{service="demo",code="200"} 0 _x58 900`, `requests{service="demo",code="500"} _x59 5`}, known: true, of: 905, rate: 100 * (1 - 5.0/905)},
		"scraped once, and just older": {
			series: []string{`requests{service="demo",code="200"} 0+9x53 _x5 900`, `requests{service="demo",code="500"} _x59 5`},
		},
		"one of two gateways scraped once": {
			[]string{
				`requests{service="demo",code="200",instance="a"} 0+9x60`, `requests{service="demo",code="500",instance="a"} 0+1x60`,
				`requests{service="demo",code="200",instance="b"} 0+9x53 _x5 900`, `requests{service="demo",code="500",instance="b"} _x59 5`,
			}, true, 60, 90,
		},
		"another gateway is there": {
			[]string{
				`requests{service="demo",code="200",instance="a"} 0+8x60`, `requests{service="demo",code="200",instance="b"} _x59 6`, `requests{service="demo",code="500",instance="b"} _x59 6`,
			}, true, 60, 90,
		},
		"a scrape that failed brings back no past": {
			[]string{`requests{service="demo",code="200"} 0+9x53 stale 486+9x5`, `requests{service="demo",code="500"} 50+0x53 stale 50+0x5`}, true, 54, 100,
		},
		"gone with one release, and there with the next": {
			[]string{`requests{service="demo",code="200"} 0+9x40 stale _x16 9 18`, `requests{service="demo",code="500"} 0+1x40 stale _x16 1 2`}, true, 35, 90,
		},
	} {
		t.Run(name, func(t *testing.T) {
			all := selectors("requests", matcher{"service", `="demo"`})
			total := counted(all, all, "60s")
			failed := counted(selectors("requests", matcher{"service", `="demo"`}, matcher{"code", `=~"5.."`}), all, "60s")
			of, known := asks(t, row.series, total)
			rate, also := asks(t, row.series, "100 * (1 - ("+failed+" or vector(0)) / "+total+")")
			require.Equal(t, row.known, known && also && of > 0)
			if row.known {
				assert.InDelta(t, row.of, of, row.of/9, "Prometheus extrapolates")
				assert.InDelta(t, row.rate, rate, 1.5)
			}
		})
	}
}

// A scrape may give its targets labels that the exporter has, too: a ServiceMonitor
// does so with both, a PodMonitor with the namespace, and one that honours labels
// with none. Each request is found once, in whichever way.
func TestHoweverItIsScraped(t *testing.T) {
	scrapes := map[string]func(service, namespace string) string{
		"by a ServiceMonitor": func(service, namespace string) string {
			return `service="gateway",namespace="infra",exported_service="` + service + `",exported_namespace="` + namespace + `"`
		},
		"by a PodMonitor": func(service, namespace string) string {
			return `namespace="infra",service="` + service + `",exported_namespace="` + namespace + `"`
		},
		"honouring its labels": func(service, namespace string) string {
			return `service="` + service + `",namespace="` + namespace + `"`
		},
	}
	for name, labelled := range scrapes {
		for controller, series := range map[string][]string{
			"traefik.io/gateway-controller": {
				`traefik_service_requests_total{` + labelled("httproute-shop-demo-rule-0-svc-shop-demo-canary-80@kubernetesgateway", "") + `,code="200"} 0+9x60`,
				`traefik_service_requests_total{` + labelled("httproute-shop-demo-rule-0-svc-shop-demo-canary-80@kubernetesgateway", "") + `,code="502"} _x59 6`,
				`traefik_service_requests_total{` + labelled("httproute-shop-demo-rule-0-svc-shop-demo-80@kubernetesgateway", "") + `,code="502"} 0+9x60`,
				`traefik_service_requests_total{` + labelled("httproute-shop-demo-rule-0-svc-other-demo-canary-80@kubernetesgateway", "") + `,code="502"} 0+9x60`,
			},
			"k8s.io/ingress-nginx": {
				`nginx_ingress_controller_requests{` + labelled("demo", "shop") + `,canary="shop-demo-canary-80",status="200"} 0+9x60`,
				`nginx_ingress_controller_requests{` + labelled("demo", "shop") + `,canary="shop-demo-canary-80",status="503"} _x59 6`,
				`nginx_ingress_controller_requests{` + labelled("demo", "shop") + `,canary="",status="503"} 0+9x60`,
				`nginx_ingress_controller_requests{` + labelled("demo-canary", "shop") + `,canary="shop-demo-canary-of-somebody-else-80",status="503"} 0+9x60`,
				`nginx_ingress_controller_requests{` + labelled("canary", "shop-demo") + `,canary="shop-demo-canary-80",status="503"} 0+9x60`,
			},
		} {
			value, samples, err := BuiltInFor(asked(SuccessRate), Canary, Around{Controller: controller})
			require.NoError(t, err)
			got, known := asks(t, series, value)
			assert.True(t, known, "%s %s", controller, name)
			assert.InDelta(t, 90, got, 0.01, "%s %s", controller, name)
			got, _ = asks(t, series, samples)
			assert.InDelta(t, 60, got, 0.01, "%s %s", controller, name)

			_, samples, err = BuiltInFor(asked(SuccessRate), Stable, Around{Controller: controller})
			require.NoError(t, err)
			got, _ = asks(t, series, samples)
			assert.InDelta(t, 54, got, 0.01, "%s %s", controller, name)
		}
	}
}

// A label that a scrape gave to its target says nothing about a release.
func TestATargetsLabelsAreNotTheExporters(t *testing.T) {
	_, samples, err := BuiltInFor(asked(SuccessRate), Stable, Around{Controller: "k8s.io/ingress-nginx"})
	require.NoError(t, err)
	_, known := asks(t, []string{`nginx_ingress_controller_requests{service="demo",namespace="shop",exported_service="other",exported_namespace="else",canary="",status="200"} 0+9x60`}, samples)
	assert.False(t, known)
}
