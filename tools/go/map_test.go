// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause

package syncmap

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"math/rand"
	"os"
	"reflect"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
)

// What is asked of sync.Map, of today's Go, is asked of Map.
type mapInterface interface {
	Load(key any) (value any, ok bool)
	Store(key, value any)
	LoadOrStore(key, value any) (actual any, loaded bool)
	LoadAndDelete(key any) (value any, loaded bool)
	Delete(key any)
	Swap(key, value any) (previous any, loaded bool)
	CompareAndSwap(key, old, new any) (swapped bool)
	CompareAndDelete(key, old any) (deleted bool)
	Range(f func(key, value any) (shouldContinue bool))
	Clear()
}

var _ mapInterface = (*Map)(nil)

// A plainMap is what the results are compared with.
type plainMap map[any]any

func (m plainMap) Load(key any) (any, bool) { v, ok := m[key]; return v, ok }
func (m plainMap) Store(key, value any)     { m[key] = value }
func (m plainMap) Delete(key any)           { delete(m, key) }

func (m plainMap) LoadOrStore(key, value any) (any, bool) {
	if v, ok := m[key]; ok {
		return v, true
	}
	m[key] = value
	return value, false
}

func (m plainMap) LoadAndDelete(key any) (any, bool) {
	v, ok := m[key]
	delete(m, key)
	return v, ok
}

func (m plainMap) Swap(key, value any) (any, bool) {
	v, ok := m[key]
	m[key] = value
	return v, ok
}

func (m plainMap) CompareAndSwap(key, old, new any) bool {
	v, ok := m[key]
	if !ok || v != old {
		return false
	}
	m[key] = new
	return true
}

func (m plainMap) CompareAndDelete(key, old any) bool {
	v, ok := m[key]
	if !ok || v != old {
		return false
	}
	delete(m, key)
	return true
}

func (m plainMap) Range(f func(key, value any) bool) {
	for k, v := range m {
		if !f(k, v) {
			break
		}
	}
}

func (m plainMap) Clear() {
	for k := range m {
		delete(m, k)
	}
}

type point struct{ X, Y int }

func init() { Register(point{}) }

// Of several types that look alike
var someThings = []any{
	nil, false, true, 0, 1, int8(1), int64(1), uint64(1), 1.5, float32(1.5),
	"", "1", "a:b", "nil:", struct{}{}, point{1, 2}, point{2, 1}, "\x00\xff",
}

func thing(r *rand.Rand) any { return someThings[r.Intn(len(someThings))] }

// aCall is one operation, and its results
func aCall(r *rand.Rand) func(m mapInterface) []any {
	k, v, w := thing(r), thing(r), thing(r)
	two := func(a any, b bool) []any { return []any{a, b} }
	switch r.Intn(20) {
	case 0:
		return func(m mapInterface) []any { m.Clear(); return nil }
	case 1, 2, 3, 4:
		return func(m mapInterface) []any { m.Store(k, v); return nil }
	case 5, 6:
		return func(m mapInterface) []any { return two(m.LoadOrStore(k, v)) }
	case 7:
		return func(m mapInterface) []any { return two(m.LoadAndDelete(k)) }
	case 8:
		return func(m mapInterface) []any { m.Delete(k); return nil }
	case 9, 10:
		return func(m mapInterface) []any { return two(m.Swap(k, v)) }
	case 11, 12, 13:
		return func(m mapInterface) []any { return []any{m.CompareAndSwap(k, v, w)} }
	case 14:
		return func(m mapInterface) []any { return []any{m.CompareAndDelete(k, v)} }
	default:
		return func(m mapInterface) []any { return two(m.Load(k)) }
	}
}

func contents(m mapInterface) map[any]any {
	all := map[any]any{}
	m.Range(func(k, v any) bool {
		if _, twice := all[k]; twice {
			panic(fmt.Sprintf("%v was visited twice", k))
		}
		all[k] = v
		return true
	})
	return all
}

func TestMapMatchesPlain(t *testing.T) {
	for seed := int64(0); seed < 40; seed++ {
		r := rand.New(rand.NewSource(seed))
		m, plain := new(Map), plainMap{}
		for i := 0; i < 100; i++ {
			call := aCall(r)
			got, wanted := call(m), call(plain)
			if !reflect.DeepEqual(got, wanted) {
				t.Fatalf("seed %d, call %d: %v; wanted %v", seed, i, got, wanted)
			}
		}
		if got, wanted := contents(m), contents(plain); !reflect.DeepEqual(got, wanted) {
			t.Fatalf("seed %d: %v; wanted %v", seed, got, wanted)
		}
		must(t, m.Close())
	}
}

