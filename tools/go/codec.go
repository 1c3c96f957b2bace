// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause

//go:build linux

package syncmap

import (
	"encoding/json"
	"fmt"
	"reflect"
	"unsafe"
)

// A Kind says what bytes are. The keys of a map are numbers, text or bytes, and
// only those; of its values the kind is a note for those who read them, such as
// syncmapctl.
type Kind uint32

const (
	KindBytes  Kind = iota + 1 // any bytes
	KindText                   // as a key: any bytes but NUL
	KindNumber                 // eight bytes: a uint64 in the byte order of the machine
	KindJSON                   // as a key: text
	kindAny                    // as a key: any bytes; as a value: text
)

const (
	keyU64    = 1
	keyString = 2
	keyBytes  = 3
)

// keyType returns what the ABI calls a key of the kind.
func (k Kind) keyType() uint32 {
	switch k {
	case KindNumber:
		return keyU64
	case KindText, KindJSON:
		return keyString
	}
	return keyBytes
}

// valueKind returns what the ABI calls a value of the kind.
func (k Kind) valueKind() uint32 {
	if k == kindAny {
		return uint32(KindText)
	}
	return uint32(k)
}

// A Codec says how values of a type are bytes in the kernel. Where a map is
// configured without one,
//
//   - integers are numbers, and uint64 what a C program sees of them,
//   - strings are text,
//   - slices of bytes are bytes,
//   - any is what [Register] tells,
//   - all other types are JSON.
//
// Keys, and values in CompareAndSwap and CompareAndDelete, are equal if their bytes
// are.
type Codec[T any] struct {
	// Kind says what Append makes.
	Kind Kind
	// Append appends the bytes of v to to.
	Append func(to []byte, v T) ([]byte, error)
	// Decode makes a value of bytes, which it must not keep.
	Decode func(b []byte) (T, error)

	// What saves the way by a buffer: numbers, and strings
	word     func(v T) uint64
	fromWord func(word uint64) (T, error)
	text     func(v T) string
}

// JSON returns the codec that makes any type JSON.
func JSON[T any]() Codec[T] {
	return Codec[T]{
		Kind: KindJSON,
		Append: func(to []byte, v T) ([]byte, error) {
			b, err := json.Marshal(v)
			return append(to, b...), err
		},
		Decode: func(b []byte) (v T, err error) {
			err = json.Unmarshal(b, &v)
			return v, err
		},
	}
}

// codecOf returns the codec for T where none is given.
func codecOf[T any]() Codec[T] {
	t := reflect.TypeOf((*T)(nil)).Elem()
	switch {
	case t.Kind() == reflect.Interface && t.NumMethod() == 0:
		return anyCodec[T]()
	case t.Kind() == reflect.String:
		return stringCodec[T]()
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8:
		return bytesCodec[T]()
	case t.Kind() >= reflect.Int && t.Kind() <= reflect.Uintptr:
		return numberCodecOf[T](t.Kind())
	}
	return JSON[T]()
}

// as returns a T, which is another name of what v is.
func as[T, V any](v V) T { return *(*T)(unsafe.Pointer(&v)) }

func stringCodec[T any]() Codec[T] {
	return Codec[T]{
		Kind:   KindText,
		Append: func(to []byte, v T) ([]byte, error) { return append(to, as[string](v)...), nil },
		Decode: func(b []byte) (T, error) { return as[T](string(b)), nil },
		text:   func(v T) string { return as[string](v) },
	}
}

func bytesCodec[T any]() Codec[T] {
	return Codec[T]{
		Kind:   KindBytes,
		Append: func(to []byte, v T) ([]byte, error) { return append(to, as[[]byte](v)...), nil },
		Decode: func(b []byte) (T, error) { return as[T](append([]byte{}, b...)), nil },
	}
}

// An Integer is any type of integers.
type Integer interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 |
		~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~uintptr
}

func numberCodecOf[T any](kind reflect.Kind) Codec[T] {
	switch kind {
	case reflect.Int8:
		return numberCodec[T, int8]()
	case reflect.Int16:
		return numberCodec[T, int16]()
	case reflect.Int32:
		return numberCodec[T, int32]()
	case reflect.Uint8:
		return numberCodec[T, uint8]()
	case reflect.Uint16:
		return numberCodec[T, uint16]()
	case reflect.Uint32:
		return numberCodec[T, uint32]()
	}
	return numberCodec[T, uint64]()
}

// numberCodec returns the codec for T, which is another name of N.
func numberCodec[T any, N Integer]() Codec[T] {
	word := func(v T) uint64 { return uint64(as[N](v)) }
	fromWord := func(w uint64) (v T, err error) {
		if n := N(w); uint64(n) == w {
			return as[T](n), nil
		}
		return v, fmt.Errorf("%d is no %T: %w", int64(w), v, ErrType)
	}
	return Codec[T]{
		Kind: KindNumber,
		Append: func(to []byte, v T) ([]byte, error) {
			w := word(v)
			return append(to, wordBytes(&w)...), nil
		},
		Decode: func(b []byte) (v T, err error) {
			var w uint64
			if len(b) != len(wordBytes(&w)) {
				return v, fmt.Errorf("%d bytes are no number: %w", len(b), ErrType)
			}
			copy(wordBytes(&w), b)
			return fromWord(w)
		},
		word:     word,
		fromWord: fromWord,
	}
}

// wordBytes returns the bytes of a word as they lie in memory.
func wordBytes(w *uint64) []byte { return (*[8]byte)(unsafe.Pointer(w))[:] }
