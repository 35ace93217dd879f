// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/evenkeel-dev/evenkeel/traffic/page"
	"github.com/evenkeel-dev/evenkeel/traffic/page/serve"
)

// pictures are the pages to take, by name.
var pictures = []struct {
	name, path string
	of         examples
	tall       int // of the narrow one; the wide one is half as tall
}{
	{"overview", "/", usual, 3400},
	{"waiting", "/payments/deployment/ledger-api", usual, 3000},
	{"measured", "/shop/deployment/checkout", usual, 3000},
	{"batches", "/data/statefulset/postgres-replica", usual, 3000},
	{"rolled-back", "/shop/deployment/basket", usual, 2800},
	{"frozen", "/crm/deployment/mailer", usual, 2800},
	{"quiet", "/", quiet, 900},
	{"crowded", "/", crowded, 2400},
	{"crowded-release", page.Look(crowded[0], now).Path, crowded, 3600},
}

func main() {
	folder := flag.String("to", "bin/screenshots", "folder for the pictures")
	program := flag.String("chromium", "chromium", "the browser")
	address := flag.String("serve", "", "serve the examples here, as 127.0.0.1:8082, and take no pictures")
	docs := flag.String("docs", "", "take the pictures of the docs alone, into this folder: docs/pictures")
	flag.Parse()
	if err := run(*folder, *program, *address, *docs); err != nil {
		fmt.Fprintln(os.Stderr, "page:", err)
		os.Exit(1)
	}
}

func run(folder, program, address, docs string) error {
	switch {
	case address != "":
		return http.ListenAndServe(address, serve.Handler(usual, clock))
	case docs != "":
		return illustrate(program, docs)
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for _, one := range pictures {
		at, end, err := listen(one.of)
		if err != nil {
			return err
		}
		err = takeAll(program, filepath.Join(folder, one.name), at+one.path, one.tall)
		end()
		if err != nil {
			return err
		}
	}
	return terminals(program, folder)
}

func clock() time.Time { return now }

// listen serves examples until the end.
func listen(of examples) (at string, end func(), _ error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	server := &http.Server{Handler: serve.Handler(of, clock), ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = server.Serve(listener) }()
	return "http://" + listener.Addr().String(), func() { _ = server.Close() }, nil
}

// takeAll takes a page light and dark, narrow and wide.
func takeAll(program, name, url string, tall int) error {
	for _, size := range []struct {
		name          string
		width, height int
	}{{"narrow", 390, tall}, {"wide", 1280, tall / 2}} {
		for _, scheme := range []string{"light", "dark"} {
			to := fmt.Sprintf("%s-%s-%s.png", name, size.name, scheme)
			if err := take(program, to, url, scheme, size.width, size.height); err != nil {
				return err
			}
			fmt.Println(to)
		}
	}
	return nil
}

// take takes one picture.
func take(program, to, url, scheme string, width, height int) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	preferred := map[string]string{"light": "1", "dark": "0"}[scheme]
	profile, err := os.MkdirTemp("", "chromium")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(profile) }()
	cmd := exec.CommandContext(ctx, program, flags(profile, "--hide-scrollbars", "--force-color-profile=srgb",
		"--blink-settings=preferredColorScheme="+preferred, fmt.Sprintf("--window-size=%d,%d", width, height), "--screenshot="+to, url)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("cannot take %s: %w\n%s", to, err, out)
	}
	return nil
}

// flags are those of a browser that shows one page, and speaks to nobody else.
func flags(profile string, more ...string) []string {
	return append([]string{
		"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--user-data-dir=" + profile,
	}, more...)
}
