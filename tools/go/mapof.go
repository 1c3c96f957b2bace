// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause

//go:build linux

package syncmap

import (
	"runtime"
	"syscall"
	"time"
	"unsafe"
)

// A MapOf is an open map, whose keys and values have types. Its operations are
// those of sync.Map, with an error each, and more. It is safe for concurrent use by
// multiple goroutines and processes, and must not be copied.
//
// All operations on a key are linearizable, between goroutines and processes: in
// the terminology of the Go memory model, a write synchronizes before any read that
// observes its effect, also if that is in another process.
type MapOf[K, V any] struct {
	core
	keys   Codec[K]
	values Codec[V]
}

// An Option says more of what is stored, or of a lease. Of two that contradict each
// other the last one counts.
type Option struct {
	flags    uint32
	deadline uint64
	leaseFor uint64
	// Of Add, or nil
	most, least *uint64
}

// TTL has what is stored expire after d; [Forever] is never, whatever the map's
// default is. Each store sets it anew.
func TTL(d time.Duration) Option {
	switch {
	case d == Forever:
		return Option{deadline: never}
	case d < 1:
		return Option{deadline: 1}
	}
	return Option{deadline: uint64(d)}
}

// Owned binds what is stored to this open map: it goes when that is closed, by
// whatever means, unless somebody else has stored another value.
func Owned() Option { return Option{flags: flagOwned} }

// Keep has what is stored never be evicted ([Config].Evict), until it has been stored
// anew without it. It is for what stores a value, not for [Add] and the like.
func Keep() Option { return Option{flags: flagKeep} }

// AtMost has [Add] of a positive number fail with ErrRange rather than pass n.
func AtMost(n uint64) Option { return Option{flags: flagBounded, most: &n} }

// AtLeast has [Add] of a negative number fail with ErrRange rather than pass n.
func AtLeast(n uint64) Option { return Option{flags: flagBounded, least: &n} }

// LeaseFor has LoadOrCompute give up the lease after d, so that the next one
// computes; else it is had as long as the map is open.
func LeaseFor(d time.Duration) Option { return Option{leaseFor: uint64(d)} }

// AllowStale has LoadOrCompute take a value that has expired, if the map keeps it
// (Config.Stale), rather than wait for one who computes.
func AllowStale() Option { return Option{flags: flagStale} }

func (f *frame) apply(options []Option) {
	f.op.flags |= flagFromNow
	for _, option := range options {
		f.op.flags |= option.flags
		if option.deadline != 0 {
			f.op.deadline = option.deadline
		}
	}
	f.op.leaseFor = leaseFor(options)
}

func leaseFor(options []Option) (d uint64) {
	for _, option := range options {
		if option.leaseFor != 0 {
			d = option.leaseFor
		}
	}
	return d
}

// An Entry is what there is of a key.
type Entry[K, V any] struct {
	Key   K
	Value V
	// Revision is of the value. No other value has it: it is a good one to
	// compare with.
	Revision uint64
	// TTL is how long the entry lives, Forever if it does not expire.
	TTL time.Duration
	// Owned: the entry is bound to an open map.
	Owned bool
	// Kept: the entry is never evicted (Keep). All, Keys and a Watcher tell that;
	// LoadEntry and LoadNewer do not.
	Kept bool
}

// bytesOf returns the bytes of v, which are in word, or v itself, or in *buffer.
func bytesOf[T any](c *Codec[T], v T, word *uint64, buffer *[]byte) ([]byte, error) {
	if c.word != nil {
		*word = c.word(v)
		return wordBytes(word), nil
	}
	if c.text != nil {
		return textBytes(c.text(v)), nil
	}
	b, err := c.Append((*buffer)[:0], v)
	if err == nil {
		*buffer = b
	}
	return b, err
}

// textBytes returns the bytes of a string, to be read only.
func textBytes(s string) []byte {
	return unsafe.Slice(*(**byte)(unsafe.Pointer(&s)), len(s))
}

func (m *MapOf[K, V]) setKey(f *frame, key K) error {
	b, err := bytesOf(&m.keys, key, &f.keyWord, &f.key)
	f.setKey(b)
	return err
}

func (m *MapOf[K, V]) setValue(f *frame, value V) error {
	b, err := bytesOf(&m.values, value, &f.valueWord, &f.value)
	f.setValue(b)
	return err
}

func (m *MapOf[K, V]) setOld(f *frame, old V) error {
	b, err := bytesOf(&m.values, old, &f.oldWord, &f.old)
	f.setOld(b)
	return err
}

// run carries out an operation whose operands were set, if err is nil.
func (m *MapOf[K, V]) run(f *frame, err error) error {
	if err == nil {
		err = m.core.run(f)
	}
	return err
}

