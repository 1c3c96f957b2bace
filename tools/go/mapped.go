// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause

//go:build linux

package syncmap

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

// Loads from a mapping of a map's descriptor, without a system call. This says in
// Go what <linux/syncmap_mapped.h> says; what is there is read by atomic loads only,
// which order it as steps 1 to 8 of that want.
//
// Whoever loads has the mapping in a variable until it is done: so it is unmapped
// by the collector, when nobody can look at it any more, and not by Close.

const (
	mappedMagic = 0x70616d636e7973
	mappedABI   = 1

	mappedPage = 4096
	mappedUnit = 32

	mappedWindows = 0xffff
	mappedReady   = 1 << 16
	mappedSpill   = 3 << 17
	mappedEvicts  = 1 << 17
	mappedCleared = 1 << 18
	mappedShift   = 20

	mappedSlots     = 11
	mappedPairs     = 3
	mappedMore      = 10
	mappedMoreUnits = 8

	slotAsk    = 0x1
	slotMortal = 0x2

	pairMost = 9
	pairSlot = 10
	pairBits = 4
	pairMask = 15

	// How often a load begins anew before it asks: more often than C does, which
	// can pause in between
	mappedTries = 16
)

// The layout is read as machines of little endian have it; others ask.
const mappable = runtime.GOARCH != "s390x"

type mappedHead struct {
	magic    uint64
	abi      uint32
	keyType  uint32
	seed     uint64
	arena    uint64
	size     uint64
	reserved [3]uint64
	word     uint64
	floor    uint64
	moved    uint64
}

// An outcome is what a mapping tells of a key.
type outcome int

const (
	ask outcome = iota // only the kernel knows
	absent
	found
	small // found, and the buffer is too small
	other // not this one
)

// A query is what a load looks for, and a place for the value.
type query struct {
	isWord bool
	word   uint64 // the key, if it is a number
	key    []byte // or else
	hash   uint64
	floor  uint64
	exact  bool // whether the revision is wanted
	value  []byte
}

// A finding is what belongs to a value that was found.
type finding struct {
	revision uint64
	deadline uint64 // of the initial time namespace, or never
	len      int
}

type mapping struct {
	data    []byte
	head    *mappedHead
	base    unsafe.Pointer
	arena   unsafe.Pointer
	slots   uint64
	seed    uint64
	keySize int
	// What CLOCK_BOOTTIME shows here less what it shows in the initial namespace
	offset int64
}

// newMapping maps a descriptor of a map, which may be closed after that.
func newMapping(fd int, info *abiMapInfo) (*mapping, error) {
	data, err := syscall.Mmap(fd, 0, int(info.mapped), syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		return nil, err
	}
	m, err := attach(data)
	if err != nil {
		syscall.Munmap(data)
		return nil, err
	}
	m.keySize = int(info.limits.keySize)
	m.offset = info.boottimeOffset
	runtime.SetFinalizer(m, func(m *mapping) { syscall.Munmap(m.data) })
	return m, nil
}

// attach gets to know a mapping, if it is of the kind that is known here.
func attach(data []byte) (*mapping, error) {
	base := unsafe.Pointer(&data[0])
	head := (*mappedHead)(base)
	size := uint64(len(data))
	if !mappable || size < uint64(unsafe.Sizeof(*head)) || head.magic != mappedMagic ||
		head.abi != mappedABI || head.size > size || head.arena > head.size ||
		(head.arena|head.size)%mappedPage != 0 {
		return nil, syscall.EPROTO
	}
	return &mapping{
		data:  data,
		head:  head,
		base:  base,
		arena: unsafe.Add(base, head.arena),
		slots: (head.size - head.arena) / mappedUnit,
		seed:  head.seed,
	}, nil
}

func readWord(at unsafe.Pointer) uint64 { return atomic.LoadUint64((*uint64)(at)) }
func readHalf(at unsafe.Pointer) uint32 { return atomic.LoadUint32((*uint32)(at)) }

func pad(n int) int { return (n + 7) &^ 7 }

func usable(word uint64) bool { return word&(mappedReady|mappedWindows) == mappedReady }

func fold(a, b uint64) uint64 {
	high, low := bits.Mul64(a, b)
	return high ^ low
}

func hashWord(seed, key uint64) uint64 {
	return fold(fold(key^seed, 0xd6e8feb86659fd93)^seed, 0xa0761d6478bd642f)
}

// tail returns the last one to seven bytes, padded with zeroes.
func tail(b []byte) uint64 {
	var word uint64
	for i, c := range b {
		word |= uint64(c) << (8 * i)
	}
	return word
}

