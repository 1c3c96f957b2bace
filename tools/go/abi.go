// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause

//go:build linux

package syncmap

import "unsafe"

// What /dev/syncmap is asked, and answers: <linux/syncmap.h>, whose names these
// are. Pointers are pointers here, so that the collector knows of them; they are
// as wide as the ABI's on the machines that there is a kernel for: unsupported.go.

const devicePath = "/dev/syncmap"

const nameSize = 64

type abiError struct {
	status  int32
	field   uint16
	limited uint16
	used    uint64
	limit   uint64
}

type abiLimits struct {
	entries   uint64
	bytes     uint64
	keySize   uint32
	valueSize uint32
}

type abiCreate struct {
	flags     uint32
	keyType   uint32
	valueKind uint32
	mode      uint32
	name      [nameSize]byte
	limits    abiLimits
	ttl       uint64
	stale     uint64
	revision  uint64
	id        uint64
	fd        int32
	reserved  uint32
	error     abiError
}

type abiOpen struct {
	flags  uint32
	access uint32
	name   [nameSize]byte
	id     uint64
	scope  uint64
	uid    uint32
	fd     int32
	error  abiError
}

type abiRemove struct {
	flags uint32
	uid   uint32
	name  [nameSize]byte
	id    uint64
	scope uint64
	error abiError
}

type abiPublish struct {
	flags    uint32
	fd       int32
	name     [nameSize]byte
	id       uint64
	replaced uint64
	error    abiError
}

type abiMapInfo struct {
	flags          uint32
	state          uint32
	id             uint64
	scope          uint64
	name           [nameSize]byte
	keyType        uint32
	valueKind      uint32
	mode           uint32
	access         uint32
	uid            uint32
	gid            uint32
	count          uint64
	bytes          uint64
	revision       uint64
	limits         abiLimits
	ttl            uint64
	stale          uint64
	mapped         uint64
	boottimeOffset int64
}

type abiOp struct {
	flags      uint32
	op         uint32
	key        unsafe.Pointer
	out        unsafe.Pointer
	keyLen     uint32
	outSize    uint32
	answer     *abiAnswer
	answerSize uint32
	valueLen   uint32
	value      unsafe.Pointer
	deadline   uint64
	expected   uint64
	token      uint64
	old        unsafe.Pointer
	oldLen     uint32
	reserved   uint32
	waitUntil  uint64
	leaseFor   uint64
	operand    uint64
	initial    uint64
	bound      uint64
}

// Bytes of it that LOAD and DELETE have a use for
const opShort = 48

type abiAnswer struct {
	result    uint32
	outLen    uint32
	revision  uint64
	expires   uint64
	error     abiError
	previous  uint64
	leased    uint64
	leaseEnds uint64
	before    uint64
	after     uint64
}

type abiBatch struct {
	flags    uint32
	opSize   uint32
	ops      *abiOp
	count    uint32
	done     uint32
	failed   uint32
	reserved uint32
	error    abiError
}

type abiAwait struct {
	flags    uint32
	keyLen   uint32
	key      unsafe.Pointer
	leaseFor uint64
	fd       int32
	reserved uint32
	error    abiError
}

type abiRecord struct {
	size     uint32
	data     uint16
	typ      uint16
	flags    uint32
	reason   uint32
	keyLen   uint32
	valueLen uint32
	revision uint64
	expires  uint64
}

type abiRange struct {
	flags    uint32
	size     uint32
	buffer   *byte
	cursor   uint64
	count    uint32
	used     uint32
	needed   uint32
	reserved uint32
	error    abiError
}

type abiWatch struct {
	flags      uint32
	filterLen  uint32
	filter     unsafe.Pointer
	since      uint64
	queueSize  uint32
	recordSize uint32
	revision   uint64
	fd         int32
	reserved   uint32
	error      abiError
}

