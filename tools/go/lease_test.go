// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause

package syncmap

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var background = context.Background()

func uncalled[V any](t *testing.T) func(context.Context) (V, error) {
	return func(context.Context) (v V, err error) {
		t.Error("it was computed")
		return v, nil
	}
}

// Of all goroutines of some processes, one computes each value.
func TestLoadOrComputeOnce(t *testing.T) {
	const processes, keys = 3, 20
	m := newNamed(t, Config[int, string]{Mapped: true})
	var all []*helper
	for i := 0; i < processes; i++ {
		all = append(all, startHelper(t, "compute", m.Name(), strconv.Itoa(i), strconv.Itoa(keys)))
	}
	for _, h := range all {
		h.hear("ready")
	}
	for _, h := range all {
		h.tell("go")
	}
	for _, h := range all {
		h.hear("done")
	}
	counts := again(t, &MapOf[int, uint64]{core: core{file: m.file}})
	for key := 0; key < keys; key++ {
		n, ok, err := counts.Load(-1 - key)
		wantValue(t, "computations", n, ok, err, 1, true)
	}
}

func init() {
	helpers["compute"] = func(in *bufio.Reader, args []string) {
		m, err := Open[int, string](args[0])
		check(err)
		counts, err := Open[int, uint64](args[0])
		check(err)
		keys, err := strconv.Atoi(args[2])
		check(err)
		fmt.Println("ready")
		in.ReadString('\n')
		var wg sync.WaitGroup
		for g := 0; g < 4; g++ {
			wg.Add(1)
			go func() {
				defer wg.Done()
				for key := 0; key < keys; key++ {
					v, _, err := m.LoadOrCompute(background, key, func(context.Context) (string, error) {
						_, err := Add(counts, -1-key, 1)
						return fmt.Sprint("value ", key), err
					})
					check(err)
					if v != fmt.Sprint("value ", key) {
						check(fmt.Errorf("%d: %q", key, v))
					}
				}
			}()
		}
		wg.Wait()
		fmt.Println("done")
	}
}

// More goroutines than a descriptor may have leases
func TestLoadOrComputeMany(t *testing.T) {
	m := newMap(t, Config[string, int]{})
	end := holdLease(t, m, "k")
	const callers = 2000
	var begun atomic.Int64
	var wg sync.WaitGroup
	for g := 0; g < callers; g++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			begun.Add(1)
			v, loaded, err := m.LoadOrCompute(background, "k", uncalled[int](t))
			if v != 1 || !loaded || err != nil {
				t.Errorf("%d, %v, %v", v, loaded, err)
			}
		}()
	}
	for begun.Load() < callers {
		runtime.Gosched()
	}
	for i := 0; i < 100; i++ {
		runtime.Gosched()
	}
	end(1)
	wg.Wait()
}

// The one who computes fails, or panics, and the next one does it.
func TestLoadOrComputeFails(t *testing.T) {
	m := newMap(t, Config[string, int]{})
	bad := errors.New("bad luck")
	var tries atomic.Int64
	compute := func(context.Context) (int, error) {
		switch tries.Add(1) {
		case 1:
			return 0, bad
		case 2:
			panic(bad)
		}
		return 7, nil
	}
	var failed, panicked, computed, loaded atomic.Int64
	var wg sync.WaitGroup
	for g := 0; g < 8; g++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			defer func() {
				if recover() != nil {
					panicked.Add(1)
				}
			}()
			v, was, err := m.LoadOrCompute(background, "k", compute)
			switch {
			case err == bad:
				failed.Add(1)
			case err != nil || v != 7:
				t.Errorf("%d, %v", v, err)
			case was:
				loaded.Add(1)
			default:
				computed.Add(1)
			}
		}()
	}
	wg.Wait()
	if failed.Load() != 1 || panicked.Load() != 1 || computed.Load() != 1 || loaded.Load() != 5 {
		t.Errorf("%d failed, %d panicked, %d computed, %d loaded",
			failed.Load(), panicked.Load(), computed.Load(), loaded.Load())
	}
}

// holdLease computes the value of a key until the function that it returns is
// called, which returns when that is stored, or not.
func holdLease(t *testing.T, m *MapOf[string, int], key string, options ...Option) (end func(v int)) {
	t.Helper()
	begun, value, over := make(chan bool), make(chan int), make(chan bool)
	go func() {
		defer close(over)
		_, _, err := m.LoadOrCompute(background, key, func(context.Context) (int, error) {
			close(begun)
			return <-value, nil
		}, options...)
		if err != nil && !errors.Is(err, fs.ErrClosed) {
			t.Error(err)
		}
	}()
	<-begun
	return func(v int) {
		value <- v
		<-over
	}
}

// inLine waits until a goroutine of this process stands in line for a lease.
func inLine(t *testing.T) {
	t.Helper()
	const files = "/proc/self/fd/"
	for ; ; runtime.Gosched() {
		open, err := os.ReadDir(files)
		must(t, err)
		for _, file := range open {
			// One that is closed by now is none
			if name, _ := os.Readlink(files + file.Name()); strings.Contains(name, "syncmap-await") {
				return
			}
		}
	}
}

