// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause

//go:build linux

package syncmap

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
)

// Errors to ask for with errors.Is, besides fs.ErrNotExist (of a map; of a key only
// where absence is an error), fs.ErrExist, fs.ErrPermission, fs.ErrClosed, the
// errors of a context, and any syscall.Errno. A syscall.ENODEV means that there is
// no /dev/syncmap: the module is not loaded.
var (
	// ErrFull: a map, a user or the machine has as much as it may. The Error
	// says of what.
	ErrFull = errors.New("full")
	// ErrTooLong: a key or value is longer than the map allows.
	ErrTooLong = errors.New("too long")
	// ErrFrozen: nobody writes to this map any more.
	ErrFrozen = errors.New("the map is frozen")
	// ErrRange: a number would become negative, too large, or pass its bound.
	ErrRange = errors.New("out of range")
	// ErrType: the keys of the map, or a value in it, are not of the type that
	// was asked for.
	ErrType = errors.New("of another type")
	// ErrOwner: the map of this name is not whose it has to be: see Owner.
	ErrOwner = errors.New("the map is another user's")
)

// A Limit is something of which there may only be so much.
type Limit uint16

const (
	LimitEntries         Limit = 1  // entries of a map
	LimitBytes           Limit = 2  // bytes of all entries of a map
	LimitKey             Limit = 3  // bytes of one key
	LimitValue           Limit = 4  // bytes of one value
	LimitLeases          Limit = 5  // leases of an open map
	LimitUserLeases      Limit = 6  // leases of a user
	LimitWatchers        Limit = 7  // watchers of a map
	LimitUserWatchers    Limit = 8  // watchers of a user
	LimitMaps            Limit = 9  // maps of all users
	LimitUserMaps        Limit = 10 // maps of a user
	LimitUserBytes       Limit = 11 // memory that the maps of a user take
	LimitAllBytes        Limit = 12 // memory that the maps of all users take
	LimitUserMapWatchers Limit = 13 // watchers of a user of somebody else's map
)

var limitNames = [...]string{
	LimitEntries:         "entries",
	LimitBytes:           "bytes",
	LimitKey:             "bytes in a key",
	LimitValue:           "bytes in a value",
	LimitLeases:          "leases",
	LimitUserLeases:      "leases of the user",
	LimitWatchers:        "watchers",
	LimitUserWatchers:    "watchers of the user",
	LimitMaps:            "maps",
	LimitUserMaps:        "maps of the user",
	LimitUserBytes:       "bytes of the user",
	LimitAllBytes:        "bytes of all users",
	LimitUserMapWatchers: "watchers of the user",
}

func (l Limit) String() string {
	if int(l) < len(limitNames) && limitNames[l] != "" {
		return limitNames[l]
	}
	return fmt.Sprintf("limit %d", uint16(l))
}

// An Error says which operation failed, on what, and why.
type Error struct {
	Op  string // the function or method
	Map string // name of the map, "" if it has none
	Key any    // nil if it is not about one key
	Err error  // why, mostly a syscall.Errno

	// Of ErrFull and ErrTooLong: what there is, or was asked for, and the most
	// that may be. Limit is 0 with all others.
	Limit Limit
	Used  uint64
	Max   uint64
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("syncmap: " + e.Op)
	if e.Map != "" {
		b.WriteString(" " + e.Map)
	}
	switch e.Key.(type) {
	case nil:
	case string, []byte:
		fmt.Fprintf(&b, " %q", e.Key)
	default:
		fmt.Fprintf(&b, " %v", e.Key)
	}
	b.WriteString(": " + e.reason())
	if e.Limit != 0 {
		fmt.Fprintf(&b, ": %d of %d %s", e.Used, e.Max, e.Limit)
	}
	return b.String()
}

func (e *Error) reason() string {
	switch e.Err {
	case syscall.ENODEV:
		return "there is no " + devicePath + ": is the module loaded?"
	case syscall.ENOENT:
		return "absent"
	case syscall.EILSEQ:
		return "the value is not a number"
	case syscall.ENOTTY:
		return "not a map"
	case syscall.ESTALE:
		return "the map has a name"
	case syscall.EBADF:
		return "the map was not opened for this access"
	}
	for _, sentinel := range []error{ErrFull, ErrTooLong, ErrFrozen, ErrRange} {
		if e.Is(sentinel) {
			return sentinel.Error()
		}
	}
	return e.Err.Error()
}

// Unwrap returns e.Err.
func (e *Error) Unwrap() error { return e.Err }

// Is tells errors.Is of the errors of this package.
func (e *Error) Is(target error) bool {
	switch e.Err {
	case syscall.ENOSPC, syscall.EDQUOT:
		return target == ErrFull
	case syscall.EFBIG:
		return target == ErrTooLong
	case syscall.EROFS:
		return target == ErrFrozen
	case syscall.ERANGE:
		return target == ErrRange
	case syscall.EILSEQ:
		return target == ErrType
	}
	return false
}

// fail makes an Error of err, which is not nil. What the kernel has said, if it
// was asked, is in said.
func fail(op, name string, key any, err error, said *abiError) error {
	e := &Error{Op: op, Map: name, Key: key, Err: err}
	if said != nil && said.limited != 0 && err != nil {
		e.Limit, e.Used, e.Max = Limit(said.limited), said.used, said.limit
	}
	return e
}
