// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause

package syncmap

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// All operations, with keys and values of some types
func operations[K, V any](t *testing.T, k, absent K, a, b V) {
	m := newMap(t, Config[K, V]{})
	var zero V
	v, ok, err := m.Load(k)
	wantValue(t, "Load", v, ok, err, zero, false)
	must(t, m.Store(k, a))
	v, ok, err = m.Load(k)
	wantValue(t, "Load", v, ok, err, a, true)
	v, ok, err = m.LoadOrStore(k, b)
	wantValue(t, "LoadOrStore", v, ok, err, a, true)
	v, ok, err = m.Swap(k, b)
	wantValue(t, "Swap", v, ok, err, a, true)
	ok, err = m.CompareAndSwap(k, a, b)
	wantValue(t, "CompareAndSwap", zero, ok, err, zero, false)
	ok, err = m.CompareAndSwap(k, b, a)
	wantValue(t, "CompareAndSwap", zero, ok, err, zero, true)
	ok, err = m.CompareAndSwap(absent, zero, a)
	wantValue(t, "CompareAndSwap of an absent key", zero, ok, err, zero, false)
	ok, err = m.CompareAndDelete(k, b)
	wantValue(t, "CompareAndDelete", zero, ok, err, zero, false)
	ok, err = m.CompareAndDelete(k, a)
	wantValue(t, "CompareAndDelete", zero, ok, err, zero, true)
	v, ok, err = m.Swap(k, a)
	wantValue(t, "Swap", v, ok, err, zero, false)
	v, ok, err = m.LoadAndDelete(k)
	wantValue(t, "LoadAndDelete", v, ok, err, a, true)
	v, ok, err = m.LoadAndDelete(k)
	wantValue(t, "LoadAndDelete", v, ok, err, zero, false)
	v, ok, err = m.LoadOrStore(k, b)
	wantValue(t, "LoadOrStore", v, ok, err, b, false)
	must(t, m.Range(func(key K, value V) bool {
		if !reflect.DeepEqual(key, k) || !reflect.DeepEqual(value, b) {
			t.Errorf("Range: %v, %v", key, value)
		}
		return true
	}))
	n, err := m.Len()
	wantValue(t, "Len", n, true, err, 1, true)
	must(t, m.Delete(k))
	must(t, m.Delete(k))
	must(t, m.Store(k, a))
	must(t, m.Clear())
	n, err = m.Len()
	wantValue(t, "Len", n, true, err, 0, true)
}

func TestOperations(t *testing.T) {
	t.Run("integers", func(t *testing.T) { operations(t, 7, -7, uint64(1), 2) })
	t.Run("small integers", func(t *testing.T) { operations(t, int8(-1), 1, uint16(1), 2) })
	t.Run("strings", func(t *testing.T) { operations(t, "k", "", "a", strings.Repeat("b", 3000)) })
	t.Run("structs", func(t *testing.T) { operations(t, point{1, 2}, point{}, point{3, 4}, point{5, 6}) })
	t.Run("any", func(t *testing.T) { operations[any, any](t, 1, "1", nil, 2.5) })
	t.Run("floats", func(t *testing.T) { operations(t, 1.5, 2.5, true, false) })
}

func TestBytes(t *testing.T) {
	m := newMap(t, Config[[]byte, []byte]{})
	for _, value := range [][]byte{{}, []byte("a\x00b"), bytes.Repeat([]byte("x"), 50000)} {
		must(t, m.Store([]byte("k\x00"), value))
		v, ok, err := m.Load([]byte("k\x00"))
		if err != nil || !ok || !bytes.Equal(v, value) {
			t.Fatalf("%d bytes became %d, %v, %v", len(value), len(v), ok, err)
		}
	}
	must(t, m.Append([]byte("log"), []byte("one")))
	must(t, m.Append([]byte("log"), []byte("two")))
	v, _, err := m.Load([]byte("log"))
	wantValue(t, "Append", string(v), true, err, "onetwo", true)
	must(t, m.Store(nil, []byte("empty")))
	v, _, err = m.Load([]byte{})
	wantValue(t, "the empty key", string(v), true, err, "empty", true)
}