func TestLoadOrComputeContext(t *testing.T) {
	m := newMap(t, Config[string, int]{})
	end := holdLease(t, m, "k")
	ctx, cancel := context.WithCancel(background)
	waits := make(chan error)
	go func() {
		_, _, err := m.LoadOrCompute(ctx, "k", uncalled[int](t))
		waits <- err
	}()
	inLine(t)
	cancel()
	if err := <-waits; !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	ctx, cancel = context.WithTimeout(background, time.Millisecond)
	defer cancel()
	if _, _, err := m.LoadOrCompute(ctx, "k", uncalled[int](t)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("in time: %v", err)
	}
	end(1)
	v, loaded, err := m.LoadOrCompute(ctx, "k", uncalled[int](t))
	wantValue(t, "present, whatever the context is", v, loaded, err, 1, true)
}

// What is stored or deleted meanwhile is not replaced by what was computed before.
func TestLoadOrComputeOutdated(t *testing.T) {
	m := newMap(t, Config[string, int]{})
	end := holdLease(t, m, "stored")
	must(t, m.Store("stored", 2))
	end(1)
	v, ok, err := m.Load("stored")
	wantValue(t, "stored", v, ok, err, 2, true)
	end = holdLease(t, m, "deleted")
	must(t, m.Delete("deleted"))
	end(1)
	v, ok, err = m.Load("deleted")
	wantValue(t, "deleted", v, ok, err, 0, false)
}

func TestLoadOrComputeLeaseFor(t *testing.T) {
	m := newMap(t, Config[string, int]{})
	end := holdLease(t, m, "k", LeaseFor(time.Millisecond))
	v, loaded, err := m.LoadOrCompute(background, "k", func(context.Context) (int, error) { return 2, nil }, TTL(time.Hour))
	wantValue(t, "the next one", v, loaded, err, 2, false)
	end(1)
	entry, ok, err := m.LoadEntry("k")
	wantValue(t, "what is there", entry.Value, ok, err, 2, true)
	if entry.TTL > time.Hour {
		t.Errorf("it lives for %v", entry.TTL)
	}
}

func TestLoadOrComputeStale(t *testing.T) {
	m := newMap(t, Config[string, int]{Stale: time.Hour})
	must(t, m.Store("k", 1, TTL(1)))
	end := holdLease(t, m, "k")
	v, loaded, err := m.LoadOrCompute(background, "k", uncalled[int](t), AllowStale())
	wantValue(t, "the stale value", v, loaded, err, 1, true)
	end(2)
	v, loaded, err = m.LoadOrCompute(background, "k", uncalled[int](t), AllowStale())
	wantValue(t, "the new value", v, loaded, err, 2, true)
}

// Who computes, and has the map open, is killed.
func TestLoadOrComputeKilled(t *testing.T) {
	m := newNamed(t, Config[string, int]{})
	h := startHelper(t, "hang", m.Name())
	h.hear("computing")
	var wg sync.WaitGroup
	var computed atomic.Int64
	for g := 0; g < 3; g++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			v, _, err := m.LoadOrCompute(background, "k", func(context.Context) (int, error) {
				computed.Add(1)
				return 3, nil
			})
			if v != 3 || err != nil {
				t.Errorf("%d, %v", v, err)
			}
		}()
	}
	v, ok, err := m.Load("owned")
	wantValue(t, "owned", v, ok, err, 1, true)
	h.kill()
	wg.Wait()
	want(t, "computed", computed.Load(), 1)
	v, ok, err = m.Load("owned")
	wantValue(t, "owned", v, ok, err, 0, false)
}

func init() {
	helpers["hang"] = func(in *bufio.Reader, args []string) {
		m, err := Open[string, int](args[0])
		check(err)
		check(m.Store("owned", 1, Owned()))
		m.LoadOrCompute(background, "k", func(context.Context) (int, error) {
			fmt.Println("computing")
			in.ReadString('\n')
			return 0, nil
		})
	}
}

// The map is closed, or frozen, while somebody waits.
func TestLoadOrComputeEnds(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(m *MapOf[string, int]) error
		err  error
	}{
		{"close", func(m *MapOf[string, int]) error { return m.Close() }, fs.ErrClosed},
		{"freeze", func(m *MapOf[string, int]) error { return m.Freeze() }, ErrFrozen},
	} {
		m, err := Create[string, int]("")
		must(t, err)
		holder := again(t, m)
		end := holdLease(t, holder, "k")
		waits := make(chan error)
		go func() {
			_, _, err := m.LoadOrCompute(background, "k", uncalled[int](t))
			waits <- err
		}()
		must(t, c.end(m))
		if err := <-waits; !errors.Is(err, c.err) {
			t.Errorf("%s: %v", c.name, err)
		}
		if c.name == "close" {
			end(1)
		}
	}
}
