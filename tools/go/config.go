// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause

//go:build linux

package syncmap

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"syscall"
	"time"
	"unsafe"
)

// Forever is how long lives what does not expire.
const Forever time.Duration = 1<<63 - 1

// Access is what an open map may do.
type Access uint32

const (
	Read  Access = 0x1
	Write Access = 0x2
	Admin Access = 0x4 // what is its owner's: Freeze, Retire, Publish
)

// Limits are how much a map may hold. Where they are zero there is a default.
type Limits struct {
	Entries   uint64
	Bytes     uint64 // of all keys and values, and what an entry takes besides
	KeySize   uint32 // bytes of one key
	ValueSize uint32 // bytes of one value
}

// An Owner says whose the map has to be that is opened by its name, for anybody may
// have made one of that name. The zero Owner is the user that the process runs as
// where the map is made if there is none, that is by OpenOrCreate and a [Map]; Open
// takes it for Anybody.
type Owner struct {
	kind ownerKind
	uid  uint32
}

type ownerKind uint8

const (
	ownerUnsaid ownerKind = iota
	ownerAnybody
	ownerUser
)

// User is the owner of this number.
func User(uid uint32) Owner { return Owner{ownerUser, uid} }

// Anybody has a map opened whoever owns it.
func Anybody() Owner { return Owner{kind: ownerAnybody} }

// A Config says how a map is made, or opened. The zero Config is a good one.
type Config[K, V any] struct {
	// Keys and Values are how they are encoded: see Codec.
	Keys   Codec[K]
	Values Codec[V]

	// Owner is whose the map has to be that is opened; another one is ErrOwner.
	Owner Owner
	// Access is what the map is opened for, Read|Write if it is zero. Who makes
	// a map has it for everything.
	Access Access
	// Unmapped has all loads ask the kernel, even if the map has a mirror. So
	// does SYNCMAP_MAPPED=0 in the environment.
	Unmapped bool

	// The rest is for maps that are made. Mode is permission to read and write,
	// as of a file, less the umask; 0600 if it is zero.
	Mode   fs.FileMode
	Limits Limits
	// TTL is how long an entry lives unless its store says otherwise; for ever
	// if it is zero.
	TTL time.Duration
	// Stale is how long the value of an entry that has expired is kept for
	// AllowStale.
	Stale time.Duration
	// Mapped has the kernel keep a copy of the map that processes load from
	// without a system call.
	Mapped bool
	// Evict makes a cache of it: when it is full, entries that have not been used
	// lately make room for what is stored. Those that are Owned, or were stored
	// with Keep, stay.
	Evict bool
}

// Open opens the map of this name for reading and writing, whoever owns it.
func Open[K, V any](name string) (*MapOf[K, V], error) {
	return Config[K, V]{}.Open(name)
}

// Create makes a map with all defaults. One without a name is reached through its
// descriptor only, and goes with that.
func Create[K, V any](name string) (*MapOf[K, V], error) {
	return Config[K, V]{}.Create(name)
}

// OpenOrCreate opens the map of this name, which has to be this user's, and makes it
// if there is none.
func OpenOrCreate[K, V any](name string) (*MapOf[K, V], error) {
	return Config[K, V]{}.OpenOrCreate(name)
}

// Open opens the map of this name.
func (c Config[K, V]) Open(name string) (*MapOf[K, V], error) {
	params := abiOpen{access: uint32(c.Access)}
	if params.access == 0 {
		params.access = uint32(Read | Write)
	}
	if c.Owner.kind == ownerUser {
		params.flags, params.uid = openOwner, c.Owner.uid
	}
	err := setName(&params.name, name)
	if err == nil {
		err = onDevice(cmdOpen, unsafe.Pointer(&params))
	}
	if err == syscall.ESTALE {
		err = ErrOwner
	}
	if err != nil {
		return nil, fail("Open", name, nil, err, &params.error)
	}
	return c.use("Open", name, params.fd)
}