func TestOwnCodec(t *testing.T) {
	backwards := func(b []byte) string {
		r := make([]byte, len(b))
		for i := range b {
			r[len(b)-1-i] = b[i]
		}
		return string(r)
	}
	codec := Codec[string]{
		Kind: KindText,
		Append: func(to []byte, v string) ([]byte, error) {
			if v == "bad" {
				return nil, errors.New("bad indeed")
			}
			return append(to, backwards([]byte(v))...), nil
		},
		Decode: func(b []byte) (string, error) { return backwards(b), nil },
	}
	m := newNamed(t, Config[string, string]{Keys: codec, Values: codec})
	must(t, m.Store("abc", "def"))
	v, ok, err := m.Load("abc")
	wantValue(t, "Load", v, ok, err, "def", true)
	plain := again(t, &MapOf[string, string]{core: core{file: m.file}})
	v, ok, err = plain.Load("cba")
	wantValue(t, "what is there", v, ok, err, "fed", true)
	if err := m.Store("k", "bad"); err == nil || !strings.Contains(err.Error(), "bad indeed") {
		t.Errorf("%v", err)
	}
	if _, _, err := m.Load("bad"); err == nil {
		t.Error("a key that cannot be encoded")
	}
}

func TestRevisions(t *testing.T) {
	for _, mapped := range []bool{false, true} {
		m := newMap(t, Config[string, int]{Mapped: mapped})
		must(t, m.Store("k", 1))
		first, ok, err := m.LoadEntry("k")
		wantValue(t, "LoadEntry", first.Value, ok, err, 1, true)
		want(t, "TTL", first.TTL, Forever)
		same, ok, err := m.LoadNewer("k", first.Revision)
		wantValue(t, "LoadNewer", same.Value, ok, err, 0, true)
		must(t, m.Store("k", 2))
		must(t, m.Store("k", 1))
		newer, ok, err := m.LoadNewer("k", first.Revision)
		wantValue(t, "LoadNewer", newer.Value, ok, err, 1, true)
		if newer.Revision <= first.Revision {
			t.Errorf("revision %d after %d", newer.Revision, first.Revision)
		}
		_, ok, err = m.LoadNewer("absent", 0)
		wantValue(t, "LoadNewer", 0, ok, err, 0, false)
		ok, err = m.CompareAndSwapRevision("k", first.Revision, 3)
		wantValue(t, "CompareAndSwapRevision", 0, ok, err, 0, false)
		ok, err = m.CompareAndSwapRevision("k", newer.Revision, 3)
		wantValue(t, "CompareAndSwapRevision", 0, ok, err, 0, true)
		ok, err = m.CompareAndDeleteRevision("k", newer.Revision)
		wantValue(t, "CompareAndDeleteRevision", 0, ok, err, 0, false)
		last, _, err := m.LoadEntry("k")
		must(t, err)
		ok, err = m.CompareAndDeleteRevision("k", last.Revision)
		wantValue(t, "CompareAndDeleteRevision", 0, ok, err, 0, true)
	}
}

func TestTTL(t *testing.T) {
	for _, mapped := range []bool{false, true} {
		m := newMap(t, Config[string, string]{Mapped: mapped, TTL: time.Hour})
		ttl := func(key string) time.Duration {
			entry, _, err := m.LoadEntry(key)
			must(t, err)
			return entry.TTL
		}
		must(t, m.Store("k", "v"))
		if d := ttl("k"); d <= 0 || d > time.Hour {
			t.Errorf("the map's default is %v", d)
		}
		must(t, m.Store("k", "v", TTL(48*time.Hour)))
		if d := ttl("k"); d <= time.Hour || d > 48*time.Hour {
			t.Errorf("two days are %v", d)
		}
		v, ok, err := m.Touch("k", Forever)
		wantValue(t, "Touch", v, ok, err, "v", true)
		want(t, "for ever", ttl("k"), Forever)
		must(t, m.Store("k", "v", TTL(Forever)))
		want(t, "for ever", ttl("k"), Forever)
		v, ok, err = m.Touch("k", time.Hour)
		wantValue(t, "Touch", v, ok, err, "v", true)
		for _, past := range []time.Duration{1, 0, -time.Hour} {
			must(t, m.Store("k", "v", TTL(past)))
			v, ok, err = m.Load("k")
			wantValue(t, "expired", v, ok, err, "", false)
		}
		_, ok, err = m.Touch("k", time.Hour)
		wantValue(t, "Touch", 0, ok, err, 0, false)
		must(t, m.Store("soon", "v", TTL(time.Millisecond)))
		for ok := true; ok; {
			_, ok, err = m.Load("soon")
			must(t, err)
		}
	}
}

