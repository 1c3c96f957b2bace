// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause

//go:build linux

package syncmap

import (
	"context"
	"errors"
	"io"
	"os"
	"time"
	"unsafe"
)

// An EventType says what an Event tells.
type EventType uint16

const (
	EventEntry    EventType = 1 // of a dump: the entry is there
	EventDumped   EventType = 2 // end of the dump, which was of Revision
	EventStore    EventType = 3 // the key has a new value
	EventDelete   EventType = 4 // the key is absent
	EventClear    EventType = 5 // all keys are absent
	EventOverflow EventType = 6 // events have been lost; none up to Revision
	EventRemoved  EventType = 7 // the map has lost its name
)

var eventNames = [...]string{
	EventEntry:    "entry",
	EventDumped:   "dumped",
	EventStore:    "store",
	EventDelete:   "delete",
	EventClear:    "clear",
	EventOverflow: "overflow",
	EventRemoved:  "removed",
}

func (t EventType) isKnown() bool {
	return int(t) < len(eventNames) && eventNames[t] != ""
}

func (t EventType) String() string {
	if t.isKnown() {
		return eventNames[t]
	}
	return "unknown"
}

// An Event is one change of a map.
type Event[K, V any] struct {
	Type EventType
	// Of EventEntry, EventStore and EventDelete. The others have a Revision only.
	Entry[K, V]
	// HasValue: Entry.Value is there. It is not if it was not wanted, or has not
	// fitted into the queue.
	HasValue bool
	// Expired, Orphaned and Evicted say why an entry was deleted: its time was
	// over, the map that owned it was closed, or it had to make room
	// (Config.Evict).
	Expired  bool
	Orphaned bool
	Evicted  bool
}

// WatchOptions say what a Watcher tells. The zero WatchOptions are for all changes
// from now on.
type WatchOptions[K any] struct {
	// Key is the one key to watch.
	Key *K
	// Prefix is what the keys to watch begin with.
	Prefix string
	// KeysOnly leaves the values out.
	KeysOnly bool
	// Dump first tells what is there: an EventEntry for each entry, and then
	// EventDumped. There is no gap between these and the changes that follow.
	// After EventOverflow there is another dump.
	Dump bool
	// Since has the dump leave out what is not newer than this revision.
	Since uint64
	// Queue is how many bytes of events wait for a reader; 64 KiB if it is zero.
	Queue uint32
}

// A Watcher tells what changes in a map. Each change has one event, in the order
// of their revisions, unless so many wait to be read that the queue is full: then
// there is an EventOverflow in place of them.
//
// It may be used by one goroutine at a time; Close may be called by any. It goes on
// when the map that it is of is closed. A Watcher that is forgotten is closed by the
// collector.
type Watcher[K, V any] struct {
	m      *MapOf[K, V]
	file   *os.File
	buffer []byte
	rest   []byte // records that were read, and not told yet
}

// Watch begins to tell what changes: all that happens after it has returned.
func (m *MapOf[K, V]) Watch(options WatchOptions[K]) (*Watcher[K, V], error) {
	f := newFrame(0)
	defer f.free()
	params := &abiWatch{since: options.Since, queueSize: options.Queue}
	var err error
	switch {
	case options.Key != nil:
		params.flags = watchKey
		err = m.setKey(f, *options.Key)
	case options.Prefix != "":
		params.flags = watchPrefix
		f.setKey(textBytes(options.Prefix))
	}
	params.filter, params.filterLen = f.op.key, f.op.keyLen
	if !options.KeysOnly {
		params.flags |= watchValues
	}
	if options.Dump {
		params.flags |= watchDump
	}
	if err == nil {
		err = m.file.control(cmdWatch, unsafe.Pointer(params))
	}
	if err != nil {
		return nil, fail("Watch", m.Name(), nil, err, &params.error)
	}
	file, err := waitable(params.fd, m.Name())
	if err != nil {
		return nil, fail("Watch", m.Name(), nil, err, nil)
	}
	size := int(params.recordSize)
	if size < rangeSize {
		size = rangeSize
	}
	return &Watcher[K, V]{m: m, file: file, buffer: make([]byte, size)}, nil
}

// Next waits for the next event. It returns io.EOF when there will be none any
// more: the map is retired, or nobody has it open; the error of the context when
// that is done; fs.ErrClosed when the Watcher is. After an error of a codec it
// goes on.
func (w *Watcher[K, V]) Next(ctx context.Context) (event Event[K, V], err error) {
	r, rest, ok := nextRecord(w.rest)
	for !ok {
		n, err := readContext(ctx, w.file, w.buffer)
		if err == io.EOF {
			return event, err
		}
		if err != nil {
			return event, fail("Next", w.m.Name(), nil, err, nil)
		}
		r, rest, ok = nextRecord(w.buffer[:n])
	}
	w.rest = rest
	event.Type = EventType(r.typ)
	switch event.Type {
	case EventEntry, EventStore, EventDelete:
		event.Entry, err = w.m.entryOf(&r)
		event.HasValue = r.flags&recordValue != 0
	}
	event.Revision = r.revision
	event.Expired = r.reason == reasonExpired
	event.Orphaned = r.reason == reasonOrphaned
	event.Evicted = r.reason == reasonEvicted
	return event, err
}

// All returns an iterator, an iter.Seq2, over the events, as Next has them. It ends
// with io.EOF, which it does not tell, or behind an error, which it does.
func (w *Watcher[K, V]) All(ctx context.Context) func(yield func(Event[K, V], error) bool) {
	return func(yield func(Event[K, V], error) bool) {
		for {
			event, err := w.Next(ctx)
			if err == io.EOF || !yield(event, err) || err != nil {
				return
			}
		}
	}
}

// Close ends the Watcher. A Next that waits returns.
func (w *Watcher[K, V]) Close() error { return w.file.Close() }

// readContext reads from a file that can be waited for, until the context is done.
func readContext(ctx context.Context, f *os.File, b []byte) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if ctx.Done() == nil {
		return f.Read(b)
	}
	done, over := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(over)
		select {
		case <-ctx.Done():
			f.SetReadDeadline(time.Unix(1, 0))
		case <-done:
		}
	}()
	n, err := f.Read(b)
	close(done)
	<-over
	// It may have been set behind a read that has given something
	f.SetReadDeadline(time.Time{})
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = ctx.Err()
	}
	return n, err
}
