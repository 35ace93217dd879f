// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package image

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var example = Image{Name: "example.local/app:v1", Path: "/app", Binary: []byte("a static program"), Env: []string{"VERSION=v1"}}

// entry is one file of a tar.
type entry struct {
	mode int64
	data []byte
}

func untar(t *testing.T, text []byte) map[string]entry {
	t.Helper()
	files := map[string]entry{}
	for r := tar.NewReader(bytes.NewReader(text)); ; {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		require.NoError(t, err)
		data, err := io.ReadAll(r)
		require.NoError(t, err)
		files[header.Name] = entry{header.Mode, data}
	}
}

// resolve reads the blob of a descriptor, and checks all that this says about it.
func resolve(t *testing.T, files map[string]entry, d descriptor) []byte {
	t.Helper()
	require.Regexp(t, "^sha256:[0-9a-f]{64}$", d.Digest)
	blob, found := files["blobs/sha256/"+d.Digest[len("sha256:"):]]
	require.True(t, found, "the blob %s is there", d.Digest)
	assert.Equal(t, d.Digest, digest(blob.data))
	assert.Len(t, blob.data, int(d.Size))
	return blob.data
}

func TestWriteGivesAValidLayout(t *testing.T) {
	var packed bytes.Buffer
	name, err := example.Write(&packed)
	require.NoError(t, err)
	files := untar(t, packed.Bytes())
	assert.JSONEq(t, `{"imageLayoutVersion":"1.0.0"}`, string(files["oci-layout"].data))

	var index struct{ Manifests []descriptor }
	require.NoError(t, json.Unmarshal(files["index.json"].data, &index))
	require.Len(t, index.Manifests, 1)
	assert.Equal(t, example.Name, index.Manifests[0].Annotations["io.containerd.image.name"])
	assert.Equal(t, name, index.Manifests[0].Digest, "the digest is the one that an import gives")

	var manifest struct {
		Config descriptor
		Layers []descriptor
	}
	require.NoError(t, json.Unmarshal(resolve(t, files, index.Manifests[0]), &manifest))
	require.Len(t, manifest.Layers, 1)
	layer := resolve(t, files, manifest.Layers[0])

	var config struct {
		Architecture, OS string
		Config           struct {
			Entrypoint, Env []string
			User            string
		}
		RootFS struct {
			Type    string
			DiffIDs []string `json:"diff_ids"`
		}
	}
	require.NoError(t, json.Unmarshal(resolve(t, files, manifest.Config), &config))
	assert.Equal(t, "linux", config.OS)
	assert.Equal(t, []string{"/app"}, config.Config.Entrypoint)
	assert.Equal(t, []string{"PATH=/", "VERSION=v1"}, config.Config.Env)
	assert.Equal(t, "65532:65532", config.Config.User)
	assert.Equal(t, []string{digest(layer)}, config.RootFS.DiffIDs)

	inside := untar(t, layer)
	assert.Equal(t, entry{0o755, example.Binary}, inside["app"])
	assert.Equal(t, int64(0o1777), inside["tmp/"].mode)
	assert.Contains(t, string(inside["etc/passwd"].data), "nonroot:x:65532:")
	assert.True(t, bytes.HasSuffix(layer, make([]byte, 1024)), "the layer's tar has its end")
}

func TestEqualInputGivesEqualBytes(t *testing.T) {
	var digests []string
	for _, image := range []Image{
		example, example,
		{Name: example.Name, Path: example.Path, Binary: example.Binary, Env: []string{"VERSION=v2"}},
		{Name: example.Name, Path: example.Path, Binary: []byte("another program"), Env: example.Env},
	} {
		name, err := image.Write(io.Discard)
		require.NoError(t, err)
		digests = append(digests, name)
	}
	assert.Equal(t, digests[0], digests[1])
	assert.NotEqual(t, digests[0], digests[2], "another environment is another image")
	assert.NotEqual(t, digests[0], digests[3], "another program is another image")
}

// full fails when it has taken all that it can.
type full struct{ left int }

func (f *full) Write(p []byte) (int, error) {
	if f.left -= len(p); f.left < 0 {
		return 0, fmt.Errorf("no space left")
	}
	return len(p), nil
}

func TestWriteSaysThatItFailed(t *testing.T) {
	_, err := example.Write(&full{left: 2048})
	assert.ErrorContains(t, err, "no space left")
}