func TestLastOption(t *testing.T) {
	f := &frame{}
	f.apply([]Option{TTL(1), TTL(2), LeaseFor(1), LeaseFor(2), Keep()})
	want(t, "deadline", f.op.deadline, 2)
	want(t, "lease", f.op.leaseFor, 2)
}

func TestOwned(t *testing.T) {
	m := newMap(t, Config[string, string]{Mapped: true})
	owner := again(t, m)
	must(t, owner.Store("mine", "1", Owned()))
	must(t, owner.Store("ours", "1", Owned()))
	must(t, m.Store("ours", "2"))
	entry, ok, err := m.LoadEntry("mine")
	wantValue(t, "LoadEntry", entry.Owned, ok, err, true, true)
	must(t, owner.Close())
	_, ok, err = m.Load("mine")
	wantValue(t, "mine", 0, ok, err, 0, false)
	v, ok, err := m.Load("ours")
	wantValue(t, "ours", v, ok, err, "2", true)
}

// A map that evicts is never full, and what is kept stays.
func TestEvict(t *testing.T) {
	m := mappedMap(t, Config[string, int]{Evict: true, Limits: Limits{Entries: 100}})
	must(t, m.Store("kept", -1, Keep()))
	for i := 0; i < 1000; i++ {
		must(t, m.Store(strconv.Itoa(i), i))
	}
	v, ok, err := m.Load("kept")
	wantValue(t, "kept", v, ok, err, -1, true)
	v, ok, err = m.Load("999")
	wantValue(t, "the last one", v, ok, err, 999, true)
	info, err := m.Info()
	if err != nil || !info.Evicts || info.Count > 100 {
		t.Errorf("%+v, %v", info, err)
	}
	seen := false
	for i := 0; i < 10000; i++ {
		seen = seen || m.viewToLoad() == nil
	}
	want(t, "loads that the kernel sees", seen, true)
	info, err = newMap(t, Config[string, int]{}).Info()
	if err != nil || info.Evicts {
		t.Errorf("%+v, %v", info, err)
	}
}

// Who looks at entries, or waits for them, sees what is never evicted.
func TestKept(t *testing.T) {
	m := newMap(t, Config[string, int]{Evict: true})
	w := watch(t, m, WatchOptions[string]{})
	must(t, m.Store("kept", 1, Keep()))
	must(t, m.Store("other", 1))
	see := func(what string, entry Entry[string, int], err error) {
		must(t, err)
		want(t, what+" "+entry.Key, entry.Kept, entry.Key == "kept")
	}
	for i := 0; i < 2; i++ {
		event, err := w.Next(background)
		see("Watch", event.Entry, err)
	}
	n := 0
	for _, all := range []func(func(Entry[string, int], error) bool){m.All(), m.Keys()} {
		all(func(entry Entry[string, int], err error) bool {
			see("All", entry, err)
			n++
			return true
		})
	}
	want(t, "seen", n, 4)
}

