// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause

//go:build linux

package syncmap

import (
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

// A core is an open map, whatever its keys and values are.
type core struct {
	file *file
	name atomic.Pointer[string]

	unmapped  bool
	mapped    atomic.Pointer[mapping]
	attaching sync.Mutex
	// Loads that ask the kernel before a mapping is tried again
	waits atomic.Int32
	drawn atomic.Uint32 // see isToBeSeen

	waiting waitingRoom
}

// A map may be given a mirror, and its limit of mappings be one no more.
const loadsBeforeRetry = 1000

// view returns the mapping that loads look at first, or nil.
func (c *core) view() *mapping {
	if m := c.mapped.Load(); m != nil {
		return m
	}
	return c.attach()
}

func (c *core) attach() *mapping {
	// It need not be exact
	if left := c.waits.Load(); left > 0 {
		c.waits.Store(left - 1)
		return nil
	}
	if c.unmapped || !c.attaching.TryLock() {
		return nil
	}
	defer c.attaching.Unlock()
	m, err := c.newMapping()
	if err != nil {
		c.waits.Store(loadsBeforeRetry)
		return nil
	}
	c.mapped.Store(m)
	// Close takes the mapping away behind this
	if c.file.isClosed() {
		c.mapped.Store(nil)
		return nil
	}
	return m
}

// viewToLoad returns the mapping that a load, or a batch of them, looks at first; nil
// if it is the kernel that is to see it.
func (c *core) viewToLoad() *mapping {
	m := c.view()
	if m != nil && c.isToBeSeen(m) {
		return nil
	}
	return m
}

// isToBeSeen draws one in 64 of a map that evicts: the kernel learns by those what is
// used. Loads beside each other may draw the same.
func (c *core) isToBeSeen(m *mapping) bool {
	word := atomic.LoadUint64(&m.head.word)
	runtime.KeepAlive(m)
	if word&mappedEvicts == 0 {
		return false
	}
	drawn := c.drawn.Load()*1664525 + 1013904223
	c.drawn.Store(drawn)
	return drawn>>(32-6) == 0
}

// newMapping maps a descriptor of its own, which may only read: so closing the map
// ends at once what it owns and leases.
func (c *core) newMapping() (*mapping, error) {
	info, err := c.info()
	if err != nil {
		return nil, err
	}
	if info.mapped == 0 {
		return nil, syscall.ENODEV
	}
	fd, err := c.restrict(Read)
	if err != nil {
		return nil, err
	}
	defer syscall.Close(int(fd))
	return newMapping(int(fd), info)
}

func (c *core) info() (*abiMapInfo, error) {
	info := new(abiMapInfo)
	return info, c.file.control(cmdMapInfo, unsafe.Pointer(info))
}

func (c *core) restrict(access Access) (int32, error) {
	params := abiRestrict{access: uint32(access)}
	err := c.file.control(cmdRestrict, unsafe.Pointer(&params))
	return params.fd, err
}

// A frame is what a call of the kernel needs, on the heap: the kernel gets addresses.
type frame struct {
	op     abiOp
	answer abiAnswer
	// Where a number is; else they are in the buffers
	keyWord, valueWord, oldWord uint64
	key, value, old, out        []byte
}

var frames = sync.Pool{New: func() any { return &frame{out: make([]byte, 512)} }}

func newFrame(op uint32) *frame {
	f := frames.Get().(*frame)
	f.op.op = op
	f.op.answer, f.op.answerSize = &f.answer, uint32(unsafe.Sizeof(f.answer))
	return f
}

// Larger buffers are not kept.
const keptSize = 64 << 10

func (f *frame) free() {
	f.op, f.answer = abiOp{}, abiAnswer{}
	if cap(f.key)+cap(f.value)+cap(f.old)+cap(f.out) <= keptSize {
		frames.Put(f)
	}
}

// span returns pointer and length of bytes, as the kernel wants them.
func span(b []byte) (unsafe.Pointer, uint32) {
	if len(b) == 0 {
		return nil, 0
	}
	return unsafe.Pointer(&b[0]), uint32(len(b))
}

func (f *frame) setKey(b []byte)   { f.op.key, f.op.keyLen = span(b) }
func (f *frame) setValue(b []byte) { f.op.value, f.op.valueLen = span(b) }
func (f *frame) setOld(b []byte)   { f.op.old, f.op.oldLen = span(b) }

// wantValue has the operation give the value that it finds, which f.found returns.
func (f *frame) wantValue() { f.op.out, f.op.outSize = span(f.out) }

func (f *frame) found() []byte { return f.out[:f.answer.outLen] }

// run carries the operation out, with a larger buffer if it needs one: then it has
// changed nothing.
func (c *core) run(f *frame) error {
	for {
		err := c.file.control(f.command(), unsafe.Pointer(&f.op))
		if err != syscall.EMSGSIZE {
			return err
		}
		f.out = make([]byte, f.answer.outLen+f.answer.outLen/4)
		f.wantValue()
	}
}

func (f *frame) command() uintptr {
	if (f.op.op == opLoad || f.op.op == opDelete) && f.op.flags&flagIfNewer == 0 {
		return cmdOpShort
	}
	return cmdOp
}

// Close closes the map. The map itself stays, unless it has no name and this was
// the last descriptor; what was stored with [Owned] goes. Calls that other
// goroutines are in come to their end, and all later ones fail with fs.ErrClosed.
// A map that is forgotten is closed by the collector.
func (c *core) Close() error {
	if err := c.file.close(); err != nil {
		return fail("Close", c.Name(), nil, err, nil)
	}
	c.mapped.Store(nil)
	return nil
}

// Name returns the name of the map, which it may have lost meanwhile, or "".
func (c *core) Name() string {
	if name := c.name.Load(); name != nil {
		return *name
	}
	return ""
}

func (c *core) setName(name string) { c.name.Store(&name) }

// Mapped reports whether loads go by a mapping of the map, without a system call.
func (c *core) Mapped() bool {
	m := c.view()
	ready := m != nil && atomic.LoadUint64(&m.head.word)&mappedReady != 0
	runtime.KeepAlive(m)
	return ready
}

// Info is what a map is.
type Info struct {
	ID        uint64 // not used again while the module is loaded
	Name      string
	Access    Access
	Mode      os.FileMode
	UID, GID  uint32
	Count     uint64 // entries
	Bytes     uint64 // what they count against Limits.Bytes
	Revision  uint64 // the newest of any entry
	Limits    Limits
	TTL       time.Duration // 0: for ever
	Stale     time.Duration
	HasMirror bool
	Frozen    bool
	Removed   bool // it has lost its name
	Evicts    bool // see Config.Evict
}

// Info asks what the map is.
func (c *core) Info() (Info, error) {
	info, err := c.info()
	if err != nil {
		return Info{}, fail("Info", c.Name(), nil, err, nil)
	}
	return Info{
		ID:        info.id,
		Name:      nameOf(&info.name),
		Access:    Access(info.access),
		Mode:      os.FileMode(info.mode),
		UID:       info.uid,
		GID:       info.gid,
		Count:     info.count,
		Bytes:     info.bytes,
		Revision:  info.revision,
		Limits:    Limits{info.limits.entries, info.limits.bytes, info.limits.keySize, info.limits.valueSize},
		TTL:       duration(info.ttl),
		Stale:     duration(info.stale),
		HasMirror: info.mapped != 0,
		Frozen:    info.state&mapFrozen != 0,
		Removed:   info.state&mapRemoved != 0,
		Evicts:    info.state&mapEvicts != 0,
	}, nil
}

// Len returns the number of entries, which is exact when nobody writes.
func (c *core) Len() (int, error) {
	info, err := c.info()
	if err != nil {
		return 0, fail("Len", c.Name(), nil, err, nil)
	}
	return int(info.count), nil
}

// plain runs one of the commands that ask nothing.
func (c *core) plain(op string, command uintptr) error {
	if err := c.file.control(command, unsafe.Pointer(new(abiPlain))); err != nil {
		return fail(op, c.Name(), nil, err, nil)
	}
	return nil
}

// Clear deletes all entries at one instant.
func (c *core) Clear() error { return c.plain("Clear", cmdClear) }

// Freeze lets nobody write any more, for good. It needs Admin access.
func (c *core) Freeze() error { return c.plain("Freeze", cmdFreeze) }

// Retire lets nobody use the map any more: it is frozen, emptied, and loses its
// name. It needs Admin access.
func (c *core) Retire() error { return c.plain("Retire", cmdRetire) }

// Publish gives a name to a map that has none, at one instant: so a map can be
// filled before anybody sees it. With replace it takes the name from the map that
// has it; who has that one open stays with it. It needs Admin access.
func (c *core) Publish(name string, replace bool) error {
	params := abiPublish{}
	if replace {
		params.flags = publishReplace
	}
	err := setName(&params.name, name)
	if err == nil {
		err = c.publish(&params)
	}
	if err != nil {
		return fail("Publish", name, nil, err, &params.error)
	}
	c.setName(name)
	return nil
}

func (c *core) publish(params *abiPublish) error {
	if !c.file.acquire() {
		return os.ErrClosed
	}
	defer c.file.release()
	params.fd = int32(c.file.fd)
	return onDevice(cmdPublish, unsafe.Pointer(params))
}

// File opens the map once more, for no more than this access: for another process,
// which uses the descriptor by Config.FromFile.
func (c *core) File(access Access) (*os.File, error) {
	fd, err := c.restrict(access)
	if err != nil {
		return nil, fail("File", c.Name(), nil, err, nil)
	}
	return os.NewFile(uintptr(fd), c.Name()), nil
}

// duration returns so many nanoseconds, Forever if they are more.
func duration(ns uint64) time.Duration {
	if ns > uint64(Forever) {
		return Forever
	}
	return time.Duration(ns)
}
