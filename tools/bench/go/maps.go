// SPDX-License-Identifier: GPL-2.0-only

// The contenders: what a Go program uses for a map that goroutines share.
//
// Values are integers, as in the articles that made the claims. A map has them
// in place; sync.Map boxes each that is stored, and each key.

package main

import (
	"sync"
	"sync/atomic"
	"unsafe"
)

// A table is a map under test. Operations mean what they mean in sync.Map.
type table[K key] interface {
	Load(k K) (uint64, bool)
	Store(k K, v uint64)
	LoadOrStore(k K, v uint64) (uint64, bool)
	LoadAndDelete(k K) (uint64, bool)
	Delete(k K)
	Range(f func(k K, v uint64) bool)
}

// newTable makes an empty table of the contender, or nil if there is none.
func newTable[K key](contender string) table[K] {
	switch contender {
	case "go_syncmap":
		return new(syncMap[K])
	case "go_mutex":
		return &mutexMap[K]{m: map[K]uint64{}}
	case "go_rwmutex":
		return &rwMap[K]{m: map[K]uint64{}}
	case "go_shards":
		return newShards[K]()
	case "go_cow":
		return newCow[K]()
	}
	return nil
}

// syncMap is sync.Map with the casts that its callers write.
type syncMap[K key] struct{ m sync.Map }

func (s *syncMap[K]) Load(k K) (uint64, bool) {
	v, ok := s.m.Load(k)
	if !ok {
		return 0, false
	}
	return v.(uint64), true
}

func (s *syncMap[K]) Store(k K, v uint64) { s.m.Store(k, v) }

func (s *syncMap[K]) LoadOrStore(k K, v uint64) (uint64, bool) {
	now, loaded := s.m.LoadOrStore(k, v)
	return now.(uint64), loaded
}

func (s *syncMap[K]) LoadAndDelete(k K) (uint64, bool) {
	v, ok := s.m.LoadAndDelete(k)
	if !ok {
		return 0, false
	}
	return v.(uint64), true
}

func (s *syncMap[K]) Delete(k K) { s.m.Delete(k) }

func (s *syncMap[K]) Range(f func(k K, v uint64) bool) {
	s.m.Range(func(k, v any) bool { return f(k.(K), v.(uint64)) })
}

// mutexMap is a map under one sync.Mutex.
type mutexMap[K key] struct {
	mu sync.Mutex
	m  map[K]uint64
}

func (t *mutexMap[K]) Load(k K) (uint64, bool) {
	t.mu.Lock()
	v, ok := t.m[k]
	t.mu.Unlock()
	return v, ok
}

func (t *mutexMap[K]) Store(k K, v uint64) {
	t.mu.Lock()
	t.m[k] = v
	t.mu.Unlock()
}

func (t *mutexMap[K]) LoadOrStore(k K, v uint64) (uint64, bool) {
	t.mu.Lock()
	now, loaded := t.m[k]
	if !loaded {
		t.m[k] = v
		now = v
	}
	t.mu.Unlock()
	return now, loaded
}

func (t *mutexMap[K]) LoadAndDelete(k K) (uint64, bool) {
	t.mu.Lock()
	v, ok := t.m[k]
	delete(t.m, k)
	t.mu.Unlock()
	return v, ok
}

func (t *mutexMap[K]) Delete(k K) {
	t.mu.Lock()
	delete(t.m, k)
	t.mu.Unlock()
}

func (t *mutexMap[K]) Range(f func(k K, v uint64) bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for k, v := range t.m {
		if !f(k, v) {
			return
		}
	}
}

// rwMap is a map under one sync.RWMutex. LoadOrStore looks with the read lock
// first, for it mostly finds.
type rwMap[K key] struct {
	mu sync.RWMutex
	m  map[K]uint64
}

func (t *rwMap[K]) Load(k K) (uint64, bool) {
	t.mu.RLock()
	v, ok := t.m[k]
	t.mu.RUnlock()
	return v, ok
}

func (t *rwMap[K]) Store(k K, v uint64) {
	t.mu.Lock()
	t.m[k] = v
	t.mu.Unlock()
}

func (t *rwMap[K]) LoadOrStore(k K, v uint64) (uint64, bool) {
	if now, loaded := t.Load(k); loaded {
		return now, true
	}
	t.mu.Lock()
	now, loaded := t.m[k]
	if !loaded {
		t.m[k] = v
		now = v
	}
	t.mu.Unlock()
	return now, loaded
}