// fail makes an Error of what went wrong with an operation on a key.
func (m *MapOf[K, V]) fail(op string, key K, err error, f *frame) error {
	var said *abiError
	if f != nil {
		if _, ok := err.(syscall.Errno); ok {
			said = &f.answer.error
		}
	}
	return fail(op, m.Name(), any(key), err, said)
}

// Load returns the value stored in the map for a key. The ok result indicates
// whether there is one.
func (m *MapOf[K, V]) Load(key K) (value V, ok bool, err error) {
	if mapping := m.viewToLoad(); mapping != nil {
		value, result, err := m.loadMapped(mapping, key, false, &finding{})
		runtime.KeepAlive(mapping)
		if err != nil {
			return value, false, m.fail("Load", key, err, nil)
		}
		if result != ask {
			return value, result == found, nil
		}
	}
	f := newFrame(opLoad)
	defer f.free()
	f.wantValue()
	return m.get("Load", f, key, nil)
}

// loadMapped loads without a system call, or with the outcome ask.
func (m *MapOf[K, V]) loadMapped(mapping *mapping, key K, exact bool, at *finding) (value V, result outcome, err error) {
	if m.values.fromWord != nil {
		var word uint64
		result, err = m.findMapped(mapping, key, &query{exact: exact, value: wordBytes(&word)}, at)
		if result == found && at.len == len(wordBytes(&word)) {
			value, err = m.values.fromWord(word)
		} else if result != absent {
			// What is no number Decode has an error for
			result = ask
		}
		return value, result, err
	}
	f := newFrame(opLoad)
	defer f.free()
	for {
		result, err = m.findMapped(mapping, key, &query{exact: exact, value: f.out}, at)
		if err != nil || result != small {
			break
		}
		f.out = make([]byte, at.len)
	}
	if err == nil && result == found {
		value, err = m.values.Decode(f.out[:at.len])
	}
	return value, result, err
}

func (m *MapOf[K, V]) findMapped(mapping *mapping, key K, q *query, at *finding) (outcome, error) {
	switch {
	case m.keys.word != nil:
		return mapping.loadWord(m.keys.word(key), q, at), nil
	case m.keys.text != nil:
		return mapping.loadBytes(textBytes(m.keys.text(key)), q, at), nil
	}
	f := newFrame(opLoad)
	defer f.free()
	if err := m.setKey(f, key); err != nil {
		return absent, err
	}
	return mapping.loadBytes(f.key, q, at), nil
}

// get runs an operation that gives a value, whose operands but the key are set.
func (m *MapOf[K, V]) get(op string, f *frame, key K, err error) (value V, ok bool, _ error) {
	if err == nil {
		err = m.setKey(f, key)
	}
	err = m.run(f, err)
	if err == syscall.ENOENT {
		return value, false, nil
	}
	if err == nil && f.answer.result&resultLoaded != 0 {
		ok = true
		if f.answer.result&resultUnchanged == 0 {
			value, err = m.values.Decode(f.found())
		}
	}
	if err != nil {
		return value, false, m.fail(op, key, err, f)
	}
	return value, ok, nil
}

// set runs an operation that gives no value, whose operands but the key are set.
func (m *MapOf[K, V]) set(op string, f *frame, key K, err error) error {
	if err == nil {
		err = m.setKey(f, key)
	}
	if err = m.run(f, err); err != nil {
		return m.fail(op, key, err, f)
	}
	return nil
}

// LoadEntry returns all there is of a key.
func (m *MapOf[K, V]) LoadEntry(key K) (entry Entry[K, V], ok bool, err error) {
	return m.loadEntry("LoadEntry", key, 0)
}

// LoadNewer returns what there is of a key unless the caller has it: if
// entry.Revision is not above revision, entry.Value is not set.
func (m *MapOf[K, V]) LoadNewer(key K, revision uint64) (entry Entry[K, V], ok bool, err error) {
	return m.loadEntry("LoadNewer", key, revision)
}

func (m *MapOf[K, V]) loadEntry(op string, key K, newer uint64) (entry Entry[K, V], ok bool, err error) {
	entry.Key = key
	if mapping := m.viewToLoad(); mapping != nil {
		var at finding
		value, result, err := m.loadMapped(mapping, key, true, &at)
		if err != nil {
			return entry, false, m.fail(op, key, err, nil)
		}
		if result == found {
			entry.Revision, entry.TTL = at.revision, mapping.left(at.deadline)
			if at.revision > newer {
				entry.Value = value
			}
		}
		runtime.KeepAlive(mapping)
		if result != ask {
			return entry, result == found, nil
		}
	}
	f := newFrame(opLoad)
	defer f.free()
	f.op.flags = flagFromNow
	if newer != 0 {
		f.op.flags |= flagIfNewer
		f.op.expected = newer
	}
	f.wantValue()
	entry.Value, ok, err = m.get(op, f, key, nil)
	if ok {
		entry.Revision, entry.TTL = f.answer.revision, duration(f.answer.expires)
		entry.Owned = f.answer.result&resultOwned != 0
	}
	return entry, ok, err
}

