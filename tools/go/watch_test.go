// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause

package syncmap

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"reflect"
	"testing"
	"time"
	"unsafe"
)

func watch[K, V any](t *testing.T, m *MapOf[K, V], options WatchOptions[K]) *Watcher[K, V] {
	t.Helper()
	w, err := m.Watch(options)
	must(t, err)
	t.Cleanup(func() { w.Close() })
	return w
}

// next says what the next event is.
func next[K, V any](t *testing.T, w *Watcher[K, V]) string {
	t.Helper()
	e, err := w.Next(background)
	must(t, err)
	switch e.Type {
	case EventEntry, EventStore:
		return fmt.Sprint(e.Type, " ", e.Key, " ", e.Value)
	case EventDelete:
		return fmt.Sprint(e.Type, " ", e.Key)
	}
	return e.Type.String()
}

func TestWatch(t *testing.T) {
	m := newNamed(t, Config[string, int]{})
	must(t, m.Store("a", 1))
	all := watch(t, m, WatchOptions[string]{Dump: true})
	want(t, "all", next(t, all), "entry a 1")
	want(t, "all", next(t, all), "dumped")
	key := "b"
	one := watch(t, m, WatchOptions[string]{Key: &key})
	some := watch(t, m, WatchOptions[string]{Prefix: "a", KeysOnly: true})
	must(t, m.Store("b", 2))
	must(t, m.Store("ab", 3))
	must(t, m.Delete("b"))
	must(t, m.Clear())
	for _, wanted := range []string{"store b 2", "store ab 3", "delete b", "clear"} {
		want(t, "all", next(t, all), wanted)
	}
	for _, wanted := range []string{"store b 2", "delete b", "clear"} {
		want(t, "one", next(t, one), wanted)
	}
	for _, wanted := range []string{"store ab 0", "clear"} {
		want(t, "some", next(t, some), wanted)
	}
	must(t, m.Store("a", 4, TTL(1)))
	want(t, "all", next(t, all), "store a 4")
	want(t, "all", next(t, all), "delete a")
	must(t, Remove(m.Name()))
	want(t, "all", next(t, all), "removed")
	must(t, m.Retire())
	if e, err := all.Next(background); err != io.EOF {
		t.Errorf("retired: %v, %v", e, err)
	}
}

func TestWatchReasons(t *testing.T) {
	m := newMap(t, Config[int, int]{})
	owner := again(t, m)
	w := watch(t, m, WatchOptions[int]{})
	must(t, owner.Store(1, 1, Owned()))
	must(t, m.Store(2, 2, TTL(1)))
	must(t, owner.Close())
	events := map[int]Event[int, int]{}
	for i := 0; i < 4; i++ {
		e, err := w.Next(background)
		must(t, err)
		if e.Type == EventStore {
			if e.Key == 1 != e.Owned || !e.HasValue || e.Value != e.Key {
				t.Errorf("stored: %+v", e)
			}
			continue
		}
		events[e.Key] = e
	}
	if e := events[1]; !e.Orphaned || e.Expired || e.Evicted {
		t.Errorf("orphaned: %+v", e)
	}
	if e := events[2]; e.Orphaned || !e.Expired || e.Evicted {
		t.Errorf("expired: %+v", e)
	}
}

func TestWatchEvicted(t *testing.T) {
	m := newMap(t, Config[int, int]{Evict: true, Limits: Limits{Entries: 1}})
	w := watch(t, m, WatchOptions[int]{})
	must(t, m.Store(1, 1))
	must(t, m.Store(2, 2))
	must(t, m.Delete(2))
	// The key, and whether it was evicted, in whatever order of 1 and 2
	deleted := map[int]bool{}
	for len(deleted) < 2 {
		e, err := w.Next(background)
		must(t, err)
		if e.Expired || e.Orphaned {
			t.Errorf("%+v", e)
		}
		if e.Type == EventDelete {
			deleted[e.Key] = e.Evicted
		}
	}
	if !deleted[1] || deleted[2] {
		t.Errorf("evicted: %v", deleted)
	}
}

func TestWatchContext(t *testing.T) {
	m := newMap(t, Config[int, int]{})
	w := watch(t, m, WatchOptions[int]{})
	ctx, cancel := context.WithTimeout(background, time.Millisecond)
	defer cancel()
	if _, err := w.Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("in time: %v", err)
	}
	must(t, m.Store(1, 2))
	want(t, "after that", next(t, w), "store 1 2")
	n := 0
	w.All(ctx)(func(_ Event[int, int], err error) bool {
		n++
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("All: %v", err)
		}
		return true
	})
	want(t, "errors", n, 1)
	ctx, cancel = context.WithCancel(background)
	ended := make(chan error)
	go func() {
		_, err := w.Next(ctx)
		ended <- err
	}()
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	go func() {
		_, err := w.Next(background)
		ended <- err
	}()
	must(t, w.Close())
	if err := <-ended; !errors.Is(err, fs.ErrClosed) {
		t.Errorf("closed: %v", err)
	}
}

