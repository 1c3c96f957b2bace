// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause

package syncmap

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"unsafe"
)

// A mirror is one that a test writes, and no kernel: as the layout is documented, of
// one index, and with no more keys than buckets have room for.
type mirror struct {
	words []uint64
	shift int
	arena int // offset in bytes
	next  int // free slot
}

func newMirror(shift int, keyType uint32) *mirror {
	arena := 1024<<shift + (64+16)<<shift
	arena = (arena + mappedPage - 1) / mappedPage * mappedPage
	r := &mirror{words: make([]uint64, (arena+64*mappedPage)/8), shift: shift, arena: arena, next: 1}
	*r.head() = mappedHead{
		magic:   mappedMagic,
		abi:     mappedABI,
		keyType: keyType,
		seed:    0x5eed,
		arena:   uint64(arena),
		size:    uint64(8 * len(r.words)),
		word:    mappedReady | uint64(shift)<<mappedShift,
	}
	for nr := 0; nr < 1<<shift; nr++ {
		*r.word(1024<<shift + 64*nr) = mappedReady
	}
	return r
}

func (r *mirror) head() *mappedHead      { return (*mappedHead)(unsafe.Pointer(&r.words[0])) }
func (r *mirror) word(at int) *uint64    { return &r.words[at/8] }
func (r *mirror) half(at int) *uint32    { return (*uint32)(r.at(at)) }
func (r *mirror) bytes(at, n int) []byte { return unsafe.Slice((*byte)(r.at(at)), n) }

func (r *mirror) at(offset int) unsafe.Pointer {
	return unsafe.Add(unsafe.Pointer(&r.words[0]), offset)
}

func (r *mirror) bucket(hash uint64) int {
	return 1024<<r.shift + 64*int(hash>>(64-r.shift))
}

// slot writes one of revision 7.
func (r *mirror) slot(key, value []byte, deadline uint64) int {
	size := 16 + pad(len(key)) + pad(len(value)) + 8
	if at := r.next * mappedUnit; at%mappedPage+size > mappedPage {
		r.next = (at/mappedPage + 1) * mappedPage / mappedUnit
	}
	nr := r.next
	r.next += (size + mappedUnit - 1) / mappedUnit
	at := r.arena + nr*mappedUnit
	*r.word(at) = 7
	*r.word(at + 8) = uint64(len(value)) | uint64(len(key))<<32
	copy(r.bytes(at+16, len(key)), key)
	at += 16 + pad(len(key))
	copy(r.bytes(at, len(value)), value)
	if deadline != never {
		*r.word(r.arena + nr*mappedUnit + 8) |= slotMortal << 48
		*r.word(at + pad(len(value))) = deadline
	}
	return nr
}

// pair writes a key that is a number, whose value is in a slot if it has a deadline.
func (r *mirror) pair(key, value, deadline uint64) bool {
	hash := hashWord(r.head().seed, key)
	at := r.bucket(hash)
	kind := uint32(9)
	if deadline != never {
		kind, value = pairSlot, uint64(r.slot(wordBytes(&key), wordBytes(&value), deadline))
	}
	for i := 0; i < mappedPairs; i++ {
		if *r.half(at + 8)>>(pairBits*i)&pairMask == 0 {
			*r.half(at + 8) |= kind << (pairBits * i)
			*r.word(at + 16 + 16*i), *r.word(at + 24 + 16*i) = key, value
			*r.half(at + 64<<r.shift - 48*int(hash>>(64-r.shift)) + 4*i) = 7
			return true
		}
	}
	return false
}

// tagged writes a key that is text.
func (r *mirror) tagged(key, value string, deadline uint64) bool {
	hash := hashBytes(r.head().seed, []byte(key))
	at := r.bucket(hash)
	tags := r.bytes(at+8, mappedSlots)
	for i := range tags {
		if tags[i] == 0 {
			tags[i] = uint8(hash)
			if tags[i] == 0 {
				tags[i] = 1
			}
			*r.half(at + 20 + 4*i) = uint32(r.slot([]byte(key), []byte(value), deadline))
			return true
		}
	}
	return false
}

// mapOf returns a map whose loads come from the mirror alone.
func mapOf[K, V any](t testing.TB, r *mirror) *MapOf[K, V] {
	m := &MapOf[K, V]{keys: codecOf[K](), values: codecOf[V]()}
	mapping, err := attach(r.bytes(0, 8*len(r.words)))
	must(t, err)
	mapping.keySize = 64
	m.mapped.Store(mapping)
	return m
}

