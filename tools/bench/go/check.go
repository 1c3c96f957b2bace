// SPDX-License-Identifier: GPL-2.0-only

// Whether the contenders are right: against a map that one goroutine has, and
// by what many goroutines have stored and deleted.

package main

import (
	"fmt"
	"sync"
	"sync/atomic"
)

const (
	checkOps  = 20000
	checkKeys = 256
)

// checkModel returns how many answers are not those of a map.
func checkModel[K key](t table[K]) (wrong int) {
	model := map[K]uint64{}
	r := random(1)
	for op := uint64(0); op < checkOps; op++ {
		k := keyOf[K](r.below(checkKeys))
		before, present := model[k]
		var v uint64
		var ok bool
		switch r.below(5) {
		case 0:
			v, ok = t.Load(k)
		case 1:
			t.Store(k, op)
			model[k] = op
			continue
		case 2:
			v, ok = t.LoadOrStore(k, op)
			if !present {
				before = op
				model[k] = op
			}
		case 3:
			v, ok = t.LoadAndDelete(k)
			delete(model, k)
		case 4:
			t.Delete(k)
			delete(model, k)
			continue
		}
		if v != before || ok != present {
			wrong++
		}
	}
	t.Range(func(k K, v uint64) bool {
		if before, present := model[k]; !present || before != v {
			wrong++
		}
		delete(model, k)
		return true
	})
	return wrong + len(model)
}

// checkBalance returns for how many keys what was stored and what was deleted
// differ from what is there.
func checkBalance[K key](t table[K]) (wrong int) {
	var balance [8]atomic.Int64
	var done sync.WaitGroup
	for g := 0; g < 4; g++ {
		done.Add(1)
		go func(r random) {
			for op := uint64(0); op < checkOps; op++ {
				number := r.below(uint64(len(balance)))
				k := keyOf[K](number)
				if r.below(2) == 0 {
					_, loaded := t.LoadOrStore(k, op)
					if !loaded {
						balance[number].Add(1)
					}
				} else if _, loaded := t.LoadAndDelete(k); loaded {
					balance[number].Add(-1)
				}
			}
			done.Done()
		}(random(g))
	}
	done.Wait()
	for number := range balance {
		_, present := t.Load(keyOf[K](uint64(number)))
		left := balance[number].Load()
		if left != 0 && left != 1 || present != (left == 1) {
			wrong++
		}
	}
	return wrong
}

// checkWorkloads returns how many do not hit what they should.
func checkWorkloads[K key](contender string) (wrong int) {
	for name, work := range workloads[K]() {
		t := newTable[K](contender)
		fill(t, checkKeys)
		workers := newWorkers(t, checkKeys, 1)
		w := workers[0]
		w.zipf = newZipf(checkKeys)
		w.limit = 8 * burst
		run(workers, work, 0)
		hits := w.ops
		switch name {
		case "miss":
			hits = 0
		case "churn":
			hits = 2 * w.ops
		}
		if w.ops != w.limit || w.hits != hits {
			fmt.Println("FAILED:", contender, name, w.hits, "hits")
			wrong++
		}
	}
	return wrong
}

func checkKind[K key](contender string) int {
	return checkModel(newTable[K](contender)) +
		checkBalance(newTable[K](contender)) +
		checkWorkloads[K](contender)
}

// check returns whether all is right, and says what is not.
func check(contender string) bool {
	wrong := checkKind[uint64](contender) +
		checkKind[[2]uint64](contender) +
		checkKind[[4]uint64](contender)
	if wrong > 0 {
		fmt.Println("FAILED:", contender, wrong)
	}
	return wrong == 0
}
