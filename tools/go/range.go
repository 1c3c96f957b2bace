// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause

//go:build linux

package syncmap

import (
	"syscall"
	"unsafe"
)

// Some records at a time
const rangeSize = 64 << 10

// Range calls f sequentially for each key and value present in the map. If f
// returns false, range stops the iteration.
//
// As with sync.Map, no key is visited more than once, and none is missed that is
// there throughout; each is as it was at some time during the Range. Range blocks
// nobody, and f may call any method on m.
func (m *MapOf[K, V]) Range(f func(key K, value V) bool) error {
	return m.walk("Range", 0, func(entry Entry[K, V]) bool {
		return f(entry.Key, entry.Value)
	})
}

// All returns an iterator, an iter.Seq2, over all entries of the map, as Range. If
// it comes to an error, which is nil otherwise, that is the last.
func (m *MapOf[K, V]) All() func(yield func(Entry[K, V], error) bool) {
	return m.entries("All", 0)
}

// Keys is All without the values.
func (m *MapOf[K, V]) Keys() func(yield func(Entry[K, V], error) bool) {
	return m.entries("Keys", rangeKeysOnly)
}

func (m *MapOf[K, V]) entries(op string, flags uint32) func(yield func(Entry[K, V], error) bool) {
	return func(yield func(Entry[K, V], error) bool) {
		err := m.walk(op, flags, func(entry Entry[K, V]) bool {
			return yield(entry, nil)
		})
		if err != nil {
			yield(Entry[K, V]{}, err)
		}
	}
}

func (m *MapOf[K, V]) walk(op string, flags uint32, f func(Entry[K, V]) bool) error {
	params := &abiRange{flags: flags}
	buffer := make([]byte, rangeSize)
	for params.cursor != endCursor {
		params.buffer, params.size = &buffer[0], uint32(len(buffer))
		err := m.file.control(cmdRange, unsafe.Pointer(params))
		if err == syscall.EMSGSIZE && int(params.needed) > len(buffer) {
			buffer = make([]byte, params.needed)
			continue
		}
		if err != nil {
			return fail(op, m.Name(), nil, err, &params.error)
		}
		if goes, err := m.show(buffer[:params.used], f); err != nil || !goes {
			return err
		}
	}
	return nil
}

// show calls f for the entries in records, until that returns false.
func (m *MapOf[K, V]) show(records []byte, f func(Entry[K, V]) bool) (goes bool, err error) {
	for r, rest, ok := nextRecord(records); ok; r, rest, ok = nextRecord(rest) {
		entry, err := m.entryOf(&r)
		if err != nil || !f(entry) {
			return false, err
		}
	}
	return true, nil
}

// A record is one element of what the kernel tells in a Range or Watch.
type record struct {
	abiRecord
	key, value []byte
}

// nextRecord returns the first record of some, if there is one, and those behind it.
// Those of a type that is not known here, as newer kernels may have, it goes past.
func nextRecord(b []byte) (r record, rest []byte, ok bool) {
	for len(b) > 0 && !ok {
		r.abiRecord = *(*abiRecord)(unsafe.Pointer(&b[0]))
		rest = b[r.size:]
		if ok = EventType(r.typ).isKnown(); ok {
			r.setData(b[r.data:])
		}
		b = rest
	}
	return r, rest, ok
}

// setData finds key and value.
func (r *record) setData(b []byte) {
	r.key, b = b[:r.keyLen], b[r.keyLen:]
	if r.flags&recordValue != 0 {
		r.value = b[:r.valueLen]
	}
}

// entryOf makes an entry of a record.
func (m *MapOf[K, V]) entryOf(r *record) (entry Entry[K, V], err error) {
	entry.Revision = r.revision
	entry.Owned = r.flags&recordOwned != 0
	entry.Kept = r.flags&recordKept != 0
	entry.TTL = Forever
	if r.expires != never && r.expires != 0 {
		entry.TTL = timeLeft(r.expires, boottime())
	}
	entry.Key, err = m.keys.Decode(r.key)
	if err == nil && r.flags&recordValue != 0 {
		entry.Value, err = m.values.Decode(r.value)
	}
	if err != nil {
		err = fail("decode", m.Name(), string(r.key), err, nil)
	}
	return entry, err
}
