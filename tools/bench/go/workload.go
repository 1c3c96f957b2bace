// SPDX-License-Identifier: GPL-2.0-only

// The workloads: those of workloads.h, operation by operation.

package main

import (
	"sync"
	"sync/atomic"
	"time"
)

// Operations between two looks at whether to stop
const burst = 64

// A worker is one goroutine's part in a run.
type worker[K key] struct {
	t      table[K]
	n      uint64 // keys 0 to n-1 are in the table
	fresh  uint64 // first of the numbers for new keys
	writes uint64 // of 2^32 operations
	limit  uint64 // operations
	random random
	zipf   *zipf
	stop   *atomic.Bool
	// Out
	ops, hits, sum uint64
	times          histogram
	_              [128]byte
}

func (w *worker[K]) goesOn() bool {
	w.ops += burst
	return w.ops < w.limit && !w.stop.Load()
}

func (w *worker[K]) load(k K) {
	if v, ok := w.t.Load(k); ok {
		w.hits++
		w.sum += valueNumber(v)
	}
}

func (w *worker[K]) mix(number uint64) {
	if uint64(uint32(w.random)) < w.writes {
		w.t.Store(keyOf[K](number), valueOf(number, w.n))
	} else {
		w.load(keyOf[K](number))
	}
}

// workloads returns a function that runs one burst, by its name.
func workloads[K key]() map[string]func(w *worker[K]) {
	return map[string]func(w *worker[K]){
		"load":      runLoad[K],
		"load_zipf": runLoadZipf[K],
		"miss":      runMiss[K],
		"latency":   runLatency[K],
		"mix":       runMix[K],
		"mix_zipf":  runMixZipf[K],
		"churn":     runChurn[K],
		"timed_mix": runTimedMix[K],
	}
}

func runLoad[K key](w *worker[K]) {
	for i := 0; i < burst; i++ {
		w.load(keyOf[K](w.random.below(w.n)))
	}
}

func runLoadZipf[K key](w *worker[K]) {
	for i := 0; i < burst; i++ {
		w.load(keyOf[K](w.random.zipf(w.n, w.zipf)))
	}
}

func runMiss[K key](w *worker[K]) {
	for i := 0; i < burst; i++ {
		w.load(keyOf[K](w.n + w.random.below(w.n)))
	}
}

// The key that the last value leads to; begins anywhere
func runLatency[K key](w *worker[K]) {
	number := w.random.below(w.n)
	for i := 0; i < burst; i++ {
		v, ok := w.t.Load(keyOf[K](number))
		if ok {
			w.hits++
			number = valueNumber(v)
			w.sum += number
		}
	}
}

func runMix[K key](w *worker[K]) {
	for i := 0; i < burst; i++ {
		w.mix(w.random.below(w.n))
	}
}

func runMixZipf[K key](w *worker[K]) {
	for i := 0; i < burst; i++ {
		w.mix(w.random.zipf(w.n, w.zipf))
	}
}

func runChurn[K key](w *worker[K]) {
	for i := 0; i < burst; i++ {
		k := keyOf[K](w.fresh)
		w.t.Store(k, valueOf(w.fresh, w.n))
		w.fresh++
		w.load(k)
		if _, ok := w.t.LoadAndDelete(k); ok {
			w.hits++
		}
	}
}

func runTimedMix[K key](w *worker[K]) {
	for i := 0; i < burst; i++ {
		number := w.random.below(w.n)
		start := time.Now()
		w.mix(number)
		w.times.add(uint64(time.Since(start)))
	}
}

// newWorkers returns so many workers on one table, none of which has a limit.
func newWorkers[K key](t table[K], n uint64, count int) []*worker[K] {
	serial++
	workers := make([]*worker[K], count)
	for i := range workers {
		workers[i] = &worker[K]{
			t:      t,
			n:      n,
			fresh:  2*n + uint64(i)<<56 + serial<<32,
			limit:  ^uint64(0),
			random: random(uint64(keyMul) * uint64(i+1)),
		}
	}
	return workers
}

var serial uint64

// run lets the workers repeat the workload for a time, or up to their limit, and
// returns how long it took until the last one was done.
func run[K key](workers []*worker[K], work func(w *worker[K]),
	d time.Duration) time.Duration {
	var started, done sync.WaitGroup
	var stop atomic.Bool
	gate := make(chan struct{})
	for _, w := range workers {
		w.stop = &stop
		w.ops = 0
		started.Add(1)
		done.Add(1)
		go func(w *worker[K]) {
			started.Done()
			<-gate
			for work(w); w.goesOn(); work(w) {
			}
			done.Done()
		}(w)
	}
	started.Wait()
	if d > 0 {
		time.AfterFunc(d, func() { stop.Store(true) })
	}
	start := time.Now()
	close(gate)
	done.Wait()
	return time.Since(start)
}

// rate returns how many million operations they all did in a second. There may
// be more of them than CPUs: none has had all that time for itself.
func rate[K key](workers []*worker[K], wall time.Duration) float64 {
	var ops uint64
	for _, w := range workers {
		ops += w.ops
	}
	return 1e3 * float64(ops) / float64(wall)
}
