// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// shown are the pages that docs/dashboard.md shows.
var shown = []struct {
	name, path, scheme string
	width, height      int
}{
	{"dashboard.png", "/", "light", 1280, 1320},
	{"dashboard-release.png", "/payments/deployment/ledger-api", "dark", 390, 1530},
}

// drawn are the screens of watch that README.md and docs/kubectl.md show.
var drawn = []struct{ name, screen, scheme string }{
	{"watch.png", "waiting-for-a-person", "dark"},
	{"watch-failing.png", "back-sure-failing", "light"},
}

// illustrate takes the pictures for the docs, and makes them small.
func illustrate(program, folder string) error {
	for _, one := range drawn {
		to := filepath.Join(folder, one.name)
		if err := terminal(program, to, one.screen, one.scheme, 80); err != nil {
			return err
		}
		if err := shrink(to); err != nil {
			return fmt.Errorf("cannot make %s small: %w", to, err)
		}
	}
	at, end, err := listen(usual)
	if err != nil {
		return err
	}
	defer end()
	for _, one := range shown {
		to := filepath.Join(folder, one.name)
		if err := take(program, to, at+one.path, one.scheme, one.width, one.height); err != nil {
			return err
		}
		if err := shrink(to); err != nil {
			return fmt.Errorf("cannot make %s small: %w", to, err)
		}
	}
	return nil
}

// shrink writes a picture again with its most frequent colours alone.
func shrink(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	whole, err := png.Decode(file)
	_ = file.Close() // it was read
	if err != nil {
		return err
	}
	small := image.NewPaletted(whole.Bounds(), frequent(whole, 128))
	draw.Draw(small, small.Bounds(), whole, whole.Bounds().Min, draw.Src)
	out, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(out, small); err != nil {
		return err
	}
	return out.Close()
}

// frequent are the colours that most of a picture has.
func frequent(of image.Image, most int) color.Palette {
	counts := map[color.Color]int{}
	for y := of.Bounds().Min.Y; y < of.Bounds().Max.Y; y++ {
		for x := of.Bounds().Min.X; x < of.Bounds().Max.X; x++ {
			counts[of.At(x, y)]++
		}
	}
	all := slices.SortedFunc(maps.Keys(counts), func(a, b color.Color) int { return counts[b] - counts[a] })
	return all[:min(len(all), most)]
}
