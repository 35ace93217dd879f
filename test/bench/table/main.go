// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"strconv"
	"strings"
)

func main() {
	log.SetFlags(0)
	if err := run(os.Stdin, os.Stdout); err != nil {
		log.Fatalln(err)
	}
}

func run(in io.Reader, out io.Writer) error {
	measured, err := read(in)
	if err != nil {
		return err
	}
	if len(measured.values) == 0 {
		return errors.New("no benchmark's output came in")
	}
	_, err = io.WriteString(out, strings.Join([]string{measured.head(), measured.inProcess(), measured.apiServer()}, "\n"))
	return err
}

// results are what was measured, by benchmark and unit. Of several runs the
// fastest counts: noise only adds.
type results struct {
	values map[string]map[string]float64
	cpu    string
}

// read takes the lines of a benchmark: its name with the number of processors,
// how often it ran, and pairs of a value and its unit.
func read(in io.Reader) (results, error) {
	r := results{values: map[string]map[string]float64{}}
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		if cpu, ok := strings.CutPrefix(lines.Text(), "cpu: "); ok {
			r.cpu = cpu
		}
		fields := strings.Fields(lines.Text())
		if len(fields) < 4 || !strings.HasPrefix(fields[0], "Benchmark") {
			continue
		}
		name := strings.TrimPrefix(fields[0], "Benchmark")
		if cut := strings.LastIndex(name, "-"); cut > strings.LastIndex(name, "/") {
			if _, err := strconv.Atoi(name[cut+1:]); err == nil {
				name = name[:cut]
			}
		}
		for i := 2; i+1 < len(fields); i += 2 {
			value, err := strconv.ParseFloat(fields[i], 64)
			if err != nil {
				return r, fmt.Errorf("cannot read the line %q: %w", lines.Text(), err)
			}
			r.keep(name, fields[i+1], value)
		}
	}
	return r, lines.Err()
}

func (r results) keep(name, unit string, value float64) {
	if r.values[name] == nil {
		r.values[name] = map[string]float64{}
	}
	if old, there := r.values[name][unit]; !there || value < old {
		r.values[name][unit] = value
	}
}

func (r results) head() string {
	return fmt.Sprintf("Processor: %s. Of several runs the fastest counts.\n", r.cpu)
}

// inProcess sets the whole review against decoding alone.
func (r results) inProcess() string {
	var b strings.Builder
	b.WriteString("| review, in process | decoding alone, µs | mutate, µs | ratio | validate, µs | ratio | reviews a second a core |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: |\n")
	rows := 0
	for _, size := range []string{"small", "typical", "huge"} {
		for _, write := range []string{"create", "label", "image"} {
			name := size + "/" + write
			decode, mutate, validate := r.micros("Decode/"+name), r.micros("Review/mutate/"+name), r.micros("Review/validate/"+name)
			if decode == 0 || mutate == 0 || validate == 0 {
				continue
			}
			rows++
			fmt.Fprintf(&b, "| %s, %s | %.0f | %.0f | %.2f | %.0f | %.2f | %.0f |\n",
				size, write, decode, mutate, mutate/decode, validate, validate/decode, 2e6/(mutate+validate))
		}
	}
	if rows == 0 {
		return ""
	}
	return b.String()
}

func (r results) micros(name string) float64 { return r.values[name]["ns/op"] / 1e3 }

// apiServer sets a write with our webhook against one with a webhook that does
// nothing, and one with none.
func (r results) apiServer() string {
	if r.values["Write/create/bench-ours"] == nil {
		return "The API server was not measured: there was no cluster.\n"
	}
	var b strings.Builder
	b.WriteString("| write, on the API server | no webhook, µs | no-op webhook, µs | Evenkeel, µs | Evenkeel / no-op |\n| --- | ---: | ---: | ---: | ---: |\n")
	for _, write := range []string{"create", "image", "label"} {
		for _, unit := range []string{"p50", "p99"} {
			at := func(way string) float64 { return r.values["Write/"+write+"/bench-"+way][unit+"-µs"] }
			fmt.Fprintf(&b, "| %s, %s | %.0f | %.0f | %.0f | %.2f |\n", write, unit, at("none"), at("noop"), at("ours"), at("ours")/at("noop"))
		}
	}
	cpu := func(way string) float64 { return r.values["Write/cpu/bench-"+way]["cpu-µs/review"] }
	if cpu("noop") > 0 {
		fmt.Fprintf(&b, "| CPU of the webhook's process, a review | | %.0f | %.0f | %.2f |\n", cpu("noop"), cpu("ours"), cpu("ours")/cpu("noop"))
	}
	return b.String()
}