// Store sets the value for a key. A map that is full says so: ErrFull.
func (m *MapOf[K, V]) Store(key K, value V, options ...Option) error {
	f := newFrame(opStore)
	defer f.free()
	f.apply(options)
	return m.set("Store", f, key, m.setValue(f, value))
}

// LoadOrStore returns the existing value for the key if present. Otherwise, it
// stores and returns the given value. The loaded result is true if the value was
// loaded, false if stored.
func (m *MapOf[K, V]) LoadOrStore(key K, value V, options ...Option) (actual V, loaded bool, err error) {
	f := newFrame(opLoadOrStore)
	defer f.free()
	f.apply(options)
	f.wantValue()
	actual, loaded, err = m.get("LoadOrStore", f, key, m.setValue(f, value))
	if err == nil && !loaded {
		actual = value
	}
	return actual, loaded, err
}

// LoadAndDelete deletes the value for a key, returning the previous value if any.
// The loaded result reports whether the key was present: to exactly one of many
// callers.
func (m *MapOf[K, V]) LoadAndDelete(key K) (value V, loaded bool, err error) {
	f := newFrame(opLoadAndDelete)
	defer f.free()
	f.wantValue()
	return m.get("LoadAndDelete", f, key, nil)
}

// Delete deletes the value for a key, if there is one.
func (m *MapOf[K, V]) Delete(key K) error {
	f := newFrame(opDelete)
	defer f.free()
	return m.set("Delete", f, key, nil)
}

// Swap swaps the value for a key and returns the previous value if any. The loaded
// result reports whether the key was present.
func (m *MapOf[K, V]) Swap(key K, value V, options ...Option) (previous V, loaded bool, err error) {
	f := newFrame(opSwap)
	defer f.free()
	f.apply(options)
	f.wantValue()
	return m.get("Swap", f, key, m.setValue(f, value))
}

// CompareAndSwap swaps the old and new values for key if the value stored in the
// map is old. An absent key has none.
func (m *MapOf[K, V]) CompareAndSwap(key K, old, new V, options ...Option) (swapped bool, err error) {
	f := newFrame(opCompareAndSwap)
	defer f.free()
	f.apply(options)
	err = m.setOld(f, old)
	if err == nil {
		err = m.setValue(f, new)
	}
	return m.compare("CompareAndSwap", f, key, err)
}

// CompareAndSwapRevision sets the value of a key if it still has this revision: one
// that was changed and then changed back has another.
func (m *MapOf[K, V]) CompareAndSwapRevision(key K, revision uint64, new V, options ...Option) (swapped bool, err error) {
	f := newFrame(opCompareAndSwap)
	defer f.free()
	f.apply(options)
	f.op.flags |= flagByRevision
	f.op.expected = revision
	return m.compare("CompareAndSwapRevision", f, key, m.setValue(f, new))
}

// CompareAndDelete deletes the entry for key if its value is old. If there is no
// current value for key in the map, it returns false, even if the old value is nil.
func (m *MapOf[K, V]) CompareAndDelete(key K, old V) (deleted bool, err error) {
	f := newFrame(opCompareAndDelete)
	defer f.free()
	return m.compare("CompareAndDelete", f, key, m.setOld(f, old))
}

// CompareAndDeleteRevision deletes the entry for key if it still has this revision.
func (m *MapOf[K, V]) CompareAndDeleteRevision(key K, revision uint64) (deleted bool, err error) {
	f := newFrame(opCompareAndDelete)
	defer f.free()
	f.op.flags = flagByRevision
	f.op.expected = revision
	return m.compare("CompareAndDeleteRevision", f, key, nil)
}

func (m *MapOf[K, V]) compare(op string, f *frame, key K, err error) (bool, error) {
	if err == nil {
		err = m.setKey(f, key)
	}
	switch err = m.run(f, err); err {
	case nil:
		return true, nil
	case syscall.EBUSY, syscall.ENOENT:
		return false, nil
	}
	return false, m.fail(op, key, err, f)
}

// Touch returns the value of a key, and has the entry expire after ttl. Neither the
// value nor its revision changes.
func (m *MapOf[K, V]) Touch(key K, ttl time.Duration) (value V, ok bool, err error) {
	f := newFrame(opTouch)
	defer f.free()
	f.apply([]Option{TTL(ttl)})
	f.wantValue()
	return m.get("Touch", f, key, nil)
}

// Append puts the bytes of value behind those that are there, or stores them if
// there are none: each caller's are there, in one piece. An entry that is there
// keeps its time to live, and its owner.
func (m *MapOf[K, V]) Append(key K, value V, options ...Option) error {
	f := newFrame(opAppend)
	defer f.free()
	f.apply(options)
	return m.set("Append", f, key, m.setValue(f, value))
}
