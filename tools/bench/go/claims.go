// SPDX-License-Identifier: GPL-2.0-only

// What the articles say of Go's maps, measured.

package main

import (
	"fmt"
	"runtime"
	"sort"
	"time"
)

const slice = 100 * time.Millisecond

// A claim is that a measure of one table is so many times that of another.
type claim struct {
	text        string
	least, most float64
	cases       []claimCase
}

// A claimCase measures a table; several contenders take turns with it.
type claimCase struct {
	name         string
	unit         string
	ours, theirs string
	measure      func(contender string) float64
}

func median(samples []float64) float64 {
	sort.Float64s(samples)
	return samples[len(samples)/2]
}

// ratio is that of the medians of ours and theirs, which are returned, too.
func (c *claimCase) ratio(repetitions int) (ratio, ours, theirs float64) {
	var a, b []float64
	for i := 0; i < repetitions; i++ {
		runtime.GC()
		a = append(a, c.measure(c.ours))
		runtime.GC()
		b = append(b, c.measure(c.theirs))
	}
	ours, theirs = median(a), median(b)
	return ours / theirs, ours, theirs
}

func (c *claim) verdict(ratio float64) string {
	if ratio < c.least || ratio > c.most {
		return "does not hold"
	}
	return "holds"
}

func (c *claim) print(repetitions int) {
	fmt.Printf("%q\n", c.text)
	for i := range c.cases {
		k := &c.cases[i]
		ratio, ours, theirs := k.ratio(repetitions)
		fmt.Printf("  %-34s %s %.4g %s, %s %.4g %s: %.2f, %s\n", k.name,
			k.ours, ours, k.unit, k.theirs, theirs, k.unit, ratio,
			c.verdict(ratio))
	}
}

// mixed sets up workers of which each does so many writes in a hundred.
func mixed(t table[uint64], n uint64, count, writes int) []*worker[uint64] {
	workers := newWorkers(t, n, count)
	for _, w := range workers {
		w.writes = (1<<32 - 1) / 100 * uint64(writes)
	}
	return workers
}

// equalMix returns the seconds that ten goroutines take for a million
// operations each, half of them stores. The table begins empty, or full.
func equalMix(n uint64, full bool) func(string) float64 {
	return func(contender string) float64 {
		t := newTable[uint64](contender)
		if full {
			fill(t, n)
		}
		workers := mixed(t, n, 10, 50)
		for _, w := range workers {
			w.limit = 1000000
		}
		return run(workers, runMix[uint64], 0).Seconds()
	}
}

// equalGrowth is the same, and each store brings a new key.
func equalGrowth(contender string) float64 {
	t := newTable[uint64](contender)
	workers := newWorkers(t, 1<<20, 10)
	for _, w := range workers {
		w.limit = 1000000
	}
	return run(workers, func(w *worker[uint64]) {
		for i := 0; i < burst; i += 2 {
			t.Store(keyOf[uint64](w.fresh), w.fresh)
			w.load(keyOf[uint64](w.fresh))
			w.fresh++
		}
	}, 0).Seconds()
}

// rates returns the rate of some goroutines on n keys.
func rates(n uint64, count, writes int) func(string) float64 {
	return func(contender string) float64 {
		t := newTable[uint64](contender)
		fill(t, n)
		runtime.GC()
		workers := mixed(t, n, count, writes)
		run(workers, runMix[uint64], slice)
		return rate(workers, run(workers, runMix[uint64], slice))
	}
}

func allTimes[K key](workers []*worker[K]) *histogram {
	sum := new(histogram)
	for _, w := range workers {
		sum.merge(&w.times)
	}
	return sum
}

// tail returns the 99th percentile of 64 goroutines' operations, in ns.
func tail(n uint64, writes int) func(string) float64 {
	return func(contender string) float64 {
		t := newTable[uint64](contender)
		fill(t, n)
		runtime.GC()
		workers := mixed(t, n, 64, writes)
		run(workers, runTimedMix[uint64], 4*slice)
		return float64(allTimes(workers).quantile(.99))
	}
}

func claims(repetitions int) {
	const k, m, more = 1 << 10, 1 << 20, 1e9
	list := []claim{
		{"10 goroutines, equal reads and writes, a million operations" +
			" each: sync.Map takes three times as long as a map with" +
			" a mutex", 2.5, more,
			[]claimCase{
				{"1k keys, there before", "s", "go_syncmap",
					"go_mutex", equalMix(k, true)},
				{"64k keys, there before", "s", "go_syncmap",
					"go_mutex", equalMix(64*k, true)},
				{"1M keys, from empty", "s", "go_syncmap",
					"go_mutex", equalMix(m, false)},
				{"a new key with each store", "s", "go_syncmap",
					"go_mutex", equalGrowth},
			}},
		{"reads of a map behind an atomic pointer are at least twice as" +
			" fast as sync.Map's", 2, more,
			[]claimCase{
				{"1 goroutine, 16 keys", "Mops", "go_cow",
					"go_syncmap", rates(16, 1, 0)},
				{"1 goroutine, 1k keys", "Mops", "go_cow",
					"go_syncmap", rates(k, 1, 0)},
				{"2 goroutines, 1k keys", "Mops", "go_cow",
					"go_syncmap", rates(k, 2, 0)},
				{"2 goroutines, 64k keys", "Mops", "go_cow",
					"go_syncmap", rates(64*k, 2, 0)},
				{"2 goroutines, 1M keys", "Mops", "go_cow",
					"go_syncmap", rates(m, 2, 0)},
			}},
		{"with 64 goroutines that mix reads and writes, 32 shards cut the" +
			" 99th percentile by 40 to 70 % against one RWMutex", 0, .6,
			[]claimCase{
				{"20 % writes, 64k keys", "ns", "go_shards",
					"go_rwmutex", tail(64*k, 20)},
				{"50 % writes, 64k keys", "ns", "go_shards",
					"go_rwmutex", tail(64*k, 50)},
			}},
		{"with one write per hundred reads at high concurrency, a map with" +
			" an RWMutex pulls ahead of sync.Map", 1, more,
			[]claimCase{
				{"64 goroutines, 1k keys", "Mops", "go_rwmutex",
					"go_syncmap", rates(k, 64, 1)},
				{"64 goroutines, 64k keys", "Mops", "go_rwmutex",
					"go_syncmap", rates(64*k, 64, 1)},
			}},
		{"for balanced reads and writes, a map with an RWMutex is usually" +
			" faster than sync.Map", 1, more,
			[]claimCase{
				{"8 goroutines, 1k keys", "Mops", "go_rwmutex",
					"go_syncmap", rates(k, 8, 50)},
				{"8 goroutines, 64k keys", "Mops", "go_rwmutex",
					"go_syncmap", rates(64*k, 8, 50)},
			}},
	}
	fmt.Printf("%s, %d CPUs; medians of %d\n", runtime.Version(),
		runtime.NumCPU(), repetitions)
	for i := range list {
		list[i].print(repetitions)
	}
}