func hashBytes(seed uint64, b []byte) uint64 {
	hash := seed ^ uint64(len(b))*0x9e3779b97f4a7c15
	for ; len(b) >= 16; b = b[16:] {
		hash = fold(binary.LittleEndian.Uint64(b)^hash,
			binary.LittleEndian.Uint64(b[8:])^0xd6e8feb86659fd93)
	}
	if len(b) >= 8 {
		hash = fold(binary.LittleEndian.Uint64(b)^hash, 0xc2b2ae3d27d4eb4f)
		b = b[8:]
	}
	if len(b) > 0 {
		hash = fold(tail(b)^hash, 0x8ebc6af09c88c6e3)
	}
	return fold(hash^seed, 0xa0761d6478bd642f)
}

// match returns bit 8*i+7 for each byte i of word that may be tag; it is the
// lowest of those that is never wrong.
func match(word uint64, tag uint8) uint64 {
	const low, high = 0x0101010101010101, 0x8080808080808080
	word ^= low * uint64(tag)
	return (word - low) &^ word & high
}

// loadWord loads from a map whose keys are numbers.
func (m *mapping) loadWord(key uint64, q *query, f *finding) outcome {
	q.isWord, q.word = true, key
	q.hash = hashWord(m.seed, key)
	return m.find(q, f)
}

// loadBytes loads from any other map. The kernel has an error for what cannot be
// a key of it. Keys of a codec of the caller's come as bytes, though they be numbers.
func (m *mapping) loadBytes(key []byte, q *query, f *finding) outcome {
	if m.head.keyType == keyU64 {
		if len(key) != 8 {
			return ask
		}
		return m.loadWord(binary.LittleEndian.Uint64(key), q, f)
	}
	q.key = key
	q.hash = hashBytes(m.seed, key)
	result := m.find(q, f)
	if result == absent && (len(key) > m.keySize ||
		m.head.keyType == keyString && bytes.IndexByte(key, 0) >= 0) {
		return ask
	}
	return result
}

func (m *mapping) find(q *query, f *finding) outcome {
	for try := 0; try < mappedTries; try++ {
		head := atomic.LoadUint64(&m.head.word)
		if head&mappedReady == 0 {
			return ask
		}
		if !usable(head) {
			continue
		}
		q.floor = 0
		if head&mappedCleared != 0 {
			q.floor = atomic.LoadUint64(&m.head.floor)
		}
		shift := head >> mappedShift & 63
		nr := uintptr(q.hash >> (64 - shift))
		index := uintptr(1024) << shift
		bucket := unsafe.Add(m.base, index+64*nr)
		word := readWord(bucket)
		if !usable(word) {
			continue
		}
		var result outcome
		if q.isWord {
			revisions := unsafe.Add(m.base, index+64<<shift+16*nr)
			result = m.searchPairs(bucket, revisions, q, f)
		} else {
			result = m.searchTags(bucket, q, f)
		}
		if readWord(bucket) != word || atomic.LoadUint64(&m.head.word) != head {
			continue
		}
		if result != other {
			return result
		}
		if word&mappedSpill != 0 {
			return ask
		}
		return absent
	}
	return ask
}

func (m *mapping) searchTags(bucket unsafe.Pointer, q *query, f *finding) outcome {
	tag := uint8(q.hash)
	if tag == 0 {
		tag = 1
	}
	for base := 0; base < mappedSlots; base += 8 {
		tags := readWord(unsafe.Add(bucket, 8+base))
		for hits := match(tags, tag); hits != 0; hits &= hits - 1 {
			i := bits.TrailingZeros64(hits) / 8
			if base+i >= mappedSlots || uint8(tags>>(8*i)) != tag {
				continue
			}
			slot := readHalf(unsafe.Add(bucket, 20+4*(base+i)))
			if result := m.look(slot, q, f); result != other {
				return result
			}
		}
	}
	return other
}

// look tells what a slot has for the key. What is read here may never have been a
// slot.
func (m *mapping) look(nr uint32, q *query, f *finding) outcome {
	if uint64(nr) >= m.slots {
		return ask
	}
	slot := unsafe.Add(m.arena, uintptr(nr)*mappedUnit)
	room := mappedPage - int(nr)*mappedUnit%mappedPage
	revision := readWord(slot)
	if revision == 0 {
		return ask
	}
	lengths := readWord(unsafe.Add(slot, 8))
	keyLen, flags := int(uint16(lengths>>32)), uint16(lengths>>48)
	valueLen := int(uint32(lengths))
	valueAt := 16 + pad(keyLen)
	if valueAt > room || !q.isAt(unsafe.Add(slot, 16), keyLen) {
		return other
	}
	if revision < q.floor {
		return absent
	}
	if flags&slotAsk != 0 {
		return ask
	}
	end := valueAt + pad(valueLen)
	deadline := never
	if flags&slotMortal != 0 {
		if end+8 > room {
			return ask
		}
		// What is late may be about to be stored anew. No instruction of Go's
		// keeps the loads that follow behind the clock: the kernel decides
		deadline = readWord(unsafe.Add(slot, end))
		if m.now() >= deadline {
			return ask
		}
	}
	if end > room {
		return ask
	}
	f.revision, f.deadline, f.len = revision, deadline, valueLen
	if valueLen > len(q.value) {
		return small
	}
	readBytes(q.value[:valueLen], unsafe.Add(slot, valueAt))
	return found
}