func TestNumbers(t *testing.T) {
	m := newMap(t, Config[string, int64]{})
	n, err := Add(m, "n", 5)
	wantValue(t, "Add", n, true, err, 5, true)
	n, err = Add(m, "n", -2)
	wantValue(t, "Add", n, true, err, 3, true)
	n, err = Add(m, "n", -4)
	if !errors.Is(err, ErrRange) || n != 3 {
		t.Errorf("below zero: %d, %v", n, err)
	}
	n, err = Add(m, "n", 8, AtMost(10))
	if !errors.Is(err, ErrRange) || n != 3 {
		t.Errorf("past the bound: %d, %v", n, err)
	}
	n, err = Add(m, "n", 7, AtMost(10))
	wantValue(t, "Add", n, true, err, 10, true)
	n, err = Max(m, "n", 12)
	wantValue(t, "Max", n, true, err, 12, true)
	n, err = Min(m, "n", 6)
	wantValue(t, "Min", n, true, err, 6, true)
	n, err = Or(m, "n", 9)
	wantValue(t, "Or", n, true, err, 15, true)
	n, err = And(m, "n", 5)
	wantValue(t, "And", n, true, err, 5, true)
	n, err = Xor(m, "n", 1)
	wantValue(t, "Xor", n, true, err, 4, true)
	n, err = Max(m, "high", 12)
	wantValue(t, "Max of an absent key", n, true, err, 12, true)
	n, err = Min(m, "low", 12)
	wantValue(t, "Min of an absent key", n, true, err, 12, true)
	_, err = Add(m, "limited", 1, TTL(time.Hour))
	must(t, err)
	entry, _, err := m.LoadEntry("limited")
	if err != nil || entry.TTL > time.Hour {
		t.Errorf("%v, %v", entry.TTL, err)
	}
	words := newMap(t, Config[string, string]{})
	must(t, words.Store("k", "abc"))
	other := againAs(t, &MapOf[string, int8]{core: core{file: words.file}}, Config[string, int8]{})
	if _, err := Add(other, "k", 1); !errors.Is(err, ErrType) {
		t.Errorf("of text: %v", err)
	}
	_, err = Add(other, "small", 127)
	must(t, err)
	if n, err := Add(other, "small", 1); !errors.Is(err, ErrRange) {
		t.Errorf("too large for int8: %d, %v", n, err)
	}
	small, ok, err := other.Load("small")
	wantValue(t, "what was too large", small, ok, err, 127, true)
	for name, f := range map[string]func(m *MapOf[string, int8], key string, n int8, options ...Option) (int8, error){
		"Min": Min[string, int8], "Max": Max[string, int8], "Or": Or[string, int8], "Xor": Xor[string, int8],
	} {
		if n, err := f(other, "small", -5); !errors.Is(err, ErrRange) || n != 127 {
			t.Errorf("%s of -5: %d, %v", name, n, err)
		}
	}
	small, err = And(other, "small", ^1)
	wantValue(t, "And of all bits but one", small, true, err, 126, true)
	small, err = And(other, "all", ^1)
	wantValue(t, "And of an absent key", small, true, err, 126, true)
}

// Each bound is for the numbers that may pass it.
func TestBounds(t *testing.T) {
	m := newMap(t, Config[string, int]{})
	for _, c := range []struct{ delta, want int }{{5, 5}, {-1, 4}, {6, 10}, {1, 10}, {-7, 3}, {-2, 3}, {-1, 2}, {-1, 2}} {
		before, _, err := m.Load("n")
		must(t, err)
		n, err := Add(m, "n", c.delta, AtLeast(2), AtMost(10))
		if n != c.want || (n == before) != errors.Is(err, ErrRange) {
			t.Errorf("%d and %d: %d, %v", before, c.delta, n, err)
		}
	}
	n, err := Add(m, "n", 1, AtLeast(5))
	wantValue(t, "up, below what is the least", n, true, err, 3, true)
	n, err = Add(m, "n", -1, AtMost(1))
	wantValue(t, "down, above what is the most", n, true, err, 2, true)
	if err := m.Store("n", 1, AtMost(1)); !errors.Is(err, syscall.EOPNOTSUPP) {
		t.Errorf("Store with a bound: %v", err)
	}
}

// Each of many is counted, by any number of goroutines.
func TestCount(t *testing.T) {
	m := newMap(t, Config[int, uint64]{})
	var wg sync.WaitGroup
	for g := 0; g < 4; g++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := 0; i < 250; i++ {
				if _, err := Add(m, i%5, 1); err != nil {
					t.Error(err)
				}
			}
		}()
	}
	wg.Wait()
	for key := 0; key < 5; key++ {
		n, ok, err := m.Load(key)
		wantValue(t, "count", n, ok, err, 200, true)
	}
}

func collect[K comparable, V any](t *testing.T, all func(func(Entry[K, V], error) bool)) map[K]V {
	t.Helper()
	got := map[K]V{}
	all(func(entry Entry[K, V], err error) bool {
		must(t, err)
		if _, twice := got[entry.Key]; twice {
			t.Errorf("%v comes twice", entry.Key)
		}
		got[entry.Key] = entry.Value
		return true
	})
	return got
}

