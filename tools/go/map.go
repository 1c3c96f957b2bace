// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause

//go:build linux

package syncmap

import (
	"io/fs"
	"sync"
)

// Map is a sync.Map that processes share: it has the same methods, which do the
// same, so that a program changes one line,
//
//	var sessions sync.Map
//
// to
//
//	var sessions = syncmap.Map{Name: "sessions"}
//
// The map of this name is opened, or made, when it is first used: for its user
// alone, with all defaults, and mapped, so that loads need no system call. One that
// another user has made is not taken for it, unless Owner says so. The zero Map has no
// name, is empty and ready for use, and shared with nobody. A Map must not be copied
// after first use.
//
// Keys and values are of any type that is known: see [Register]. What is loaded is a
// copy of what was stored; keys, and what CompareAndSwap and CompareAndDelete compare,
// are equal if their encodings are.
//
// The methods of sync.Map have no errors, and a map in the kernel can be full, or
// not there at all. They panic with an *Error then, as sync.Map does with a key that
// cannot be hashed; or, if OnError is set, call that, and return as if no key were
// there, and what was to be stored is lost. A program that would rather look at
// each error uses a [MapOf].
//
// In the terminology of the Go memory model, Map arranges that a write operation
// “synchronizes before” any read operation that observes the effect of the write, as
// sync.Map, and between processes, too.
type Map struct {
	// Name is the map's: up to 63 letters, digits and ._:-.
	Name string
	// Owner is whose map it has to be, this user's if it is zero. One of another
	// user is opened, but not made.
	Owner Owner
	// OnError is called with what went wrong, in place of a panic.
	OnError func(err error)

	once sync.Once
	m    *MapOf[any, any]
	err  error
}

// open returns the map, or nil after an error.
func (m *Map) open() *MapOf[any, any] {
	m.once.Do(func() {
		config := Config[any, any]{Owner: m.Owner, Mapped: true}
		if m.Name == "" {
			m.m, m.err = config.Create("")
		} else {
			m.m, m.err = config.OpenOrCreate(m.Name)
		}
	})
	m.check(m.err)
	return m.m
}

// check returns whether all is well, unless it panics.
func (m *Map) check(err error) bool {
	if err == nil {
		return true
	}
	if m.OnError == nil {
		panic(err)
	}
	m.OnError(err)
	return false
}

// Load returns the value stored in the map for a key, or nil if no value is
// present. The ok result indicates whether value was found in the map.
func (m *Map) Load(key any) (value any, ok bool) {
	if open := m.open(); open != nil {
		var err error
		value, ok, err = open.Load(key)
		m.check(err)
	}
	return value, ok
}

// Store sets the value for a key.
func (m *Map) Store(key, value any) {
	if open := m.open(); open != nil {
		m.check(open.Store(key, value))
	}
}

// LoadOrStore returns the existing value for the key if present. Otherwise, it
// stores and returns the given value. The loaded result is true if the value was
// loaded, false if stored.
func (m *Map) LoadOrStore(key, value any) (actual any, loaded bool) {
	actual = value
	if open := m.open(); open != nil {
		got, was, err := open.LoadOrStore(key, value)
		if m.check(err) {
			actual, loaded = got, was
		}
	}
	return actual, loaded
}

// LoadAndDelete deletes the value for a key, returning the previous value if any.
// The loaded result reports whether the key was present.
func (m *Map) LoadAndDelete(key any) (value any, loaded bool) {
	if open := m.open(); open != nil {
		var err error
		value, loaded, err = open.LoadAndDelete(key)
		m.check(err)
	}
	return value, loaded
}

// Delete deletes the value for a key. If the key is not in the map, Delete does
// nothing.
func (m *Map) Delete(key any) {
	if open := m.open(); open != nil {
		m.check(open.Delete(key))
	}
}

// Swap swaps the value for a key and returns the previous value if any. The loaded
// result reports whether the key was present.
func (m *Map) Swap(key, value any) (previous any, loaded bool) {
	if open := m.open(); open != nil {
		var err error
		previous, loaded, err = open.Swap(key, value)
		m.check(err)
	}
	return previous, loaded
}

// CompareAndSwap swaps the old and new values for key if the value stored in the
// map is equal to old.
func (m *Map) CompareAndSwap(key, old, new any) (swapped bool) {
	if open := m.open(); open != nil {
		var err error
		swapped, err = open.CompareAndSwap(key, old, new)
		m.check(err)
	}
	return swapped
}

// CompareAndDelete deletes the entry for key if its value is equal to old. If there
// is no current value for key in the map, CompareAndDelete returns false, even if
// the old value is the nil interface value.
func (m *Map) CompareAndDelete(key, old any) (deleted bool) {
	if open := m.open(); open != nil {
		var err error
		deleted, err = open.CompareAndDelete(key, old)
		m.check(err)
	}
	return deleted
}

// Range calls f sequentially for each key and value present in the map. If f
// returns false, range stops the iteration. It is as sync.Map's, and can be ranged
// over: for key, value := range m.Range.
func (m *Map) Range(f func(key, value any) bool) {
	if open := m.open(); open != nil {
		m.check(open.Range(f))
	}
}

// Clear deletes all the entries, at one instant.
func (m *Map) Clear() {
	if open := m.open(); open != nil {
		m.check(open.Clear())
	}
}

// Close closes the map, which stays if it has a name; later operations fail with
// fs.ErrClosed. A Map that is forgotten is closed by the collector.
func (m *Map) Close() error {
	unused := false
	m.once.Do(func() {
		unused = true
		m.err = fail("Close", m.Name, nil, fs.ErrClosed, nil)
	})
	switch {
	case unused:
		return nil
	case m.m == nil:
		return m.err
	}
	return m.m.Close()
}