// Create makes a map.
func (c Config[K, V]) Create(name string) (*MapOf[K, V], error) {
	c.setCodecs()
	params := abiCreate{
		keyType:   c.Keys.Kind.keyType(),
		valueKind: c.Values.Kind.valueKind(),
		mode:      uint32(c.Mode.Perm()),
		limits:    abiLimits{c.Limits.Entries, c.Limits.Bytes, c.Limits.KeySize, c.Limits.ValueSize},
		ttl:       uint64(c.TTL),
		stale:     uint64(c.Stale),
	}
	if c.Mode == 0 {
		params.mode = 0600
	}
	if c.Mapped {
		params.flags |= createMapped
	}
	if c.Evict {
		params.flags |= createEvict
	}
	err := setName(&params.name, name)
	if err == nil {
		err = create(&params)
	}
	if err != nil {
		return nil, fail("Create", name, nil, err, &params.error)
	}
	return c.use("Create", name, params.fd)
}

// create makes a map. Some that nobody has any more may be left to the collector.
func create(params *abiCreate) error {
	err := onDevice(cmdCreate, unsafe.Pointer(params))
	for try := 0; try < 10; try++ {
		limit := Limit(params.error.limited)
		if err == nil || limit != LimitMaps && limit != LimitUserMaps {
			break
		}
		runtime.GC()
		time.Sleep(time.Millisecond << try)
		err = onDevice(cmdCreate, unsafe.Pointer(params))
	}
	return err
}

// OpenOrCreate opens the map of this name, which has to be this user's unless there
// is an Owner, and makes it if there is none. One of another user is not made.
func (c Config[K, V]) OpenOrCreate(name string) (*MapOf[K, V], error) {
	self := User(uint32(os.Geteuid()))
	if c.Owner.kind == ownerUnsaid {
		c.Owner = self
	}
	for {
		m, err := c.Open(name)
		if !errors.Is(err, fs.ErrNotExist) || c.Owner.kind == ownerUser && c.Owner != self {
			return m, err
		}
		m, err = c.Create(name)
		if !errors.Is(err, fs.ErrExist) {
			return m, err
		}
	}
}

// FromFile uses a descriptor of a map that came from elsewhere: it was inherited,
// or received over a socket. It makes a copy of that, so the caller closes f when he
// is done with it; what is Owned goes when both are closed.
func (c Config[K, V]) FromFile(f *os.File) (*MapOf[K, V], error) {
	conn, err := f.SyscallConn()
	if err != nil {
		return nil, fail("FromFile", "", nil, err, nil)
	}
	var fd uintptr
	var errno syscall.Errno
	err = conn.Control(func(from uintptr) {
		fd, _, errno = syscall.Syscall(syscall.SYS_FCNTL, from, syscall.F_DUPFD_CLOEXEC, 0)
	})
	if err == nil && errno != 0 {
		err = errno
	}
	if err != nil {
		return nil, fail("FromFile", "", nil, err, nil)
	}
	return c.use("FromFile", "", int32(fd))
}

func (c *Config[K, V]) setCodecs() {
	if c.Keys.Append == nil {
		c.Keys = codecOf[K]()
	}
	if c.Values.Append == nil {
		c.Values = codecOf[V]()
	}
}

// use makes a map of its descriptor.
func (c Config[K, V]) use(op, name string, fd int32) (*MapOf[K, V], error) {
	c.setCodecs()
	m := &MapOf[K, V]{keys: c.Keys, values: c.Values}
	m.file = newFile(fd)
	m.unmapped = c.Unmapped || os.Getenv("SYNCMAP_MAPPED") == "0"
	info, err := m.info()
	if err == nil && (info.keyType == keyU64) != (c.Keys.Kind == KindNumber) {
		err = fmt.Errorf("keys are %w", ErrType)
	}
	if err != nil {
		m.file.close()
		return nil, fail(op, name, nil, err, nil)
	}
	m.setName(nameOf(&info.name))
	return m, nil
}

// Remove removes the name of a map. Who has it open can go on using it; it goes
// with the last descriptor.
func Remove(name string) error {
	params := abiRemove{}
	err := setName(&params.name, name)
	if err == nil {
		err = onDevice(cmdRemove, unsafe.Pointer(&params))
	}
	if err != nil {
		return fail("Remove", name, nil, err, &params.error)
	}
	return nil
}

// setName puts a name where the ABI has it.
func setName(to *[nameSize]byte, name string) error {
	if len(name) >= nameSize {
		return syscall.ENAMETOOLONG
	}
	copy(to[:], name)
	return nil
}

func nameOf(from *[nameSize]byte) string {
	n := 0
	for n < nameSize && from[n] != 0 {
		n++
	}
	return string(from[:n])
}