func TestIterators(t *testing.T) {
	m := newMap(t, Config[int, string]{Limits: Limits{ValueSize: 1 << 20, Bytes: 1 << 24}})
	wanted := map[int]string{}
	for i := 0; i < 1000; i++ {
		wanted[i] = fmt.Sprint(i)
	}
	// Longer than a buffer of a Range is at first
	wanted[1000] = strings.Repeat("x", 200000)
	for k, v := range wanted {
		must(t, m.Store(k, v))
	}
	if got := collect(t, m.All()); !reflect.DeepEqual(got, wanted) {
		t.Errorf("All: %d entries", len(got))
	}
	if got := collect(t, m.Keys()); len(got) != len(wanted) || got[1000] != "" {
		t.Errorf("Keys: %d entries", len(got))
	}
	n := 0
	m.All()(func(Entry[int, string], error) bool { n++; return false })
	want(t, "stopped after", n, 1)
	must(t, m.Close())
	n = 0
	m.All()(func(_ Entry[int, string], err error) bool {
		n++
		if !errors.Is(err, fs.ErrClosed) {
			t.Errorf("All of a closed map: %v", err)
		}
		return true
	})
	want(t, "errors", n, 1)
}

func TestBatch(t *testing.T) {
	for _, mapped := range []bool{false, true} {
		m := newMap(t, Config[string, string]{Mapped: mapped})
		long := strings.Repeat("long", 500)
		b := m.Batch()
		stored := b.Store("a", "1")
		before := b.Load("a")
		swapped := b.Swap("a", long)
		again := b.Swap("a", "2")
		after := b.Load("a")
		missing := b.Load("absent")
		first := b.LoadOrStore("b", "3")
		second := b.LoadOrStore("b", "4")
		done := b.CompareAndSwap("b", "3", "5")
		not := b.CompareAndSwap("b", "3", "6")
		gone := b.CompareAndDelete("b", "5")
		deleted := b.Delete("a")
		none := b.LoadAndDelete("a")
		want(t, "Len", b.Len(), 13)
		must(t, b.Run())
		want(t, "Len", b.Len(), 0)
		for i, c := range []struct {
			got          *Result[string]
			value        string
			loaded, done bool
		}{
			{stored, "", false, false}, {before, "1", true, false}, {swapped, "1", true, false},
			{again, long, true, false}, {after, "2", true, false}, {missing, "", false, false},
			{first, "3", false, false}, {second, "3", true, false}, {done, "", true, true},
			{not, "", true, false}, {gone, "", true, true}, {deleted, "", true, false},
			{none, "", false, false},
		} {
			if c.got.Err != nil || c.got.Value != c.value || c.got.Loaded != c.loaded || c.got.Done != c.done {
				t.Errorf("mapped %v, %d: %.20v; wanted %.20q, %v, %v", mapped, i, *c.got, c.value, c.loaded, c.done)
			}
		}
		must(t, m.Store("long", strings.Repeat("x", 5000)))
		short, far := b.Load("absent"), b.Load("long")
		must(t, b.Run())
		if short.Loaded || len(far.Value) != 5000 {
			t.Errorf("loads: %v, %d bytes", short.Loaded, len(far.Value))
		}
	}
}

func TestBatchOfMany(t *testing.T) {
	m := newMap(t, Config[int, int]{})
	b := m.Batch()
	for i := 0; i < 3000; i++ {
		b.Store(i, -i)
	}
	must(t, b.Run())
	var loads []*Result[int]
	for i := 0; i < 3000; i++ {
		loads = append(loads, b.Load(i))
	}
	must(t, b.Run())
	for i, r := range loads {
		if r.Value != -i || !r.Loaded {
			t.Fatalf("%d: %v", i, *r)
		}
	}
	must(t, b.Run())
}

func TestBatchErrors(t *testing.T) {
	m := newMap(t, Config[int, int]{Limits: Limits{Entries: 2}})
	b := m.Batch()
	var stores []*Result[int]
	for i := 0; i < 4; i++ {
		stores = append(stores, b.Store(i, i))
	}
	last := b.Delete(0)
	if err := b.Run(); !errors.Is(err, ErrFull) {
		t.Errorf("Run: %v", err)
	}
	for i, r := range stores {
		if errors.Is(r.Err, ErrFull) != (i >= 2) {
			t.Errorf("%d: %v", i, r.Err)
		}
	}
	if last.Err != nil || !last.Loaded {
		t.Errorf("the last one: %v", *last)
	}
	must(t, m.Close())
	late := b.Store(1, 1)
	if err := b.Run(); !errors.Is(err, fs.ErrClosed) || !errors.Is(late.Err, fs.ErrClosed) {
		t.Errorf("closed: %v, %v", err, late.Err)
	}
}

