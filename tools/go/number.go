// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause

//go:build linux

package syncmap

import (
	"syscall"
	"unsafe"
)

// Arithmetic on values that are numbers, each at one instant. They are not
// negative, whatever V is: ErrRange, and nothing changed, if one would become that,
// or wrap around; what is returned then is the number that is there.

// Add adds delta to the number of a key, and returns what it is then. An absent key
// counts as 0; options are for that, but for AtMost and AtLeast: an entry that is there
// keeps its time to live, and its owner.
func Add[K any, V Integer](m *MapOf[K, V], key K, delta V, options ...Option) (V, error) {
	code, operand := uint32(opAdd), uint64(delta)
	most, least := highest[V](), uint64(0)
	for _, option := range options {
		if option.most != nil && *option.most < most {
			most = *option.most
		}
		if option.least != nil && *option.least > least {
			least = *option.least
		}
	}
	bound := most
	if delta < 0 {
		code, operand, bound = opSub, uint64(-int64(delta)), least
	}
	f := newFrame(code)
	defer f.free()
	f.apply(options)
	f.op.flags |= flagBounded
	f.op.bound = bound
	return calculate("Add", f, m, key, operand, 0)
}

// Min makes the number of a key n, if it is more than that, or absent.
func Min[K any, V Integer](m *MapOf[K, V], key K, n V, options ...Option) (V, error) {
	return combine("Min", opMin, m, key, n, uint64(n), options)
}

// Max makes the number of a key n, if it is less than that, or absent.
func Max[K any, V Integer](m *MapOf[K, V], key K, n V, options ...Option) (V, error) {
	return combine("Max", opMax, m, key, n, uint64(n), options)
}

// And leaves those bits of the number of a key that bits has, too. An absent key
// counts as one with all bits.
func And[K any, V Integer](m *MapOf[K, V], key K, bits V, options ...Option) (V, error) {
	// As no number is negative, the sign does not matter
	bits = V(uint64(bits) & highest[V]())
	return combine("And", opAnd, m, key, bits, uint64(bits), options)
}

// Or sets bits in the number of a key. An absent key counts as 0.
func Or[K any, V Integer](m *MapOf[K, V], key K, bits V, options ...Option) (V, error) {
	return combine("Or", opOr, m, key, bits, 0, options)
}

// Xor inverts bits of the number of a key. An absent key counts as 0.
func Xor[K any, V Integer](m *MapOf[K, V], key K, bits V, options ...Option) (V, error) {
	return combine("Xor", opXor, m, key, bits, 0, options)
}

// highest returns the highest number that a V can be.
func highest[V Integer]() uint64 {
	bits := 8 * unsafe.Sizeof(V(0))
	if ^V(0) < 0 {
		bits--
	}
	return 1<<bits - 1
}

// combine has a number that is not negative become another one.
func combine[K any, V Integer](op string, code uint32, m *MapOf[K, V], key K, n V, initial uint64, options []Option) (V, error) {
	if n < 0 {
		there, _, err := m.Load(key)
		if err == nil {
			err = m.fail(op, key, syscall.ERANGE, nil)
		}
		return there, err
	}
	f := newFrame(code)
	defer f.free()
	f.apply(options)
	return calculate(op, f, m, key, uint64(n), initial)
}

func calculate[K any, V Integer](op string, f *frame, m *MapOf[K, V], key K, operand, initial uint64) (V, error) {
	f.op.flags |= flagInitial
	f.op.operand, f.op.initial = operand, initial
	if err := m.set(op, f, key, nil); err != nil {
		return V(f.answer.after), err
	}
	n := V(f.answer.after)
	if uint64(n) != f.answer.after {
		return n, m.fail(op, key, syscall.ERANGE, nil)
	}
	return n, nil
}