func TestMirror(t *testing.T) {
	numbers, texts := newMirror(6, keyU64), newMirror(6, keyString)
	far := boottime() + 1<<40
	for key := uint64(0); key < 20; key++ {
		deadline := never
		if key%2 != 0 {
			deadline = far
		}
		if !numbers.pair(key, 100+key, deadline) || !texts.tagged(fmt.Sprint(key), fmt.Sprint(100+key), deadline) {
			t.Fatalf("no room for %d", key)
		}
	}
	text := mapOf[string, string](t, texts)
	number := mapOf[uint64, uint64](t, numbers)
	for key := uint64(0); key < 20; key++ {
		n, ok, err := number.Load(key)
		wantValue(t, "number", n, ok, err, 100+key, true)
		s, ok, err := text.Load(fmt.Sprint(key))
		wantValue(t, "text", s, ok, err, fmt.Sprint(100+key), true)
		entry, ok, err := number.LoadEntry(key)
		wantValue(t, "revision", entry.Revision, ok, err, 7, true)
		if (entry.TTL == Forever) != (key%2 == 0) {
			t.Errorf("%d lives for %v", key, entry.TTL)
		}
	}
	_, ok, err := number.Load(20)
	wantValue(t, "absent", 0, ok, err, 0, false)
	_, ok, err = text.Load("20")
	wantValue(t, "absent", 0, ok, err, 0, false)
}

// Whenever the mirror is not sure, the kernel is asked.
func TestMirrorAsks(t *testing.T) {
	bucketOf := func(r *mirror, key uint64) int { return r.bucket(hashWord(r.head().seed, key)) }
	for _, c := range []struct {
		name   string
		key    uint64
		change func(r *mirror)
		want   outcome
	}{
		{"present", 1, func(*mirror) {}, found},
		{"in a slot", 2, func(*mirror) {}, found},
		{"absent", 3, func(*mirror) {}, absent},
		{"no mirror", 1, func(r *mirror) { r.head().word &^= mappedReady }, ask},
		{"a change of all", 1, func(r *mirror) { r.head().word++ }, ask},
		{"a change of the bucket", 1, func(r *mirror) { *r.word(bucketOf(r, 1))++ }, ask},
		{"a page that is not there", 1, func(r *mirror) { *r.word(bucketOf(r, 1)) = 0 }, ask},
		{"spilled", 3, func(r *mirror) { *r.word(bucketOf(r, 3)) |= mappedSpill &^ (mappedSpill << 1) }, ask},
		{"spilled, but here", 1, func(r *mirror) { *r.word(bucketOf(r, 1)) |= mappedSpill }, found},
		{"cleared", 1, func(r *mirror) { r.head().word |= mappedCleared; r.head().floor = 8 }, absent},
		{"cleared, in a slot", 2, func(r *mirror) { r.head().word |= mappedCleared; r.head().floor = 8 }, absent},
		{"cleared before", 1, func(r *mirror) { r.head().word |= mappedCleared; r.head().floor = 7 }, found},
		{"an old floor", 1, func(r *mirror) { r.head().floor = 8 }, found},
		{"a kind that is not known", 1, func(r *mirror) { *r.half(bucketOf(r, 1) + 8) |= pairMask }, ask},
		{"more, out of bounds", 3, func(r *mirror) { *r.half(bucketOf(r, 3) + 12) = 64*128 - 7 }, ask},
		{"more, not there", 3, func(r *mirror) { *r.half(bucketOf(r, 3) + 12) = 1000 }, ask},
		{"a slot out of bounds", 2, func(r *mirror) { *r.word(bucketOf(r, 2) + 24) = 64 * 128 }, ask},
		{"a slot of no revision", 2, func(r *mirror) { *r.word(r.arena + mappedUnit) = 0 }, ask},
		{"a value that is not here", 2, func(r *mirror) { *r.word(r.arena + mappedUnit + 8) |= slotAsk << 48 }, ask},
		{"a value that leaves the page", 2, func(r *mirror) { *r.half(r.arena + mappedUnit + 8) = mappedPage }, ask},
		{"evicts", 1, func(r *mirror) { r.head().word |= mappedEvicts }, found},
		{"a deadline that has passed", 2, func(r *mirror) { *r.word(r.arena + mappedUnit + 32) = 1 }, ask},
	} {
		r := newMirror(6, keyU64)
		if !r.pair(1, 10, never) || !r.pair(2, 20, never-1) {
			t.Fatal("no room")
		}
		c.change(r)
		m := mapOf[uint64, uint64](t, r)
		value, result, err := m.loadMapped(m.view(), c.key, false, &finding{})
		if err != nil || result != c.want || result == found && value != 10*c.key {
			t.Errorf("%s: %v, %v, %v; wanted %v", c.name, value, result, err, c.want)
		}
	}
}