func TestErrors(t *testing.T) {
	m := newNamed(t, Config[string, string]{Limits: Limits{Entries: 1, KeySize: 8, ValueSize: 16}})
	must(t, m.Store("a", "1"))
	err := m.Store("b", "2")
	var e *Error
	if !errors.Is(err, ErrFull) || !errors.Is(err, syscall.ENOSPC) || !errors.As(err, &e) {
		t.Fatalf("full: %v", err)
	}
	if e.Limit != LimitEntries || e.Used != 1 || e.Max != 1 || e.Key != "b" || e.Map != m.Name() || e.Op != "Store" {
		t.Errorf("%#v", e)
	}
	want(t, "text", err.Error(), fmt.Sprintf(`syncmap: Store %s "b": full: 1 of 1 entries`, m.Name()))
	err = m.Store("a", strings.Repeat("x", 17))
	if !errors.Is(err, ErrTooLong) || !errors.As(err, &e) || e.Limit != LimitValue || e.Used != 17 || e.Max != 16 {
		t.Errorf("too long: %v", err)
	}
	if _, _, err = m.Load("a key too long"); !errors.Is(err, ErrTooLong) {
		t.Errorf("too long: %v", err)
	}
	if err = m.Store("a\x00", ""); !errors.Is(err, syscall.EINVAL) {
		t.Errorf("a key with a NUL: %v", err)
	}
	if _, err = Open[string, string]("go.absent"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("absent: %v", err)
	}
	if err = Remove("go.absent"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("absent: %v", err)
	}
	if _, err = Create[string, string](m.Name()); !errors.Is(err, fs.ErrExist) {
		t.Errorf("present: %v", err)
	}
	if _, err = Open[int, string](m.Name()); !errors.Is(err, ErrType) {
		t.Errorf("of another type: %v", err)
	}
	if _, err = Create[string, string](strings.Repeat("x", 64)); !errors.Is(err, syscall.ENAMETOOLONG) {
		t.Errorf("a name too long: %v", err)
	}
	reader, err := Config[string, string]{Access: Read}.Open(m.Name())
	must(t, err)
	defer reader.Close()
	if err = reader.Store("a", "2"); !errors.Is(err, syscall.EBADF) {
		t.Errorf("opened for reading: %v", err)
	}
	must(t, m.Freeze())
	if err = m.Store("a", "2"); !errors.Is(err, ErrFrozen) {
		t.Errorf("frozen: %v", err)
	}
	info, err := m.Info()
	if err != nil || !info.Frozen || info.Removed || info.Count != 1 || info.Limits.Entries != 1 || info.Name != m.Name() {
		t.Errorf("%+v, %v", info, err)
	}
	must(t, m.Retire())
	v, ok, err := m.Load("a")
	wantValue(t, "retired", v, ok, err, "", false)
	must(t, m.Close())
	if _, _, err = m.Load("a"); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("closed: %v", err)
	}
	if err = m.Close(); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("closed twice: %v", err)
	}
}

// What others are told of the types
func TestKinds(t *testing.T) {
	kinds := func(c *core) [2]uint32 {
		info, err := c.info()
		must(t, err)
		return [2]uint32{info.keyType, info.valueKind}
	}
	want(t, "numbers", kinds(&newMap(t, Config[int, uint8]{}).core), [2]uint32{keyU64, 3})
	want(t, "text", kinds(&newMap(t, Config[string, string]{}).core), [2]uint32{keyString, 2})
	want(t, "bytes", kinds(&newMap(t, Config[[]byte, []byte]{}).core), [2]uint32{keyBytes, 1})
	want(t, "JSON", kinds(&newMap(t, Config[point, point]{}).core), [2]uint32{keyString, 4})
	want(t, "any", kinds(&newMap(t, Config[any, any]{}).core), [2]uint32{keyBytes, 2})
}

