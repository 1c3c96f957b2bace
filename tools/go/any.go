// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause

//go:build linux

package syncmap

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Types that the codec for any knows, and their names
var (
	registered sync.Map // reflect.Type: string
	registry   sync.Map // string: reflect.Type
)

func init() {
	Register(false, 0, int8(0), int16(0), int32(0), int64(0),
		uint(0), uint8(0), uint16(0), uint32(0), uint64(0), uintptr(0),
		float32(0), float64(0), "", []byte(nil), struct{}{},
		time.Time{}, time.Duration(0))
}

// Register makes the types of values known to the codec for any, which a [Map]
// has, as gob.Register does: a program registers, mostly in an init function, all
// types of its own that it stores or loads. Known without that are nil, bool,
// strings, all integers and floating-point numbers, []byte, struct{}, time.Time and
// time.Duration.
//
// Such a value is the name of its type, which has the path of its package unless
// that is a program's, a colon, and the value: numbers as fmt prints them, strings
// and []byte as they are, and others as JSON: int:42, string:hello. What is loaded is
// a copy, also of what a pointer points to.
//
// It panics if two types have one name, or one has a colon in it, as types may that
// are not declared.
func Register(values ...any) {
	for _, value := range values {
		t := reflect.TypeOf(value)
		name := typeName(t)
		if strings.Contains(name, ":") {
			panic("syncmap: Register: there is a colon in " + name)
		}
		if other, loaded := registry.LoadOrStore(name, t); loaded && other != t {
			panic("syncmap: Register: two types are called " + name)
		}
		registered.Store(t, name)
	}
}

func typeName(t reflect.Type) string {
	switch {
	case t.Name() == "" && t.Kind() == reflect.Pointer:
		return "*" + typeName(t.Elem())
	case t.Name() == "" || t.PkgPath() == "":
		return t.String()
	}
	return t.PkgPath() + "." + t.Name()
}

func anyCodec[T any]() Codec[T] {
	return Codec[T]{
		Kind:   kindAny,
		Append: func(to []byte, v T) ([]byte, error) { return appendAny(to, v) },
		Decode: func(b []byte) (v T, err error) {
			got, err := decodeAny(b)
			if got != nil {
				v = got.(T)
			}
			return v, err
		},
	}
}

var typeOfBytes = reflect.TypeOf([]byte(nil))

func appendAny(to []byte, v any) ([]byte, error) {
	if v == nil {
		return append(to, "nil:"...), nil
	}
	t := reflect.TypeOf(v)
	name, ok := registered.Load(t)
	if !ok {
		return nil, fmt.Errorf("type %v is not registered: %w", t, ErrType)
	}
	to = append(append(to, name.(string)...), ':')
	value := reflect.ValueOf(v)
	switch kind := t.Kind(); {
	case kind == reflect.Bool:
		return strconv.AppendBool(to, value.Bool()), nil
	case kind >= reflect.Int && kind <= reflect.Int64:
		return strconv.AppendInt(to, value.Int(), 10), nil
	case kind >= reflect.Uint && kind <= reflect.Uintptr:
		return strconv.AppendUint(to, value.Uint(), 10), nil
	case kind == reflect.Float32 || kind == reflect.Float64:
		return strconv.AppendFloat(to, value.Float(), 'g', -1, t.Bits()), nil
	case kind == reflect.String:
		return append(to, value.String()...), nil
	case t == typeOfBytes:
		return append(to, value.Bytes()...), nil
	}
	b, err := json.Marshal(v)
	return append(to, b...), err
}

func decodeAny(b []byte) (any, error) {
	name, b, ok := bytes.Cut(b, []byte{':'})
	if !ok {
		return nil, fmt.Errorf("a value without a type: %w", ErrType)
	}
	if string(name) == "nil" {
		return nil, nil
	}
	known, ok := registry.Load(string(name))
	if !ok {
		return nil, fmt.Errorf("type %s is not registered: %w", name, ErrType)
	}
	t := known.(reflect.Type)
	value := reflect.New(t).Elem()
	if err := setAny(value, t, b); err != nil {
		return nil, err
	}
	return value.Interface(), nil
}

func setAny(value reflect.Value, t reflect.Type, b []byte) (err error) {
	switch kind := t.Kind(); {
	case kind == reflect.Bool:
		var v bool
		v, err = strconv.ParseBool(string(b))
		value.SetBool(v)
	case kind >= reflect.Int && kind <= reflect.Int64:
		var v int64
		v, err = strconv.ParseInt(string(b), 10, t.Bits())
		value.SetInt(v)
	case kind >= reflect.Uint && kind <= reflect.Uintptr:
		var v uint64
		v, err = strconv.ParseUint(string(b), 10, t.Bits())
		value.SetUint(v)
	case kind == reflect.Float32 || kind == reflect.Float64:
		var v float64
		v, err = strconv.ParseFloat(string(b), t.Bits())
		value.SetFloat(v)
	case kind == reflect.String:
		value.SetString(string(b))
	case t == typeOfBytes:
		value.SetBytes(append([]byte{}, b...))
	default:
		err = json.Unmarshal(b, value.Addr().Interface())
	}
	return err
}
