// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package command

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/evenkeel-dev/evenkeel/config"
	"github.com/evenkeel-dev/evenkeel/policy"
	"github.com/evenkeel-dev/evenkeel/webhook/offline"
)

// access is how a command reaches a cluster, and where the policy is.
type access struct {
	Kubectl
	everywhere                       bool
	policyFile                       string
	policyNamespace, policyConfigMap string
}

func (a *access) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	a.addTo(cmd)
	f.BoolVarP(&a.everywhere, "all-namespaces", "A", false, "all namespaces")
	f.StringVar(&a.policyFile, "policy", "", "policy file; where left out, the cluster's policy")
	f.StringVar(&a.policyNamespace, "policy-namespace", "evenkeel-system", "namespace of the cluster's policy")
	f.StringVar(&a.policyConfigMap, "policy-configmap", "evenkeel-policy", "ConfigMap of the cluster's policy")
}

// namespace is the one that is looked at; empty: all of them.
func (a *access) namespace() (string, error) {
	switch {
	case a.everywhere:
		return "", nil
	case a.named() != "" || !a.One:
		return a.named(), nil
	}
	name, _, err := a.Flags.ToRawKubeConfigLoader().Namespace()
	if err != nil {
		return "", fmt.Errorf("cannot read the kubeconfig: %w", err)
	}
	return name, nil
}

func (a *access) connect() (client.Client, error) {
	settings, err := a.Flags.ToRESTConfig()
	if err != nil {
		return nil, fmt.Errorf("cannot reach a cluster: %w", err)
	}
	settings.QPS, settings.Burst = 50, 100
	c, err := client.New(settings, client.Options{Scheme: Scheme()})
	if err != nil {
		return nil, fmt.Errorf("cannot reach a cluster: %w", err)
	}
	return c, nil
}

// policies gives the policy to judge by: the file's, or the cluster's with those
// of its namespaces.
func (a *access) policies(ctx context.Context, c client.Reader) (*config.Store, error) {
	store := config.NewStore()
	if a.policyFile != "" {
		text, err := os.ReadFile(a.policyFile)
		if err != nil {
			return nil, fmt.Errorf("cannot read the policy: %w", err)
		}
		return store, store.Offer(text)
	}
	var object corev1.ConfigMap
	err := c.Get(ctx, client.ObjectKey{Namespace: a.policyNamespace, Name: a.policyConfigMap}, &object)
	if apierrors.IsNotFound(err) {
		return store, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot get the policy: %w", err)
	}
	if err := store.Offer([]byte(object.Data[config.PolicyKey])); err != nil {
		return nil, fmt.Errorf("the cluster's policy does not load: %w", err)
	}
	return store, addLocal(ctx, c, store)
}

// addLocal adds the namespaces' own policies. They count where they may be read.
func addLocal(ctx context.Context, c client.Reader, store *config.Store) error {
	var local corev1.ConfigMapList
	err := c.List(ctx, &local, client.MatchingLabels{config.PolicyLabel: config.OfNamespace})
	if apierrors.IsForbidden(err) {
		fmt.Fprintf(os.Stderr, "evenkeel: namespaces' own policies are not known: %v\n", err)
		return nil
	}
	if err != nil {
		return fmt.Errorf("cannot list the namespaces' policies: %w", err)
	}
	for i := range local.Items {
		item := &local.Items[i]
		if err := store.OfferLocal(item.Namespace, item.Name, []byte(item.Data[config.PolicyKey])); err != nil {
			fmt.Fprintf(os.Stderr, "evenkeel: the policy %s/%s does not load: %v\n", item.Namespace, item.Name, err)
		}
	}
	return nil
}

// snapshot is one reading of a cluster.
type snapshot struct {
	world       *offline.World
	deployments []appsv1.Deployment
	unknown     []policy.Kind
}

// read lists the Deployments and what is around them. A kind that may not be
// read is unknown; of one that the cluster does not have there are none.
func (a *access) read(ctx context.Context, c client.Reader) (*snapshot, error) {
	s := &snapshot{world: offline.NewWorld()}
	namespace, err := a.namespace()
	if err != nil {
		return nil, err
	}
	var deployments appsv1.DeploymentList
	if err := c.List(ctx, &deployments, client.InNamespace(namespace)); err != nil {
		return nil, fmt.Errorf("cannot list Deployments: %w", err)
	}
	s.deployments = deployments.Items
	if err := s.addNamespaces(ctx, c); err != nil {
		return nil, err
	}
	for _, one := range []struct {
		kind policy.Kind
		list client.ObjectList
	}{
		{policy.Services, &corev1.ServiceList{}},
		{policy.Budgets, &policyv1.PodDisruptionBudgetList{}},
		{policy.Scalers, &autoscalingv2.HorizontalPodAutoscalerList{}},
		{policy.Quotas, &corev1.ResourceQuotaList{}},
		{policy.Claims, &corev1.PersistentVolumeClaimList{}},
		{policy.Routes, &networkingv1.IngressList{}},
		{policy.Routes, &gatewayv1.HTTPRouteList{}},
		{policy.Routes, &gatewayv1.GRPCRouteList{}},
		{policy.Routes, &networkingv1.IngressClassList{}},
	} {
		if err := s.add(ctx, c, one.list, namespace); err != nil && !meta.IsNoMatchError(err) {
			fmt.Fprintf(os.Stderr, "evenkeel: %s are not known, and what needs them is not checked: %v\n", one.kind, err)
			s.unknown = append(s.unknown, one.kind)
		}
	}
	return s, nil
}

func (s *snapshot) addNamespaces(ctx context.Context, c client.Reader) error {
	if err := s.add(ctx, c, &corev1.NamespaceList{}, ""); err != nil {
		return fmt.Errorf("cannot list Namespaces, by whose labels policies select: %w", err)
	}
	return nil
}

func (s *snapshot) add(ctx context.Context, c client.Reader, list client.ObjectList, namespace string) error {
	if err := c.List(ctx, list, client.InNamespace(namespace)); err != nil {
		return err
	}
	items, err := meta.ExtractList(list)
	for _, item := range items {
		s.world.Add(item.(client.Object))
	}
	return err
}
