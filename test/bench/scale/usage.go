// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/evenkeel-dev/evenkeel/test/fixture"
)

// usage is what the managers have used so far, as their own metrics say.
type usage struct {
	at time.Time
	// rss is that of each manager, in bytes; cpu that of all, in seconds.
	rss []float64
	cpu float64
	// writes are requests that change something, refused are those of them that
	// met somebody else's write.
	writes, refused float64
	// leases and events are the writes that keep the leader and tell the story.
	leases, events int
	pods           []string
}

// usage reads the metrics of all managers.
func (b *bench) usage(ctx context.Context) (usage, error) {
	u := usage{at: time.Now()}
	pods, err := b.core.CoreV1().Pods(fixture.System).List(ctx, metav1.ListOptions{LabelSelector: "app.kubernetes.io/name=evenkeel", FieldSelector: "status.phase=Running"})
	if err != nil {
		return u, fmt.Errorf("cannot list the managers: %w", err)
	}
	for _, pod := range pods.Items {
		if pod.DeletionTimestamp != nil {
			continue
		}
		text, err := b.core.CoreV1().Pods(fixture.System).ProxyGet("http", pod.Name, "8080", "metrics", nil).DoRaw(ctx)
		if err != nil {
			return u, fmt.Errorf("cannot read the metrics of %s: %w", pod.Name, err)
		}
		if err := u.add(text); err != nil {
			return u, fmt.Errorf("cannot read the metrics of %s: %w", pod.Name, err)
		}
		restarts := int32(0)
		for _, status := range pod.Status.ContainerStatuses {
			restarts += status.RestartCount
		}
		u.pods = append(u.pods, fmt.Sprintf("%s restarted %d times", pod.Name, restarts))
	}
	slices.Sort(u.pods)
	u.leases, u.events = b.seen.counts()
	return u, nil
}

// add adds what one manager's metrics say.
func (u *usage) add(text []byte) error {
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(text))
	if err != nil {
		return err
	}
	for _, name := range []string{"process_resident_memory_bytes", "process_cpu_seconds_total"} {
		if len(families[name].GetMetric()) != 1 {
			return fmt.Errorf("there is no %s", name)
		}
	}
	u.rss = append(u.rss, families["process_resident_memory_bytes"].GetMetric()[0].GetGauge().GetValue())
	u.cpu += families["process_cpu_seconds_total"].GetMetric()[0].GetCounter().GetValue()
	for _, metric := range families["rest_client_requests_total"].GetMetric() {
		if method := label(metric, "method"); method == http.MethodGet || method == http.MethodHead {
			continue
		}
		n := metric.GetCounter().GetValue()
		u.writes += n
		if label(metric, "code") == "409" {
			u.refused += n
		}
	}
	return nil
}

func label(metric *dto.Metric, name string) string {
	for _, pair := range metric.GetLabel() {
		if pair.GetName() == name {
			return pair.GetValue()
		}
	}
	return ""
}

// since is what was used after an earlier reading of the same managers.
func (u usage) since(before usage) (usage, error) {
	if !slices.Equal(u.pods, before.pods) {
		return u, errors.New("a manager was started again, so its counters say nothing: look at its last log and its memory limit")
	}
	u.cpu -= before.cpu
	u.writes -= before.writes
	u.refused -= before.refused
	u.leases -= before.leases
	u.events -= before.events
	return u, nil
}

// own are the writes that are neither the leader's lease nor Events.
func (u usage) own() float64 { return u.writes - float64(u.leases) - float64(u.events) }
