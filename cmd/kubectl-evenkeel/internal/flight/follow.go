// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package flight

import (
	"context"
	"errors"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
)

// Sight is one look at a workload that is followed.
type Sight struct {
	Flight Flight
	// Gone tells that the workload is not there.
	Gone bool
	// Err says why nothing is seen now; it is tried again.
	Err error
}

// Follow watches a workload and the pods of its versions, and tells of each change
// until the context ends. Looks that nobody took before the next are dropped.
func Follow(ctx context.Context, c kubernetes.Interface, namespace string, ref Ref) <-chan Sight {
	f := &follower{sights: make(chan Sight, 1), poke: make(chan struct{}, 1), failed: make(chan error, 1), ref: ref}
	own := informers.NewSharedInformerFactoryWithOptions(c, 0, informers.WithNamespace(namespace), informers.WithTweakListOptions(func(o *metav1.ListOptions) {
		o.FieldSelector = fields.OneTermEqualSelector(metav1.ObjectNameField, ref.Name).String()
	}))
	all := informers.NewSharedInformerFactoryWithOptions(c, 0, informers.WithNamespace(namespace))
	switch ref.Kind {
	case StatefulSet:
		f.own, f.others = own.Apps().V1().StatefulSets().Informer(), all.Core().V1().Pods().Informer()
	case DaemonSet:
		f.own, f.others = own.Apps().V1().DaemonSets().Informer(), all.Core().V1().Pods().Informer()
	default:
		f.own, f.others = own.Apps().V1().Deployments().Informer(), all.Apps().V1().ReplicaSets().Informer()
		f.pods = all.Core().V1().Pods().Informer()
	}
	f.key = namespace + "/" + ref.Name
	go f.run(ctx, own, all)
	return f.sights
}

type follower struct {
	ref         Ref
	key         string
	own, others cache.SharedIndexInformer
	// pods are a Deployment's, among others, which say what is wrong with them; nothing
	// waits for them, as whoever may not read pods follows the rest.
	pods   cache.SharedIndexInformer
	sights chan Sight
	poke   chan struct{}
	failed chan error
}

func (f *follower) run(ctx context.Context, factories ...informers.SharedInformerFactory) {
	defer close(f.sights)
	err := errors.Join(f.listen(f.own, f.failed), f.listen(f.others, f.failed))
	if f.pods != nil {
		err = errors.Join(err, f.listen(f.pods, nil))
	}
	if err != nil {
		f.sights <- Sight{Err: fmt.Errorf("cannot watch: %w", err)}
		return
	}
	for _, factory := range factories {
		factory.Start(ctx.Done())
		defer factory.Shutdown()
	}
	go func() { // the first look, also of what is not there
		if cache.WaitForCacheSync(ctx.Done(), f.own.HasSynced, f.others.HasSynced) {
			send(f.poke, struct{}{})
		}
	}()
	f.tell(ctx)
}

// listen looks anew at each change, and says to failed why nothing is seen; to nobody,
// where that is nil.
func (f *follower) listen(to cache.SharedIndexInformer, failed chan error) error {
	changed := func(any) { send(f.poke, struct{}{}) }
	_, err := to.AddEventHandler(cache.ResourceEventHandlerFuncs{AddFunc: changed, UpdateFunc: func(_, o any) { changed(o) }, DeleteFunc: changed})
	return errors.Join(err, to.SetWatchErrorHandler(func(_ *cache.Reflector, err error) { send(failed, err) }))
}

// tell gives the latest look to whoever takes it.
func (f *follower) tell(ctx context.Context) {
	for {
		var sight Sight
		select {
		case <-ctx.Done():
			return
		case err := <-f.failed:
			sight = Sight{Err: fmt.Errorf("cannot watch: %w", err)}
		case <-f.poke:
			if !f.own.HasSynced() || !f.others.HasSynced() {
				continue
			}
			sight = f.look()
		}
		select {
		case <-f.sights: // nobody took it
		default:
		}
		f.sights <- sight
	}
}

func (f *follower) look() Sight {
	object, there, err := f.own.GetStore().GetByKey(f.key)
	if err != nil || !there {
		return Sight{Gone: err == nil, Err: err}
	}
	switch own := object.(type) {
	case *appsv1.StatefulSet:
		return Sight{Flight: OfStatefulSet(own, stored[*corev1.Pod](f.others))}
	case *appsv1.DaemonSet:
		return Sight{Flight: OfDaemonSet(own, stored[*corev1.Pod](f.others))}
	default:
		return Sight{Flight: OfDeployment(object.(*appsv1.Deployment), stored[*appsv1.ReplicaSet](f.others)).withPods(stored[*corev1.Pod](f.pods))}
	}
}

func stored[T any](informer cache.SharedIndexInformer) []T {
	var out []T
	for _, object := range informer.GetStore().List() {
		out = append(out, object.(T))
	}
	return out
}

// send leaves word, where none is there already.
func send[T any](to chan T, word T) {
	select {
	case to <- word:
	default:
	}
}