func (t *rwMap[K]) LoadAndDelete(k K) (uint64, bool) {
	t.mu.Lock()
	v, ok := t.m[k]
	delete(t.m, k)
	t.mu.Unlock()
	return v, ok
}

func (t *rwMap[K]) Delete(k K) {
	t.mu.Lock()
	delete(t.m, k)
	t.mu.Unlock()
}

func (t *rwMap[K]) Range(f func(k K, v uint64) bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	for k, v := range t.m {
		if !f(k, v) {
			return
		}
	}
}

const shardBits = 5

// shards is 32 rwMaps, each with cache lines of its own.
type shards[K key] struct {
	part [1 << shardBits]struct {
		rwMap[K]
		_ [128 - unsafe.Sizeof(rwMap[uint64]{})]byte
	}
}

func newShards[K key]() *shards[K] {
	s := new(shards[K])
	for i := range s.part {
		s.part[i].m = map[K]uint64{}
	}
	return s
}

func (s *shards[K]) of(k K) *rwMap[K] {
	return &s.part[spread(k)>>(64-shardBits)].rwMap
}

func (s *shards[K]) Load(k K) (uint64, bool) { return s.of(k).Load(k) }
func (s *shards[K]) Store(k K, v uint64)     { s.of(k).Store(k, v) }

func (s *shards[K]) LoadOrStore(k K, v uint64) (uint64, bool) {
	return s.of(k).LoadOrStore(k, v)
}

func (s *shards[K]) LoadAndDelete(k K) (uint64, bool) {
	return s.of(k).LoadAndDelete(k)
}

func (s *shards[K]) Delete(k K) { s.of(k).Delete(k) }

func (s *shards[K]) Range(f func(k K, v uint64) bool) {
	more := true
	for i := 0; more && i < len(s.part); i++ {
		s.part[i].Range(func(k K, v uint64) bool {
			more = f(k, v)
			return more
		})
	}
}

// cow publishes a new copy of the whole map for each change of its keys or
// values.
type cow[K key] struct {
	p  atomic.Pointer[map[K]uint64]
	mu sync.Mutex // of writers: a lost race would have copied in vain
}

func newCow[K key]() *cow[K] {
	c := new(cow[K])
	c.p.Store(&map[K]uint64{})
	return c
}

func (c *cow[K]) Load(k K) (uint64, bool) {
	v, ok := (*c.p.Load())[k]
	return v, ok
}

// change applies f to a copy; the caller holds mu.
func (c *cow[K]) change(f func(m map[K]uint64)) {
	old := *c.p.Load()
	m := make(map[K]uint64, len(old)+1)
	for k, v := range old {
		m[k] = v
	}
	f(m)
	c.p.Store(&m)
}

func (c *cow[K]) Store(k K, v uint64) {
	c.mu.Lock()
	c.change(func(m map[K]uint64) { m[k] = v })
	c.mu.Unlock()
}

func (c *cow[K]) LoadOrStore(k K, v uint64) (uint64, bool) {
	if now, loaded := c.Load(k); loaded {
		return now, true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if now, loaded := c.Load(k); loaded {
		return now, true
	}
	c.change(func(m map[K]uint64) { m[k] = v })
	return v, false
}

func (c *cow[K]) LoadAndDelete(k K) (uint64, bool) {
	if _, ok := c.Load(k); !ok {
		return 0, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	v, ok := c.Load(k)
	if ok {
		c.change(func(m map[K]uint64) { delete(m, k) })
	}
	return v, ok
}

func (c *cow[K]) Delete(k K) { c.LoadAndDelete(k) }

func (c *cow[K]) Range(f func(k K, v uint64) bool) {
	for k, v := range *c.p.Load() {
		if !f(k, v) {
			return
		}
	}
}

// fill stores keys 0 to n-1 into an empty table.
func fill[K key](t table[K], n uint64) {
	c, isCow := t.(*cow[K])
	m := map[K]uint64{}
	for i := uint64(0); i < n; i++ {
		if isCow {
			m[keyOf[K](i)] = valueOf(i, n)
		} else {
			t.Store(keyOf[K](i), valueOf(i, n))
		}
	}
	if isCow {
		c.p.Store(&m)
	}
	// Until sync.Map has moved the keys to where they are read without a lock
	for i := uint64(0); i < 2*n; i++ {
		t.Load(keyOf[K](i % n))
	}
}
