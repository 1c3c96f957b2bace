// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause

package syncmap

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"
)

// mappedMap makes a map, and waits until its mirror is there.
func mappedMap[K, V any](t testing.TB, config Config[K, V]) *MapOf[K, V] {
	t.Helper()
	config.Mapped = true
	m := newMap(t, config)
	awaitMirror(m)
	return m
}

func awaitMirror[K, V any](m *MapOf[K, V]) {
	for !m.Mapped() {
		m.waits.Store(0)
		time.Sleep(time.Millisecond)
	}
}

// answered asks the mapping alone, until it knows.
func answered[K, V any](t testing.TB, m *MapOf[K, V], key K) (value V, ok bool, at finding) {
	t.Helper()
	for i := 0; i < 10000; i++ {
		value, result, err := m.loadMapped(m.view(), key, true, &at)
		must(t, err)
		if result != ask {
			return value, result == found, at
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatalf("the mapping does not know of %v", key)
	return value, ok, at
}

// Whatever the kernel finds, the mapping does, with the same revision.
func agree[K, V any](t *testing.T, m, asks *MapOf[K, V], key K, same func(a, b V) bool) {
	t.Helper()
	wanted, present, err := asks.LoadEntry(key)
	must(t, err)
	value, ok, at := answered(t, m, key)
	if ok != present || ok && (!same(value, wanted.Value) || at.revision != wanted.Revision) {
		t.Fatalf("%v: %v, %v, revision %d; wanted %v, %v, %d", key, value, ok, at.revision,
			wanted.Value, present, wanted.Revision)
	}
}

func TestMappedStrings(t *testing.T) {
	m := mappedMap(t, Config[string, string]{})
	asks := againAs(t, m, Config[string, string]{Unmapped: true})
	same := func(a, b string) bool { return a == b }
	for n := 0; n < 70; n++ {
		key := strings.Repeat("k", n)
		must(t, m.Store(key, strings.Repeat("v", 2*n)))
		agree(t, m, asks, key, same)
		agree(t, m, asks, key+"x", same)
	}
	for n := 0; n < 4000; n += 61 {
		must(t, m.Store("long", strings.Repeat("v", n)))
		agree(t, m, asks, "long", same)
	}
	// So many that buckets are full, and the index grows. A few may have no place
	for i := 0; i < 3000; i++ {
		must(t, m.Store(strconv.Itoa(i), strconv.Itoa(-i)))
	}
	askedFor := func() (n int) {
		for i := 0; i < 4000; i += 7 {
			var at finding
			value, result, err := m.loadMapped(m.view(), strconv.Itoa(i), true, &at)
			must(t, err)
			if result == ask {
				n++
			} else if (result == found) != (i < 3000) ||
				result == found && value != strconv.Itoa(-i) {
				t.Fatalf("%d: %v %q", i, result, value)
			}
		}
		return n
	}
	for tries := 0; askedFor() > 10; tries++ {
		if tries == 10000 {
			t.Fatal("the mapping does not know of all")
		}
		time.Sleep(time.Millisecond)
	}
	must(t, m.Clear())
	agree(t, m, asks, "1", same)
	must(t, m.Store("1", "again"))
	agree(t, m, asks, "1", same)
}

func TestMappedNumbers(t *testing.T) {
	m := mappedMap(t, Config[uint64, []byte]{})
	asks := againAs(t, m, Config[uint64, []byte]{Unmapped: true})
	r := rand.New(rand.NewSource(1))
	for i := 0; i < 3000; i++ {
		key := uint64(i)
		if i%2 != 0 {
			key = r.Uint64()
		}
		must(t, m.Store(key, []byte("0123456789abcdef")[:i%17]))
		agree(t, m, asks, key, bytes.Equal)
	}
	for key := uint64(0); key < 4000; key += 7 {
		agree(t, m, asks, key, bytes.Equal)
	}
	must(t, m.Clear())
	for key := uint64(0); key < 20; key++ {
		agree(t, m, asks, key, bytes.Equal)
	}
}

func TestMappedValues(t *testing.T) {
	m := mappedMap(t, Config[int, int]{})
	must(t, m.Store(1, -1))
	v, ok, _ := answered(t, m, 1)
	wantValue(t, "a number", v, ok, nil, -1, true)
	texts := againAs(t, &MapOf[int, string]{core: core{file: m.file}}, Config[int, string]{})
	must(t, texts.Store(2, "abc"))
	if _, _, err := m.Load(2); err == nil {
		t.Error("text is a number")
	}
	structs := mappedMap(t, Config[point, user]{})
	must(t, structs.Store(point{1, 2}, user{Name: "ann"}))
	u, ok, _ := answered(t, structs, point{1, 2})
	wantValue(t, "a struct", u, ok, nil, user{Name: "ann"}, true)
}

// What has a deadline is known until then, and asked for after it.
func TestMappedDeadline(t *testing.T) {
	m := mappedMap(t, Config[int, int]{})
	must(t, m.Store(1, 1, TTL(time.Hour)))
	v, ok, at := answered(t, m, 1)
	wantValue(t, "in time", v, ok, nil, 1, true)
	if left := m.view().left(at.deadline); left <= 0 || left > time.Hour {
		t.Errorf("%v are left", left)
	}
	for i := 0; i < 100; i++ {
		must(t, m.Store(1, i, TTL(1)))
		v, ok, err := m.Load(1)
		wantValue(t, "late", v, ok, err, 0, false)
	}
}

// What cannot be a key has the error that the kernel has for it.
func TestMappedWrongKeys(t *testing.T) {
	m := mappedMap(t, Config[string, string]{Limits: Limits{KeySize: 4}})
	for _, key := range []string{"a\x00", "abcde"} {
		if _, _, err := m.Load(key); err == nil {
			t.Errorf("%q is absent", key)
		}
	}
}

// A layout that is not known is not looked at.
func TestMappedVersion(t *testing.T) {
	head := func(change func(h *mappedHead)) error {
		words := make([]uint64, 2*mappedPage/8)
		h := (*mappedHead)(unsafe.Pointer(&words[0]))
		*h = mappedHead{magic: mappedMagic, abi: mappedABI, arena: mappedPage, size: 2 * mappedPage}
		change(h)
		_, err := attach((*[2 * mappedPage]byte)(unsafe.Pointer(h))[:])
		return err
	}
	must(t, head(func(*mappedHead) {}))
	for i, change := range []func(h *mappedHead){
		func(h *mappedHead) { h.magic++ },
		func(h *mappedHead) { h.abi++ },
		func(h *mappedHead) { h.size += mappedPage },
		func(h *mappedHead) { h.arena = 3 * mappedPage },
		func(h *mappedHead) { h.arena++ },
	} {
		if head(change) == nil {
			t.Errorf("%d: it is known", i)
		}
	}
}

// A process loads what another one has stored by then.
func TestMappedProcesses(t *testing.T) {
	m := newNamed(t, Config[int, int]{Mapped: true})
	awaitMirror(m)
	h := startHelper(t, "store", m.Name())
	for i := 0; i < 300; i++ {
		h.tell(strconv.Itoa(i))
		h.hear("stored")
		v, ok, err := m.Load(i % 3)
		wantValue(t, "what was stored", v, ok, err, i, true)
	}
}

func init() {
	helpers["store"] = func(in *bufio.Reader, args []string) {
		m, err := Open[int, int](args[0])
		check(err)
		for {
			line, err := in.ReadString('\n')
			if err == io.EOF {
				return
			}
			i, err := strconv.Atoi(strings.TrimSpace(line))
			check(err)
			check(m.Store(i%3, i))
			fmt.Println("stored")
		}
	}
}

// No value is a mixture, and none is older than what was seen before.
func TestMappedBesideStores(t *testing.T) {
	m := mappedMap(t, Config[string, []byte]{})
	numbers := mappedMap(t, Config[int, uint64]{})
	const keys = 4
	value := func(n int) []byte {
		b := bytes.Repeat([]byte{byte(n)}, 8+37*n%3000)
		binary.LittleEndian.PutUint64(b, uint64(n))
		return b
	}
	var done atomic.Bool
	var asked, loads atomic.Int64
	var wg sync.WaitGroup
	for g := 0; g < 2; g++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			var newest [keys]int
			var latest [keys]uint64
			for i := 0; !done.Load(); i = (i + 1) % keys {
				v, ok, err := m.Load(strconv.Itoa(i))
				if err != nil {
					t.Error(err)
					return
				}
				if ok {
					n := int(binary.LittleEndian.Uint64(v))
					if !bytes.Equal(v, value(n)) || n < newest[i] {
						t.Errorf("%d after %d: %v", n, newest[i], v)
						return
					}
					newest[i] = n
				}
				_, result, _ := numbers.loadMapped(numbers.view(), i, false, &finding{})
				loads.Add(1)
				if result == ask {
					asked.Add(1)
				}
				w, _, err := numbers.Load(i)
				if err != nil || w < latest[i] {
					t.Errorf("%d after %d, %v", w, latest[i], err)
					return
				}
				latest[i] = w
			}
		}()
	}
	rounds := 4000
	if testing.Short() {
		rounds = 1000
	}
	for n := 1; n < rounds; n++ {
		must(t, m.Store(strconv.Itoa(n%keys), value(n)))
		must(t, numbers.Store(n%keys, uint64(n)))
		if n%500 == 0 {
			must(t, m.Clear())
			runtime.GC()
		}
	}
	done.Store(true)
	wg.Wait()
	if loads.Load() == 0 || asked.Load() == loads.Load() {
		t.Errorf("%d of %d loads had to ask", asked.Load(), loads.Load())
	}
}

