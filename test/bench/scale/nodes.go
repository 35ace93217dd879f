// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

//go:embed stages.yaml
var stages []byte

// nodes is how many nodes KWOK plays.
const nodes = 10

// playedBy marks the nodes that are KWOK's, so that it leaves real ones alone.
const playedBy = "kwok.x-k8s.io/node"

// startNodes starts KWOK, makes its nodes, and waits until they are ready.
func (b *bench) startNodes(ctx context.Context) (stop func(), err error) {
	program, err := exec.LookPath("kwok")
	if err != nil {
		return nil, errors.New("kwok is not on the PATH: build it with bin/cluster build kwok, and start the cluster after that")
	}
	dir, err := os.MkdirTemp("", "bench-scale-")
	if err != nil {
		return nil, err
	}
	file := filepath.Join(dir, "stages.yaml")
	log, err := os.Create(filepath.Join(dir, "kwok.log"))
	if err := errors.Join(err, os.WriteFile(file, stages, 0o600)); err != nil {
		return nil, err
	}
	cmd := exec.Command(program, "--config="+file, "--kubeconfig="+os.Getenv("KUBECONFIG"),
		"--manage-nodes-with-annotation-selector="+playedBy+"=fake", "--cidr=10.128.0.0/12", "--node-ip=127.0.0.1",
		"--server-address=127.0.0.1:10247", "--node-lease-duration-seconds=40")
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("cannot start kwok: %w", err)
	}
	stop = func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		_ = log.Close()
	}
	b.say("kwok plays %d nodes; its log is %s", nodes, log.Name())
	if err := b.makeNodes(ctx); err != nil {
		stop()
		return nil, err
	}
	return stop, nil
}

func nodeName(i int) string { return fmt.Sprintf("kwok-%d", i%nodes) }

func (b *bench) makeNodes(ctx context.Context) error {
	room := corev1.ResourceList{
		corev1.ResourceCPU: resource.MustParse("10k"), corev1.ResourceMemory: resource.MustParse("100Ti"), corev1.ResourcePods: resource.MustParse("1M"),
	}
	for i := range nodes {
		node := &corev1.Node{
			ObjectMeta: metav1.ObjectMeta{Name: nodeName(i), Labels: map[string]string{mark: "node"}, Annotations: map[string]string{playedBy: "fake"}},
			Spec:       corev1.NodeSpec{Taints: []corev1.Taint{{Key: playedBy, Effect: corev1.TaintEffectNoSchedule}}},
			Status:     corev1.NodeStatus{Allocatable: room, Capacity: room},
		}
		if err := client.IgnoreAlreadyExists(b.client.Create(ctx, node)); err != nil {
			return fmt.Errorf("cannot make a node: %w", err)
		}
	}
	return b.until(ctx, time.Minute, "nodes ready", func() (int, int, error) {
		var list corev1.NodeList
		err := b.client.List(ctx, &list, client.MatchingLabels{mark: "node"})
		ready := 0
		for _, node := range list.Items {
			for _, condition := range node.Status.Conditions {
				if condition.Type == corev1.NodeReady && condition.Status == corev1.ConditionTrue {
					ready++
				}
			}
		}
		return ready, nodes, err
	})
}
