// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause

//go:build go1.23

package syncmap

import (
	"iter"
	"testing"
)

// What the iterators are for Go 1.23 and later
func TestRangeOver(t *testing.T) {
	typed := newMap(t, Config[int, int]{})
	untyped := &Map{}
	defer untyped.Close()
	for i := 0; i < 10; i++ {
		must(t, typed.Store(i, i))
		untyped.Store(i, i)
	}
	sum := 0
	for entry, err := range typed.All() {
		must(t, err)
		sum += entry.Value
	}
	for _, v := range untyped.Range {
		sum += v.(int)
	}
	want(t, "sum", sum, 90)
	w := watch(t, typed, WatchOptions[int]{Dump: true})
	n := 0
	for event, err := range w.All(background) {
		must(t, err)
		if event.Type == EventDumped {
			break
		}
		n++
	}
	want(t, "dumped", n, 10)
	var _ iter.Seq2[Entry[int, int], error] = typed.All()
	var _ iter.Seq2[Event[int, int], error] = w.All(background)
}