func TestMapNil(t *testing.T) {
	var m Map
	defer m.Close()
	if m.CompareAndDelete("k", nil) || m.CompareAndSwap("k", nil, 1) {
		t.Fatal("an absent key is not nil")
	}
	m.Store("k", nil)
	if v, ok := m.Load("k"); v != nil || !ok {
		t.Fatalf("nil was stored, and %v, %v loaded", v, ok)
	}
	if v, loaded := m.LoadOrStore("k", 1); v != nil || !loaded {
		t.Fatalf("LoadOrStore: %v, %v", v, loaded)
	}
	if !m.CompareAndSwap("k", nil, 2) || !m.CompareAndSwap("k", 2, nil) {
		t.Fatal("nil was not swapped")
	}
	if v, loaded := m.Swap("k", 3); v != nil || !loaded {
		t.Fatalf("Swap: %v, %v", v, loaded)
	}
	m.Store(nil, "v")
	if v, ok := m.Load(nil); v != "v" || !ok {
		t.Fatalf("the key nil: %v, %v", v, ok)
	}
	m.Store("k", nil)
	if !m.CompareAndDelete("k", nil) {
		t.Fatal("nil was not deleted")
	}
}

func TestMapCompareAndSwapAbsent(t *testing.T) {
	var m Map
	defer m.Close()
	if m.CompareAndSwap(m.Name, nil, 42) {
		t.Fatal("CompareAndSwap of an absent key has swapped")
	}
	if v, ok := m.Load(m.Name); ok {
		t.Fatalf("and stored %v", v)
	}
}

// A Range in a Range, with all that is done beside it
func TestMapRangeNested(t *testing.T) {
	var m Map
	defer m.Close()
	for i, v := range []string{"hello", "world", "Go"} {
		m.Store(i, v)
	}
	m.Range(func(key, value any) bool {
		m.Range(func(key, value any) bool {
			if v, ok := m.Load(key); !ok || v != value {
				t.Fatalf("Load(%v): %v, %v; wanted %v", key, v, ok, value)
			}
			if _, loaded := m.LoadOrStore(42, "dummy"); loaded {
				t.Fatal("42 is still there")
			}
			m.Store(42, "Map")
			if v, loaded := m.LoadAndDelete(42); !loaded || v != "Map" {
				t.Fatalf("LoadAndDelete(42): %v, %v", v, loaded)
			}
			return true
		})
		m.Delete(key)
		return true
	})
	want(t, "what is left", len(contents(&m)), 0)
}

func TestMapRangeStops(t *testing.T) {
	var m Map
	defer m.Close()
	for i := 0; i < 10; i++ {
		m.Store(i, i)
	}
	n := 0
	m.Range(func(_, _ any) bool { n++; return n < 3 })
	want(t, "visited", n, 3)
}

// A Range beside stores sees each key once, with a value that it has had.
func TestMapConcurrentRange(t *testing.T) {
	const size = 1 << 9
	m := &Map{}
	defer m.Close()
	for n := int64(1); n <= size; n++ {
		m.Store(n, n)
	}
	var wg sync.WaitGroup
	var done atomic.Bool
	for g := int64(runtime.GOMAXPROCS(0)); g > 0; g-- {
		wg.Add(1)
		go func(r *rand.Rand, g int64) {
			defer wg.Done()
			for i := int64(0); !done.Load(); i++ {
				n := r.Int63n(size) + 1
				m.Store(n, n*i*g)
				m.Load(n)
			}
		}(rand.New(rand.NewSource(g)), g)
	}
	for i := 0; i < 16; i++ {
		seen := map[int64]bool{}
		m.Range(func(ki, vi any) bool {
			k, v := ki.(int64), vi.(int64)
			if v%k != 0 {
				t.Errorf("of multiples of %d Range saw %d", k, v)
			}
			if seen[k] {
				t.Errorf("Range visited %d twice", k)
			}
			seen[k] = true
			return true
		})
		if len(seen) != size {
			t.Errorf("Range visited %d of %d", len(seen), size)
		}
	}
	done.Store(true)
	wg.Wait()
}

