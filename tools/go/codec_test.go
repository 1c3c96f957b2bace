// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause

package syncmap

import (
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"
)

type userID uint32

type user struct {
	Name string
	Tags []string
}

func roundTrip[T any](t *testing.T, kind Kind, values ...T) {
	t.Helper()
	codec := codecOf[T]()
	want(t, reflect.TypeOf(values).String(), codec.Kind, kind)
	for _, v := range values {
		b, err := codec.Append([]byte("x"), v)
		if err != nil || b[0] != 'x' {
			t.Errorf("Append(%v): %q, %v", v, b, err)
			continue
		}
		got, err := codec.Decode(b[1:])
		if err != nil || !reflect.DeepEqual(got, v) {
			t.Errorf("%v (%q) became %v, %v", v, b[1:], got, err)
		}
	}
}

func TestCodecs(t *testing.T) {
	roundTrip(t, KindNumber, 0, 1, -1, math.MaxInt, math.MinInt)
	roundTrip(t, KindNumber, int8(-128), 127)
	roundTrip(t, KindNumber, int16(-32768), 32767)
	roundTrip(t, KindNumber, int32(math.MinInt32), math.MaxInt32)
	roundTrip(t, KindNumber, int64(math.MinInt64), math.MaxInt64)
	roundTrip(t, KindNumber, uint8(0), 255)
	roundTrip(t, KindNumber, uint16(0), 65535)
	roundTrip(t, KindNumber, userID(0), math.MaxUint32)
	roundTrip(t, KindNumber, uint64(0), math.MaxUint64)
	roundTrip(t, KindNumber, time.Second)
	roundTrip(t, KindText, "", "a", "\x00\xff")
	roundTrip(t, KindBytes, []byte{}, []byte("a\x00"))
	roundTrip(t, KindJSON, user{"ann", []string{"a"}}, user{})
	roundTrip(t, KindJSON, 1.5, -0.1, math.MaxFloat64)
	roundTrip(t, kindAny, append([]any{uint(7), []byte{0, 1}, time.Hour, math.Inf(1),
		float32(0.1), int32(-5)}, someThings...)...)
}

func TestNumbersThatDoNotFit(t *testing.T) {
	for _, b := range [][]byte{nil, {1}, make([]byte, 9)} {
		if _, err := codecOf[int]().Decode(b); !errors.Is(err, ErrType) {
			t.Errorf("%d bytes: %v", len(b), err)
		}
	}
	large, _ := codecOf[int]().Append(nil, 128)
	if v, err := codecOf[int8]().Decode(large); !errors.Is(err, ErrType) {
		t.Errorf("128 became %d, %v", v, err)
	}
	if v, err := codecOf[uint8]().Decode(large); err != nil || v != 128 {
		t.Errorf("128 became %d, %v", v, err)
	}
}

type session struct{ User string }

func TestRegister(t *testing.T) {
	codec := codecOf[any]()
	if _, err := codec.Append(nil, &session{}); !errors.Is(err, ErrType) {
		t.Errorf("not registered: %v", err)
	}
	Register(&session{}, session{})
	Register(&session{})
	b, err := codec.Append(nil, &session{"ann"})
	must(t, err)
	if !strings.HasSuffix(string(b), `syncmap.session:{"User":"ann"}`) || b[0] != '*' {
		t.Errorf("it is %q", b)
	}
	v, err := codec.Decode(b)
	if s, ok := v.(*session); err != nil || !ok || s.User != "ann" {
		t.Errorf("%#v, %v", v, err)
	}
	for _, wrong := range []string{"", "int", "int:x", "what:1", "uint8:256", "bool:2", "float64:.", "syncmap.point:{"} {
		if v, err := codec.Decode([]byte(wrong)); err == nil {
			t.Errorf("%q became %v", wrong, v)
		}
	}
	refused := func(what string, v any) {
		defer func() {
			if recover() == nil {
				t.Error(what)
			}
		}()
		Register(v)
	}
	type session int
	refused("two types of one name", session(0))
	refused("a colon", struct {
		User string "json:\"user\""
	}{})
}