// Of a map that evicts the kernel sees some loads, and some batches as a whole, though
// the mirror knows. Here it is asked of what is no map, and has an error.
func TestMirrorEvicts(t *testing.T) {
	const loads = 64 * 100
	for _, evicts := range []bool{false, true} {
		r := newMirror(6, keyU64)
		if !r.pair(1, 10, never) {
			t.Fatal("no room")
		}
		if evicts {
			r.head().word |= mappedEvicts
		}
		m := mapOf[uint64, uint64](t, r)
		fd, err := syscall.Open(os.DevNull, syscall.O_RDWR|syscall.O_CLOEXEC, 0)
		must(t, err)
		m.file = newFile(int32(fd))
		defer m.Close()
		b := m.Batch()
		for _, c := range []struct {
			name string
			load func() error
		}{
			{"Load", func() error { _, _, err := m.Load(1); return err }},
			{"LoadEntry", func() error { _, _, err := m.LoadEntry(1); return err }},
			{"Batch", func() error {
				first, last := b.Load(1), b.Load(1)
				err := b.Run()
				if (first.Err == nil) != (last.Err == nil) {
					t.Fatalf("a part of a batch: %v, %v", first.Err, last.Err)
				}
				return err
			}},
		} {
			asked, inTurn := 0, [64]bool{}
			for i := 0; i < loads; i++ {
				if err := c.load(); err != nil {
					asked++
					inTurn[i%64] = true
				}
			}
			if !evicts && asked != 0 || evicts && (asked < loads/128 || asked > loads/32) {
				t.Errorf("%s, evicts %v: %d of %d were asked", c.name, evicts, asked, loads)
			}
			n := 0
			for _, was := range inTurn {
				if was {
					n++
				}
			}
			if evicts && n < 32 {
				t.Errorf("%s: of 64 keys in turn only %d were asked", c.name, n)
			}
		}
	}
}

// Numbers of a codec of the caller's are found, too.
func TestMirrorOwnCodec(t *testing.T) {
	r := newMirror(6, keyU64)
	if !r.pair(1, 10, never) {
		t.Fatal("no room")
	}
	m := mapOf[uint64, uint64](t, r)
	m.keys = Codec[uint64]{
		Kind: KindNumber,
		Append: func(to []byte, v uint64) ([]byte, error) {
			return append(to, wordBytes(&v)...), nil
		},
	}
	v, ok, err := m.Load(1)
	wantValue(t, "present", v, ok, err, 10, true)
	_, ok, err = m.Load(2)
	wantValue(t, "absent", 0, ok, err, 0, false)
	want(t, "no key", m.view().loadBytes([]byte("short"), &query{}, &finding{}), ask)
}

// What changes while it is read is not believed. So that it does, the value is
// written over the word that tells.
func TestMirrorChanges(t *testing.T) {
	for _, name := range []string{"bucket", "head"} {
		r := newMirror(6, keyU64)
		at := r.bucket(hashWord(r.head().seed, 1))
		if name == "head" {
			at = int(unsafe.Offsetof(r.head().word))
		}
		if !r.pair(1, *r.word(at)+1, never) {
			t.Fatal("no room")
		}
		m := mapOf[uint64, uint64](t, r).view()
		want(t, name, m.loadWord(1, &query{value: r.bytes(at, 8)}, &finding{}), ask)
	}
}

// Of many pairs some follow their bucket.
func TestMirrorMore(t *testing.T) {
	r := newMirror(6, keyU64)
	bucket := r.bucket(hashWord(r.head().seed, 5))
	*r.half(bucket + 12) = 8
	more := r.arena + 8*mappedUnit
	*r.word(more) = 9 << (9 * pairBits)
	*r.word(more + 8 + 24*9), *r.word(more + 16 + 24*9), *r.word(more + 24 + 24*9) = 5, 50, 7
	m := mapOf[uint64, uint64](t, r)
	v, ok, err := m.Load(5)
	wantValue(t, "the last one", v, ok, err, 50, true)
	*r.word(more + 24 + 24*9) = 0
	if _, result, _ := m.loadMapped(m.view(), 5, false, &finding{}); result != ask {
		t.Errorf("of no revision: %v", result)
	}
}

// Time of one load on this machine, without a kernel that has the module: from a
// mirror, and of a call that does nothing.
func BenchmarkHere(b *testing.B) {
	const keys = 512
	for _, c := range []struct {
		name     string
		deadline uint64
	}{{"mapped", never}, {"mapped, with a TTL", never - 1}} {
		b.Run("number/"+c.name, func(b *testing.B) {
			r := newMirror(12, keyU64)
			for key := uint64(0); key < keys; key++ {
				if !r.pair(key, key, c.deadline) {
					b.Fatalf("no room for %d", key)
				}
			}
			m := mapOf[uint64, uint64](b, r)
			b.ReportAllocs()
			b.ResetTimer()
			for i := 0; i < b.N; i++ {
				m.Load(uint64(i % keys))
			}
		})
		b.Run("text/"+c.name, func(b *testing.B) {
			r := newMirror(8, keyString)
			var names []string
			for key := 0; key < keys; key++ {
				names = append(names, fmt.Sprintf("key %012d", key))
				if !r.tagged(names[key], strings.Repeat("v", 32), c.deadline) {
					b.Fatalf("no room for %d", key)
				}
			}
			m := mapOf[string, string](b, r)
			b.ReportAllocs()
			b.ResetTimer()
			for i := 0; i < b.N; i++ {
				m.Load(names[i%keys])
			}
		})
	}
	b.Run("clock", func(b *testing.B) {
		for i := 0; i < b.N; i++ {
			boottime()
		}
	})
	b.Run("call", func(b *testing.B) {
		f := newFile(0)
		for i := 0; i < b.N; i++ {
			f.control(0, nil)
		}
	})
}