func TestMatch(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	for i := 0; i < 10000; i++ {
		word := r.Uint64() & 0x0303030303030303
		tag := uint8(r.Intn(4))
		hits := match(word, tag)
		for b := 0; b < 8; b++ {
			if is := uint8(word>>(8*b)) == tag; is && hits>>(8*b+7)&1 == 0 {
				t.Fatalf("%x of %x: %x", tag, word, hits)
			}
		}
	}
}

func TestUnmapped(t *testing.T) {
	m := newMap(t, Config[int, int]{Mapped: true, Unmapped: true})
	must(t, m.Store(1, 1))
	want(t, "Mapped", m.Mapped(), false)
	t.Setenv("SYNCMAP_MAPPED", "0")
	want(t, "Mapped", again(t, m).Mapped(), false)
	plain := newMap(t, Config[int, int]{})
	v, ok, err := plain.Load(1)
	wantValue(t, "without a mirror", v, ok, err, 0, false)
	want(t, "Mapped", plain.Mapped(), false)
}

// Loads of numbers and strings allocate nothing, but a string that is found.
func TestAllocations(t *testing.T) {
	for _, unmapped := range []bool{false, true} {
		numbers := newMap(t, Config[int, int]{Mapped: true, Unmapped: unmapped})
		names := newMap(t, Config[string, int]{Mapped: true, Unmapped: unmapped})
		must(t, numbers.Store(1, 1))
		must(t, names.Store("k", 1))
		n := testing.AllocsPerRun(1000, func() {
			numbers.Load(1)
			names.Load("k")
		})
		// The pool may be emptied meanwhile
		if n >= 1 && !raceEnabled {
			t.Errorf("unmapped %v: %v allocations", unmapped, n)
		}
	}
}
