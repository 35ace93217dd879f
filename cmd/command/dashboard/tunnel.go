// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package dashboard

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/transport/spdy"
	"k8s.io/streaming/pkg/httpstream"
)

// tunnel leads through the API server to pods of a namespace.
type tunnel struct {
	config    *rest.Config
	client    kubernetes.Interface
	namespace string
}

// forward does what kubectl port-forward does; see viewer.
func (t tunnel) forward(ctx context.Context, to target, local int, ready func(local int), note io.Writer) error {
	dialer, err := t.dialer(to.pod)
	if err != nil {
		return fmt.Errorf("cannot reach pod %q: %w", to.pod, err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	there := make(chan struct{})
	way, err := portforward.NewOnAddressesForStreamingWithContext(ctx, dialer, []string{"127.0.0.1"}, []string{fmt.Sprintf("%d:%d", local, to.port)}, there, io.Discard, note)
	if err != nil {
		return fmt.Errorf("cannot forward a port: %w", err)
	}
	told := make(chan struct{})
	go func() {
		defer close(told)
		select {
		case <-ctx.Done():
		case <-there:
			if ports, err := way.GetPorts(); err == nil && len(ports) == 1 {
				ready(int(ports[0].Local))
			}
		}
	}()
	err = way.ForwardPorts()
	cancel()
	<-told
	if err == nil || errors.Is(err, portforward.ErrLostConnectionToPod) {
		return nil
	}
	return fmt.Errorf("cannot forward a port to pod %q, which takes the right to create pods/portforward in namespace %q: %w", to.pod, t.namespace, err)
}

// dialer speaks as API servers do now, or as older ones and some proxies do.
func (t tunnel) dialer(pod string) (httpstream.Dialer, error) {
	url := t.client.CoreV1().RESTClient().Post().Resource("pods").Namespace(t.namespace).Name(pod).SubResource("portforward").URL()
	transport, upgrader, err := spdy.RoundTripperFor(t.config)
	if err != nil {
		return nil, err
	}
	sockets, err := portforward.NewSPDYOverWebsocketDialerForStreaming(url, t.config)
	if err != nil {
		return nil, err
	}
	return portforward.NewFallbackDialerForStreaming(sockets, spdy.NewDialerForStreaming(upgrader, &http.Client{Transport: transport}, http.MethodPost, url), func(err error) bool {
		return httpstream.IsUpgradeFailure(err) || httpstream.IsHTTPSProxyError(err)
	}), nil
}