// SYNCMAP_CLEAR, SYNCMAP_FREEZE and SYNCMAP_RETIRE
type abiPlain struct {
	flags    uint32
	reserved uint32
}

type abiRestrict struct {
	flags    uint32
	access   uint32
	fd       int32
	reserved uint32
	error    abiError
}

const (
	iocWrite     = 1 << 30
	iocReadWrite = 3 << 30
	iocType      = 0xd7 << 8

	cmdCreate  = iocReadWrite | iocType | unsafe.Sizeof(abiCreate{})<<16 | 0x01
	cmdOpen    = iocReadWrite | iocType | unsafe.Sizeof(abiOpen{})<<16 | 0x02
	cmdRemove  = iocReadWrite | iocType | unsafe.Sizeof(abiRemove{})<<16 | 0x03
	cmdPublish = iocReadWrite | iocType | unsafe.Sizeof(abiPublish{})<<16 | 0x04

	cmdMapInfo  = iocReadWrite | iocType | unsafe.Sizeof(abiMapInfo{})<<16 | 0x10
	cmdOp       = iocWrite | iocType | unsafe.Sizeof(abiOp{})<<16 | 0x12
	cmdOpShort  = iocWrite | iocType | opShort<<16 | 0x12
	cmdBatch    = iocReadWrite | iocType | unsafe.Sizeof(abiBatch{})<<16 | 0x13
	cmdAwait    = iocReadWrite | iocType | unsafe.Sizeof(abiAwait{})<<16 | 0x14
	cmdRange    = iocReadWrite | iocType | unsafe.Sizeof(abiRange{})<<16 | 0x15
	cmdWatch    = iocReadWrite | iocType | unsafe.Sizeof(abiWatch{})<<16 | 0x16
	cmdClear    = iocWrite | iocType | unsafe.Sizeof(abiPlain{})<<16 | 0x17
	cmdRestrict = iocReadWrite | iocType | unsafe.Sizeof(abiRestrict{})<<16 | 0x19
	cmdFreeze   = iocWrite | iocType | unsafe.Sizeof(abiPlain{})<<16 | 0x1a
	cmdRetire   = iocWrite | iocType | unsafe.Sizeof(abiPlain{})<<16 | 0x1b
)

const (
	opLoad             = 1
	opStore            = 2
	opLoadOrStore      = 3
	opLoadAndDelete    = 4
	opDelete           = 5
	opSwap             = 6
	opCompareAndSwap   = 7
	opCompareAndDelete = 8
	opTouch            = 9
	opAdd              = 10
	opSub              = 11
	opMin              = 12
	opMax              = 13
	opAnd              = 14
	opOr               = 15
	opXor              = 16
	opAppend           = 17
	opLoadOrLease      = 18
	opUnlease          = 19
)

const (
	flagByRevision = 0x1
	flagIfNewer    = 0x2
	flagOwned      = 0x4
	flagNowait     = 0x8
	flagStale      = 0x10
	flagInitial    = 0x40
	flagBounded    = 0x80
	flagFromNow    = 0x100
	flagKeep       = 0x200

	resultLoaded    = 0x1
	resultUnchanged = 0x2
	resultLeased    = 0x4
	resultOwned     = 0x10

	never = ^uint64(0)

	openOwner      = 0x1
	createMapped   = 0x1
	createEvict    = 0x2
	publishReplace = 0x1

	mapRemoved = 0x2
	mapFrozen  = 0x4
	mapEvicts  = 0x20

	batchMax  = 1024
	batchStop = 0x1

	endCursor     = ^uint64(0)
	rangeKeysOnly = 0x1

	watchKey    = 0x1
	watchPrefix = 0x2
	watchValues = 0x4
	watchDump   = 0x8

	recordValue = 0x1
	recordOwned = 0x2
	recordKept  = 0x8

	reasonExpired  = 0x100
	reasonOrphaned = 0x101
	reasonEvicted  = 0x102
)
