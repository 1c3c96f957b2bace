// SPDX-License-Identifier: GPL-2.0-only

// The Go side of the benchmark. With the name of a contender, it does what each
// line of its input says, and answers with a line; so that a driver can let it
// take turns with others. lost is the share of the time that others had the CPUs.
// With "check" before the name, it sees whether the contender is right.
// With "claims" and a number of repetitions, it measures what the articles say.
// With "version" it says which Go has compiled it.
//
//	$ echo work=mix n=1024 len=8 threads=2 writes=5 ms=15 | bench-go go_syncmap
//	mops=29.1 lost=0.006
package main

import (
	"bufio"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// A request is a line of NAME=VALUE words.
type request struct {
	work    string
	n       uint64
	len     uint64 // of the keys: 8, 16 or 32
	threads uint64
	writes  uint64 // per cent
	warm    uint64 // milliseconds before
	ms      uint64 // milliseconds
}

func parse(line string) (r request, err error) {
	numbers := map[string]*uint64{
		"n": &r.n, "len": &r.len, "threads": &r.threads,
		"writes": &r.writes, "warm": &r.warm, "ms": &r.ms,
	}
	for _, word := range strings.Fields(line) {
		name, value, _ := strings.Cut(word, "=")
		if name == "work" {
			r.work = value
			continue
		}
		if numbers[name] == nil {
			return r, fmt.Errorf("unknown word '%s'", word)
		}
		*numbers[name], err = strconv.ParseUint(value, 10, 32)
		if err != nil {
			return r, fmt.Errorf("'%s' is no number", word)
		}
	}
	if r.n == 0 || r.n&(r.n-1) != 0 {
		return r, fmt.Errorf("n=%d is not a power of two", r.n)
	}
	if r.threads == 0 || r.ms == 0 || r.writes > 100 {
		return r, fmt.Errorf("threads and ms are 1 or more, writes 0 to 100")
	}
	return r, nil
}

// waited returns how long threads of this process could have run, and others
// did; 0 where the kernel does not say.
func waited() (sum time.Duration) {
	tasks, _ := filepath.Glob("/proc/self/task/*/schedstat")
	for _, task := range tasks {
		var ran, waited time.Duration
		text, err := os.ReadFile(task)
		if err == nil {
			fmt.Sscan(string(text), &ran, &waited)
		}
		sum += waited
	}
	return sum
}

// A scene is a table that stays from one request to the next.
type scene[K key] struct {
	t    table[K]
	n    uint64
	zipf *zipf
}

func (s *scene[K]) answer(contender string, r request) (string, error) {
	work := workloads[K]()[r.work]
	if work == nil {
		return "", fmt.Errorf("unknown work '%s'", r.work)
	}
	if s.t == nil || s.n != r.n {
		s.t, s.n, s.zipf = newTable[K](contender), r.n, newZipf(r.n)
		fill(s.t, r.n)
		runtime.GC()
	}
	workers := newWorkers(s.t, r.n, int(r.threads))
	for _, w := range workers {
		w.zipf = s.zipf
		w.writes = (1<<32 - 1) / 100 * r.writes
	}
	if r.warm > 0 {
		run(workers, work, time.Duration(r.warm)*time.Millisecond)
	}
	before := waited()
	wall := run(workers, work, time.Duration(r.ms)*time.Millisecond)
	cpus := math.Min(float64(r.threads), float64(runtime.NumCPU()))
	lost := math.Min(float64(waited()-before)/float64(wall)/cpus, 1)
	return fmt.Sprintf("mops=%.4g lost=%.3f", rate(workers, wall), lost), nil
}

// A server has one scene at a time: other maps would burden the collector.
type server struct {
	contender string
	u64       scene[uint64]
	bytes16   scene[[2]uint64]
	bytes32   scene[[4]uint64]
}

func (s *server) answer(r request) (string, error) {
	if r.len != 8 {
		s.u64 = scene[uint64]{}
	}
	if r.len != 16 {
		s.bytes16 = scene[[2]uint64]{}
	}
	if r.len != 32 {
		s.bytes32 = scene[[4]uint64]{}
	}
	switch r.len {
	case 8:
		return s.u64.answer(s.contender, r)
	case 16:
		return s.bytes16.answer(s.contender, r)
	case 32:
		return s.bytes32.answer(s.contender, r)
	}
	return "", fmt.Errorf("len=%d is not 8, 16 or 32", r.len)
}

func serve(contender string) {
	s := server{contender: contender}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		r, err := parse(lines.Text())
		text := ""
		if err == nil {
			text, err = s.answer(r)
		}
		if err != nil {
			text = "error: " + err.Error()
		}
		fmt.Println(text)
	}
}

func main() {
	switch {
	case len(os.Args) == 3 && os.Args[1] == "check" &&
		newTable[uint64](os.Args[2]) != nil:
		if !check(os.Args[2]) {
			os.Exit(1)
		}
	case len(os.Args) == 3 && os.Args[1] == "claims":
		repetitions, err := strconv.ParseUint(os.Args[2], 10, 8)
		if err != nil || repetitions == 0 {
			fmt.Fprintf(os.Stderr, "bench-go: '%s' is not a number"+
				" from 1 to 255\n", os.Args[2])
			os.Exit(2)
		}
		claims(int(repetitions))
	case len(os.Args) == 2 && os.Args[1] == "version":
		fmt.Println(runtime.Version())
	case len(os.Args) == 2 && newTable[uint64](os.Args[1]) != nil:
		serve(os.Args[1])
	default:
		fmt.Fprintln(os.Stderr,
			"usage: bench-go CONTENDER | version | check CONTENDER"+
				" | claims REPETITIONS")
		os.Exit(2)
	}
}