type doneContext struct{ context.Context }

func (doneContext) Done() <-chan struct{} {
	done := make(chan struct{})
	close(done)
	return done
}

// A context that is done when something has been read does not end later reads.
func TestReadContext(t *testing.T) {
	r, w, err := os.Pipe()
	must(t, err)
	defer r.Close()
	defer w.Close()
	b := make([]byte, 1)
	for given := 0; given < 100; {
		_, err := w.Write(b)
		must(t, err)
		if n, _ := readContext(doneContext{background}, r, b); n == 1 {
			given++
			_, err := w.Write(b)
			must(t, err)
		}
		n, err := readContext(background, r, b)
		if n != 1 || err != nil {
			t.Fatalf("after %d: %d, %v", given, n, err)
		}
	}
}

// A reader that is too slow is told so, and then what is there.
func TestWatchOverflow(t *testing.T) {
	m := newMap(t, Config[int, int]{})
	w := watch(t, m, WatchOptions[int]{Dump: true, Queue: 8192})
	want(t, "at first", next(t, w), "dumped")
	for i := 0; i < 2000; i++ {
		must(t, m.Store(i%10, i))
	}
	got := map[int]int{}
	overflow := false
	for {
		e, err := w.Next(background)
		must(t, err)
		if e.Type == EventOverflow {
			overflow = true
			got = map[int]int{}
		}
		if e.Type == EventDumped {
			break
		}
		if e.Type == EventEntry || e.Type == EventStore {
			got[e.Key] = e.Value
		}
	}
	for k := 0; k < 10; k++ {
		want(t, fmt.Sprint("key ", k), got[k], 1990+k)
	}
	want(t, "overflow", overflow, true)
}

// appendRecord adds one as a kernel of tomorrow may have it: of any type, with fields
// behind those that are known. What stands there is not zero.
func appendRecord(b []byte, typ EventType, key string, value int) []byte {
	word := uint64(value)
	r := abiRecord{data: 64, typ: uint16(typ), flags: recordValue, keyLen: uint32(len(key)),
		valueLen: 8, revision: 7, expires: never}
	r.size = uint32(pad(int(r.data) + len(key) + 8))
	if !typ.isKnown() {
		r.keyLen, r.valueLen = ^uint32(0), ^uint32(0)
	}
	record := bytes.Repeat([]byte{0xff}, int(r.size))
	copy(record, (*[unsafe.Sizeof(r)]byte)(unsafe.Pointer(&r))[:])
	copy(record[r.data:], key)
	copy(record[int(r.data)+len(key):], wordBytes(&word))
	return append(b, record...)
}

// What this version does not know is gone past, be it first, last, or all there is.
func TestUnknownRecords(t *testing.T) {
	m := newMap(t, Config[string, int]{})
	records := appendRecord(nil, 999, "x", 1)
	records = appendRecord(records, EventEntry, "a", 1)
	records = appendRecord(records, EventRemoved+1, "yy", 2)
	records = appendRecord(records, EventEntry, "bcd", 3)
	records = appendRecord(records, 0, "", 4)
	got := map[string]int{}
	goes, err := m.show(records, func(entry Entry[string, int]) bool {
		got[entry.Key] = entry.Value
		return true
	})
	if err != nil || !goes || !reflect.DeepEqual(got, map[string]int{"a": 1, "bcd": 3}) {
		t.Errorf("of a range: %v, %v, %v", got, goes, err)
	}

	read, write, err := os.Pipe()
	must(t, err)
	defer write.Close()
	w := &Watcher[string, int]{m: m, file: read, buffer: make([]byte, rangeSize)}
	defer w.Close()
	_, err = write.Write(records)
	must(t, err)
	want(t, "the first", next(t, w), "entry a 1")
	want(t, "the second", next(t, w), "entry bcd 3")
	ctx, cancel := context.WithTimeout(background, time.Millisecond)
	defer cancel()
	if e, err := w.Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("behind them: %v, %v", e, err)
	}
	_, err = write.Write(appendRecord(nil, EventStore, "e", 5))
	must(t, err)
	want(t, "after that", next(t, w), "store e 5")
}

// What the codec does not know is an error, and what follows is told.
func TestWatchDecode(t *testing.T) {
	m := newMap(t, Config[string, string]{})
	numbers := againAs(t, &MapOf[string, int]{core: core{file: m.file}}, Config[string, int]{})
	w := watch(t, numbers, WatchOptions[string]{})
	must(t, m.Store("k", "text"))
	must(t, numbers.Store("k", 1))
	if _, err := w.Next(background); !errors.Is(err, ErrType) {
		t.Errorf("text: %v", err)
	}
	want(t, "the next one", next(t, w), "store k 1")
}
