// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package image

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The tar is an OCI layout in which every digest leads to the bytes it names.
func TestAnImageIsAnOCILayout(t *testing.T) {
	var packed, again bytes.Buffer
	i := Image{Name: "evenkeel.local/x:1", Path: "/app", Binary: []byte("binary"), Env: []string{"A=b"}}
	require.NoError(t, i.Write(&packed))
	require.NoError(t, i.Write(&again))
	assert.Equal(t, packed.Bytes(), again.Bytes(), "equal input gives equal bytes")
	files := read(t, packed.Bytes())
	assert.JSONEq(t, `{"imageLayoutVersion":"1.0.0"}`, string(files["oci-layout"]))

	var index, manifest struct {
		Manifests, Layers []descriptor
		Config            descriptor
	}
	require.NoError(t, json.Unmarshal(files["index.json"], &index))
	assert.Equal(t, "evenkeel.local/x:1", index.Manifests[0].Annotations["io.containerd.image.name"])
	require.NoError(t, json.Unmarshal(named(t, files, index.Manifests[0]), &manifest))
	config := named(t, files, manifest.Config)
	assert.Contains(t, string(config), `"Entrypoint":["/app"]`)
	assert.Contains(t, string(config), `"User":"65532:65532"`)
	assert.Equal(t, "binary", string(read(t, named(t, files, manifest.Layers[0]))["app"]))
}

func named(t *testing.T, files map[string][]byte, d descriptor) []byte {
	t.Helper()
	data := files["blobs/sha256/"+d.Digest[len("sha256:"):]]
	assert.Equal(t, d.Digest, digest(data))
	assert.Equal(t, d.Size, int64(len(data)))
	return data
}

func read(t *testing.T, data []byte) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	for r := tar.NewReader(bytes.NewReader(data)); ; {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			return out
		}
		require.NoError(t, err)
		out[header.Name], err = io.ReadAll(r)
		require.NoError(t, err)
	}
}