// A key has what was stored last, or nothing, beside any number of Clears.
func TestMapConcurrentClear(t *testing.T) {
	const writers = 4
	m := &Map{}
	defer m.Close()
	var wg sync.WaitGroup
	for g := 0; g < writers; g++ {
		wg.Add(1)
		go func(g int) {
			defer wg.Done()
			for i := 0; i < 200; i++ {
				m.Store(g, i)
				if v, ok := m.Load(g); ok && v != i {
					t.Errorf("%v, after %d was stored", v, i)
				}
			}
		}(g)
	}
	for i := 0; i < 50; i++ {
		m.Clear()
	}
	wg.Wait()
	m.Clear()
	want(t, "what is left", len(contents(m)), 0)
}

// All operations at once, for the race detector; and each count is right.
func TestMapRaces(t *testing.T) {
	const workers, rounds = 4, 100
	m := &Map{}
	defer m.Close()
	m.Store("count", 0)
	var stored, taken atomic.Int64
	var wg sync.WaitGroup
	for g := 0; g < workers; g++ {
		wg.Add(1)
		go func(r *rand.Rand, g int) {
			defer wg.Done()
			for i := 0; i < rounds; i++ {
				for {
					n, _ := m.Load("count")
					if m.CompareAndSwap("count", n, n.(int)+1) {
						break
					}
				}
				if _, loaded := m.LoadOrStore(point{i, 0}, g); !loaded {
					stored.Add(1)
				}
				if _, loaded := m.LoadAndDelete(point{i, 0}); loaded {
					taken.Add(1)
				}
				k := thing(r)
				if k == "count" {
					continue
				}
				m.Swap(k, g)
				m.CompareAndDelete(k, g)
				m.Range(func(k, v any) bool { return r.Intn(4) != 0 })
				m.Delete(k)
			}
		}(rand.New(rand.NewSource(int64(g))), g)
	}
	wg.Wait()
	if n, _ := m.Load("count"); n != workers*rounds {
		t.Errorf("%v of %d were counted", n, workers*rounds)
	}
	if stored.Load() != taken.Load() {
		t.Errorf("%d were stored, and %d taken", stored.Load(), taken.Load())
	}
}

// The one line that makes a map shared.
func TestMapShared(t *testing.T) {
	name := fmt.Sprintf("go.shared.%d", os.Getpid())
	defer Remove(name)
	h := startHelper(t, "shared", name)
	h.hear("stored")
	m := &Map{Name: name}
	defer m.Close()
	if v, ok := m.Load("greeting"); v != "hello" || !ok {
		t.Fatalf("%v, %v", v, ok)
	}
	m.Store(point{3, 4}, 5)
	h.tell("look")
	h.hear("5")
}

func init() {
	helpers["shared"] = func(in *bufio.Reader, args []string) {
		m := &Map{Name: args[0]}
		m.Store("greeting", "hello")
		fmt.Println("stored")
		in.ReadString('\n')
		v, _ := m.Load(point{3, 4})
		fmt.Println(v)
	}
}

type unknown struct{}

func TestMapErrors(t *testing.T) {
	func() {
		defer func() {
			err, _ := recover().(error)
			if !errors.Is(err, ErrType) {
				t.Errorf("a type that is not registered: %v", err)
			}
		}()
		new(Map).Store("k", unknown{})
	}()
	var got error
	m := &Map{Name: "no/name", OnError: func(err error) { got = err }}
	m.Store("k", 1)
	if v, ok := m.Load("k"); got == nil || v != nil || ok {
		t.Errorf("a map that cannot be: %v, %v, %v", v, ok, got)
	}
	if v, loaded := m.LoadOrStore("k", 1); v != 1 || loaded {
		t.Errorf("LoadOrStore: %v, %v", v, loaded)
	}
	closed := &Map{Name: "go.never.made", OnError: func(err error) { got = err }}
	must(t, closed.Close())
	if _, err := Open[any, any](closed.Name); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("made to be closed: %v", err)
	}
	closed.Range(func(_, _ any) bool { return true })
	if !errors.Is(got, fs.ErrClosed) {
		t.Errorf("a closed map: %v", got)
	}
}
