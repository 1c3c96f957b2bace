// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause

// Package syncmap shares maps between processes: concurrent maps in the kernel, with
// the operations of sync.Map, by /dev/syncmap. It needs Linux with the module
// syncmap, and neither cgo nor another package.
//
// A program that has a sync.Map changes one line to share it with other processes:
// see [Map]. One that wants types, errors, or what sync.Map does not have, uses a
// [MapOf]: values with a time to live, or bound to their process; caches that are
// never full, Config.Evict; batches; numbers that are counted at one instant; values
// that one process computes for all, LoadOrCompute; and all changes as they happen,
// Watch.
//
//	sessions, err := syncmap.Config[string, Session]{TTL: 30 * time.Minute}.OpenOrCreate("sessions")
//	if err != nil {
//		return err
//	}
//	defer sessions.Close()
//	err = sessions.Store("8f3a", Session{User: "ann"})
//
// What a map is shared with need not be written in Go: a MapOf[string, string] is
// text to syncmapctl, a MapOf[string, uint64] has numbers, and other types are JSON.
//
// # Loads without a system call
//
// Of a map that was made with Config.Mapped, or given a mirror later, the kernel
// keeps a copy that processes map, and Load, LoadEntry and batches of loads read from
// it; as they do otherwise, they see what any process has stored before. What the
// copy does not have, such as values of more than some 4000 bytes, is asked for.
// It is read on machines of little endian.
//
// An entry with a time to live costs such a load a look at CLOCK_BOOTTIME, which is
// a system call in Go, though a short one. Expired entries are asked for. So that the
// kernel knows what is used of a map that evicts (Config.Evict), it sees one load, or
// batch, in 64.
//
// # Files and memory
//
// An open map has a descriptor, and mostly a mapping. They are there as long as
// somebody uses them: Close ends the map for all goroutines, with fs.ErrClosed, but no
// call that is under way meets a descriptor or memory that is something else by
// then. The mapping goes when the collector finds that no load looks at it, and maps
// that are forgotten are closed by it; but what is bound to a map, its owned
// entries, goes with Close at once.
package syncmap
