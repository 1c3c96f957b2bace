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
	"strings"
	"sync"
	"testing"
	"time"
)

// Calls beside Close, and beside others who get the number of the descriptor and
// the addresses of the mapping: a call finds what is in its own map, or fails.
func TestCloseBesideCalls(t *testing.T) {
	config := Config[int, int]{Mapped: true}
	mine, theirs := newNamed(t, config), newMap(t, config)
	for key := 0; key < 10; key++ {
		must(t, mine.Store(key, 1))
		must(t, theirs.Store(key, 2))
	}
	calls := []func(m *MapOf[int, int], key int) (int, error){
		func(m *MapOf[int, int], key int) (int, error) { v, _, err := m.Load(key); return v, err },
		func(m *MapOf[int, int], key int) (int, error) {
			v, _, err := m.LoadOrStore(key, 1)
			return v, err
		},
		func(m *MapOf[int, int], key int) (v int, err error) {
			err = m.Range(func(_, value int) bool { v = value; return value == 1 })
			return v, err
		},
		func(m *MapOf[int, int], key int) (int, error) {
			b := m.Batch()
			r := b.Load(key)
			err := b.Run()
			return r.Value, err
		},
		func(m *MapOf[int, int], key int) (int, error) {
			v, _, err := m.LoadOrCompute(background, key, func(context.Context) (int, error) { return 1, nil })
			return v, err
		},
		func(m *MapOf[int, int], key int) (int, error) {
			w, err := m.Watch(WatchOptions[int]{Key: &key, Dump: true})
			if err != nil {
				return 0, err
			}
			defer w.Close()
			e, err := w.Next(background)
			return e.Value, err
		},
	}
	rounds := 60
	if testing.Short() {
		rounds = 15
	}
	for i := 0; i < rounds; i++ {
		m, err := config.Open(mine.Name())
		must(t, err)
		var wg sync.WaitGroup
		for _, call := range calls {
			wg.Add(1)
			go func(call func(m *MapOf[int, int], key int) (int, error)) {
				defer wg.Done()
				for key := 0; ; key++ {
					v, err := call(m, key%10)
					if errors.Is(err, fs.ErrClosed) {
						return
					}
					if err != nil || v != 1 {
						t.Errorf("%d, %v", v, err)
						return
					}
				}
			}(call)
		}
		for j := 0; j < i%5; j++ {
			runtime.Gosched()
		}
		must(t, m.Close())
		var others []*MapOf[int, int]
		for j := 0; j < 4; j++ {
			other := again(t, theirs)
			other.Load(j)
			others = append(others, other)
		}
		runtime.GC()
		wg.Wait()
		for _, other := range others {
			other.Close()
		}
	}
}

// count returns how many of the process's descriptors and mappings are of the
// device.
func count(t *testing.T) (n int) {
	t.Helper()
	fds, err := os.ReadDir("/proc/self/fd")
	must(t, err)
	for _, fd := range fds {
		if link, err := os.Readlink("/proc/self/fd/" + fd.Name()); err == nil && strings.Contains(link, "syncmap") {
			n++
		}
	}
	maps, err := os.ReadFile("/proc/self/maps")
	must(t, err)
	for _, line := range strings.Split(string(maps), "\n") {
		if strings.Contains(line, "syncmap") && !strings.Contains(line, os.Args[0]) {
			n++
		}
	}
	return n
}

// collected runs the collector until so many are left, or it does not help.
func collected(t *testing.T, left int) bool {
	t.Helper()
	for i := 0; i < 500; i++ {
		if count(t) == left {
			return true
		}
		runtime.GC()
		time.Sleep(time.Millisecond)
	}
	return false
}

func TestForgotten(t *testing.T) {
	m := newMap(t, Config[int, int]{Mapped: true})
	must(t, m.Store(1, 1))
	collected(t, -1)
	before := count(t)
	func() {
		for i := 0; i < 20; i++ {
			f, err := m.File(Read | Write)
			must(t, err)
			other, err := Config[int, int]{}.FromFile(f)
			must(t, err)
			f.Close()
			v, ok, err := other.Load(1)
			wantValue(t, "Load", v, ok, err, 1, true)
			_, err = other.Watch(WatchOptions[int]{})
			must(t, err)
		}
	}()
	if now := count(t); now < before+20 {
		t.Errorf("%d before, and with 20 more maps %d", before, now)
	}
	if !collected(t, before) {
		t.Errorf("%d before, and after they were forgotten %d", before, count(t))
	}
}

// A map in use is not closed, though nobody but the call knows it any more.
func TestForgottenInUse(t *testing.T) {
	m := newMap(t, Config[int, int]{Mapped: true})
	must(t, m.Store(1, 1))
	done := make(chan bool)
	var wg sync.WaitGroup
	wg.Add(1)
	go func() {
		defer wg.Done()
		for {
			select {
			case <-done:
				return
			default:
				runtime.GC()
			}
		}
	}()
	rounds := 300
	if testing.Short() {
		rounds = 50
	}
	for i := 0; i < rounds; i++ {
		f, err := m.File(Read | Write)
		must(t, err)
		other, err := Config[int, int]{Unmapped: i%2 == 0}.FromFile(f)
		must(t, err)
		f.Close()
		v, ok, err := other.Load(1)
		wantValue(t, "Load", v, ok, err, 1, true)
	}
	close(done)
	wg.Wait()
}

// More maps than a user may have, of which one at a time is in use.
func TestForgottenMaps(t *testing.T) {
	startHelperAsNobody(t, "forget").hear("all were made")
}

func init() {
	helpers["forget"] = func(*bufio.Reader, []string) {
		for i := 0; i < 600; i++ {
			m, err := Create[int, int]("")
			check(err)
			check(m.Store(i, i))
		}
		fmt.Println("all were made")
	}
}
