// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause

package syncmap

import (
	"fmt"
	"reflect"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const benchKeys = 1 << 10

// Time of one load, by each way
func BenchmarkLoad(b *testing.B) {
	for _, c := range []struct {
		name    string
		config  Config[int, int]
		options []Option
	}{
		{"mapped", Config[int, int]{Mapped: true}, nil},
		{"mapped, with a TTL", Config[int, int]{Mapped: true}, []Option{TTL(time.Hour)}},
		{"ioctl", Config[int, int]{}, nil},
		{"ioctl, with a TTL", Config[int, int]{}, []Option{TTL(time.Hour)}},
	} {
		b.Run("number/"+c.name, func(b *testing.B) {
			benchLoad(b, c.config, c.options, func(i int) int { return i }, 1)
		})
		b.Run("text/"+c.name, func(b *testing.B) {
			config := Config[string, string]{Mapped: c.config.Mapped}
			benchLoad(b, config, c.options, func(i int) string { return fmt.Sprintf("key %012d", i) },
				"a value of thirty-two bytes, yes")
		})
	}
	b.Run("number/sync.Map", func(b *testing.B) {
		var m sync.Map
		for i := 0; i < benchKeys; i++ {
			m.Store(i, 1)
		}
		b.ResetTimer()
		for i := 0; i < b.N; i++ {
			m.Load(i % benchKeys)
		}
	})
}

func benchLoad[K, V any](b *testing.B, config Config[K, V], options []Option, keyOf func(int) K, value V) {
	m := newMap(b, config)
	var keys []K
	for i := 0; i < benchKeys; i++ {
		keys = append(keys, keyOf(i))
		must(b, m.Store(keys[i], value, options...))
	}
	if config.Mapped {
		awaitMirror(m)
		answered(b, m, keys[0])
	}
	b.ReportAllocs()
	b.ResetTimer()
	for i := 0; i < b.N; i++ {
		if _, ok, err := m.Load(keys[i%benchKeys]); !ok {
			b.Fatal(err)
		}
	}
}

func BenchmarkClock(b *testing.B) {
	for i := 0; i < b.N; i++ {
		boottime()
	}
}

// What sync.Map is measured by, beside it
type mapBench struct {
	setup func(m mapInterface)
	perG  func(pb *testing.PB, i int, m mapInterface)
}

// A goMap is a sync.Map, of which Go 1.19 does not have all methods.
type goMap struct{ sync.Map }

func (*goMap) Swap(_, _ any) (any, bool)       { panic("Swap") }
func (*goMap) CompareAndSwap(_, _, _ any) bool { panic("CompareAndSwap") }
func (*goMap) CompareAndDelete(_, _ any) bool  { panic("CompareAndDelete") }
func (*goMap) Clear()                          { panic("Clear") }

func benchMap(b *testing.B, bench mapBench) {
	for _, m := range []mapInterface{&goMap{}, &Map{}} {
		b.Run(fmt.Sprintf("%T", m), func(b *testing.B) {
			m := reflect.New(reflect.TypeOf(m).Elem()).Interface().(mapInterface)
			bench.setup(m)
			b.ResetTimer()
			var workers int64
			b.RunParallel(func(pb *testing.PB) {
				bench.perG(pb, int(atomic.AddInt64(&workers, 1)-1)*b.N, m)
			})
			b.StopTimer()
			if m, ok := m.(*Map); ok {
				m.Close()
			}
		})
	}
}

func fill(m mapInterface, n int) {
	for i := 0; i < n; i++ {
		m.LoadOrStore(i, i)
	}
	for i := 0; i < 2*n; i++ {
		m.Load(i % n)
	}
}

func BenchmarkLoadMostlyHits(b *testing.B) {
	benchMap(b, mapBench{
		setup: func(m mapInterface) { fill(m, 1023) },
		perG: func(pb *testing.PB, i int, m mapInterface) {
			for ; pb.Next(); i++ {
				m.Load(i % 1024)
			}
		},
	})
}

func BenchmarkLoadMostlyMisses(b *testing.B) {
	benchMap(b, mapBench{
		setup: func(m mapInterface) { fill(m, 1) },
		perG: func(pb *testing.PB, i int, m mapInterface) {
			for ; pb.Next(); i++ {
				m.Load(i % 1024)
			}
		},
	})
}

func BenchmarkLoadOrStoreCollision(b *testing.B) {
	benchMap(b, mapBench{
		setup: func(m mapInterface) { m.LoadOrStore(0, 0) },
		perG: func(pb *testing.PB, i int, m mapInterface) {
			for ; pb.Next(); i++ {
				m.LoadOrStore(0, 0)
			}
		},
	})
}

func BenchmarkStoreAndDelete(b *testing.B) {
	benchMap(b, mapBench{
		setup: func(m mapInterface) { fill(m, 128) },
		perG: func(pb *testing.PB, i int, m mapInterface) {
			for ; pb.Next(); i++ {
				m.Store(i%256, i)
				m.Delete((i + 128) % 256)
			}
		},
	})
}

func BenchmarkRange(b *testing.B) {
	benchMap(b, mapBench{
		setup: func(m mapInterface) { fill(m, 1024) },
		perG: func(pb *testing.PB, i int, m mapInterface) {
			for ; pb.Next(); i++ {
				m.Range(func(_, _ any) bool { return true })
			}
		},
	})
}

func BenchmarkBatchOfLoads(b *testing.B) {
	m := newMap(b, Config[string, string]{})
	for i := 0; i < 64; i++ {
		must(b, m.Store(strconv.Itoa(i), "value"))
	}
	b.ResetTimer()
	batch := m.Batch()
	for i := 0; i < b.N; i++ {
		batch.Load(strconv.Itoa(i % 64))
		if batch.Len() == 64 {
			must(b, batch.Run())
		}
	}
	runtime.KeepAlive(m)
}