func TestOpenOrCreate(t *testing.T) {
	name := fmt.Sprintf("go.open.%d", os.Getpid())
	defer Remove(name)
	var created atomic.Int64
	var wg sync.WaitGroup
	for g := 0; g < 4; g++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			m, err := OpenOrCreate[int, int](name)
			if err != nil {
				t.Error(err)
				return
			}
			defer m.Close()
			if _, loaded, err := m.LoadOrStore(0, 0); !loaded && err == nil {
				created.Add(1)
			}
		}()
	}
	wg.Wait()
	want(t, "stored", created.Load(), 1)
}

// A name tells nothing of who has made the map: here it was somebody else.
func TestOwner(t *testing.T) {
	name := fmt.Sprintf("go.owner.%d", os.Getpid())
	defer Remove(name)
	theirs := Config[any, any]{Owner: User(nobody)}
	if _, err := theirs.OpenOrCreate(name); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("made for another user: %v", err)
	}
	h := startHelperAsNobody(t, "make", name)
	h.hear("made")
	if _, err := OpenOrCreate[any, any](name); !errors.Is(err, ErrOwner) {
		t.Errorf("OpenOrCreate: %v", err)
	}
	var got error
	m := &Map{Name: name, OnError: func(err error) { got = err }}
	if v, ok := m.Load("whose"); v != nil || ok || !errors.Is(got, ErrOwner) {
		t.Errorf("Map: %v, %v, %v", v, ok, got)
	}
	want(t, "why", got.Error(), "syncmap: Open "+name+": the map is another user's")
	if _, err := (Config[any, any]{Owner: User(0)}).Open(name); !errors.Is(err, ErrOwner) {
		t.Errorf("Open: %v", err)
	}
	for _, owner := range []Owner{User(nobody), Anybody()} {
		m := &Map{Name: name, Owner: owner}
		v, ok := m.Load("whose")
		wantValue[any](t, "Map", v, ok, nil, "theirs", true)
		must(t, m.Close())
		open, err := Config[any, any]{Owner: owner}.OpenOrCreate(name)
		must(t, err)
		must(t, open.Close())
	}
	open, err := Open[any, any](name)
	must(t, err)
	must(t, open.Close())
	must(t, Remove(name))
	made, err := Config[any, any]{Owner: Anybody()}.OpenOrCreate(name)
	must(t, err)
	must(t, made.Close())
}

func init() {
	helpers["make"] = func(_ *bufio.Reader, args []string) {
		m, err := Create[any, any](args[0])
		check(err)
		check(m.Store("whose", "theirs"))
		fmt.Println("made")
	}
}

func TestPublish(t *testing.T) {
	old := newNamed(t, Config[string, int]{})
	must(t, old.Store("v", 1))
	m := newMap(t, Config[string, int]{})
	must(t, m.Store("v", 2))
	if err := m.Publish(old.Name(), false); !errors.Is(err, fs.ErrExist) {
		t.Errorf("the name is somebody's: %v", err)
	}
	want(t, "no name yet", m.Name(), "")
	must(t, m.Publish(old.Name(), true))
	want(t, "its name", m.Name(), old.Name())
	opened, err := Open[string, int](old.Name())
	must(t, err)
	defer opened.Close()
	v, ok, err := opened.Load("v")
	wantValue(t, "by name", v, ok, err, 2, true)
	v, ok, err = old.Load("v")
	wantValue(t, "the old one", v, ok, err, 1, true)
	info, err := old.Info()
	if err != nil || !info.Removed {
		t.Errorf("%+v, %v", info, err)
	}
}

func TestFile(t *testing.T) {
	m := newMap(t, Config[string, int]{})
	must(t, m.Store("k", 1))
	f, err := m.File(Read)
	must(t, err)
	less, err := Config[string, int]{}.FromFile(f)
	must(t, err)
	defer less.Close()
	must(t, f.Close())
	v, ok, err := less.Load("k")
	wantValue(t, "Load", v, ok, err, 1, true)
	if _, err := less.File(Write); !errors.Is(err, syscall.EBADF) {
		t.Errorf("more than it has: %v", err)
	}
	null, err := os.Open(os.DevNull)
	must(t, err)
	defer null.Close()
	if _, err := (Config[string, int]{}).FromFile(null); !errors.Is(err, syscall.ENOTTY) {
		t.Errorf("no map: %v", err)
	}
}