// isAt tells whether the key is there, which has a length of n.
func (q *query) isAt(at unsafe.Pointer, n int) bool {
	if q.isWord {
		return n == 8 && readWord(at) == q.word
	}
	key := q.key
	if n != len(key) {
		return false
	}
	for ; len(key) >= 8; key, at = key[8:], unsafe.Add(at, 8) {
		if readWord(at) != binary.LittleEndian.Uint64(key) {
			return false
		}
	}
	return len(key) == 0 || readWord(at) == tail(key)
}

// readBytes copies what may change meanwhile: nobody believes it then.
func readBytes(to []byte, at unsafe.Pointer) {
	for ; len(to) >= 8; to, at = to[8:], unsafe.Add(at, 8) {
		binary.LittleEndian.PutUint64(to, readWord(at))
	}
	if len(to) > 0 {
		word := readWord(at)
		for i := range to {
			to[i] = byte(word >> (8 * i))
		}
	}
}

func (m *mapping) searchPairs(bucket, revisions unsafe.Pointer, q *query, f *finding) outcome {
	kinds := readHalf(unsafe.Add(bucket, 8))
	for i := 0; i < mappedPairs; i++ {
		pair := unsafe.Add(bucket, 16+16*i)
		kind := kinds >> (pairBits * i) & pairMask
		if readWord(pair) != q.word || kind == 0 {
			continue
		}
		revision := never
		if q.exact || q.floor != 0 {
			revision = uint64(readHalf(unsafe.Add(revisions, 12)))<<32 |
				uint64(readHalf(unsafe.Add(revisions, 4*i)))
		}
		if result := m.lookAtPair(kind, readWord(unsafe.Add(pair, 8)), revision, q, f); result != other {
			return result
		}
	}
	if more := readHalf(unsafe.Add(bucket, 12)); more != 0 {
		return m.searchMore(more, q, f)
	}
	return other
}

func (m *mapping) searchMore(nr uint32, q *query, f *finding) outcome {
	if uint64(nr)+mappedMoreUnits > m.slots {
		return ask
	}
	more := unsafe.Add(m.arena, uintptr(nr)*mappedUnit)
	kinds := readWord(more)
	if kinds == 0 {
		return ask
	}
	for i := 0; i < mappedMore; i++ {
		pair := unsafe.Add(more, 8+24*i)
		kind := uint32(kinds >> (pairBits * i) & pairMask)
		if readWord(pair) != q.word || kind == 0 {
			continue
		}
		revision := readWord(unsafe.Add(pair, 16))
		if result := m.lookAtPair(kind, readWord(unsafe.Add(pair, 8)), revision, q, f); result != other {
			return result
		}
	}
	return other
}

func (m *mapping) lookAtPair(kind uint32, value, revision uint64, q *query, f *finding) outcome {
	switch {
	case kind == pairSlot:
		return m.look(uint32(value), q, f)
	case kind > pairMost || revision == 0:
		return ask
	case revision < q.floor:
		return absent
	}
	f.revision, f.deadline, f.len = revision, never, int(kind-1)
	if f.len > len(q.value) {
		return small
	}
	for i := range q.value[:f.len] {
		q.value[i] = byte(value >> (8 * i))
	}
	return found
}

// now returns what CLOCK_BOOTTIME shows in the initial time namespace.
func (m *mapping) now() uint64 { return boottime() - uint64(m.offset) }

// left tells how long it is to a deadline.
func (m *mapping) left(deadline uint64) time.Duration {
	if deadline == never {
		return Forever
	}
	return timeLeft(deadline, m.now())
}

func timeLeft(deadline, now uint64) time.Duration {
	if deadline <= now {
		return 1
	}
	return duration(deadline - now)
}

// boottime returns what CLOCK_BOOTTIME shows. It does not wait, so no thread has to
// take the place of this one meanwhile.
func boottime() uint64 {
	const clockBoottime = 7
	var now syscall.Timespec
	syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, clockBoottime, uintptr(unsafe.Pointer(&now)), 0)
	return uint64(now.Nano())
}
