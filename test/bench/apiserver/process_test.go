// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package apiserver

import (
	"fmt"
	"time"

	"github.com/prometheus/procfs"
)

// processOf finds the process of a program in a pod, which is seen where the node is.
func processOf(program string) (procfs.Proc, error) {
	all, err := procfs.AllProcs()
	if err != nil {
		return procfs.Proc{}, err
	}
	for _, process := range all {
		if args, err := process.CmdLine(); err == nil && len(args) > 0 && args[0] == program {
			return process, nil
		}
	}
	return procfs.Proc{}, fmt.Errorf("the process %s is not on this machine", program)
}

// used is the CPU time of a process so far.
func used(process procfs.Proc) (time.Duration, error) {
	stat, err := process.Stat()
	return time.Duration(stat.CPUTime() * float64(time.Second)), err
}
