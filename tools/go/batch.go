// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause

//go:build linux

package syncmap

import (
	"runtime"
	"syscall"
	"unsafe"
)

// A Batch collects operations, which Run carries out with as few calls of the
// kernel as possible. Each is what it would be if it came alone, in the order in
// which they were added, and so is its Result: a batch is no transaction.
//
// It may be used by one goroutine at a time.
type Batch[K, V any] struct {
	m     *MapOf[K, V]
	steps []*step[K, V]
	mixed bool // not loads alone
}

// A Result is that of one operation of a Batch, after Run.
type Result[V any] struct {
	// Value is what was loaded, replaced or deleted; of LoadOrStore what is
	// there now.
	Value V
	// Loaded: the key had a value before.
	Loaded bool
	// Done: CompareAndSwap has swapped, or CompareAndDelete has deleted.
	Done bool
	// Err is an *Error if the operation has failed.
	Err error
}

type step[K, V any] struct {
	Result[V]
	name  string
	key   K
	value V // of LoadOrStore
	frame *frame
	err   error // of a codec
}

// Batch returns a new batch of operations on the map.
func (m *MapOf[K, V]) Batch() *Batch[K, V] { return &Batch[K, V]{m: m} }

// Len returns the number of operations that Run will carry out.
func (b *Batch[K, V]) Len() int { return len(b.steps) }

// add adds an operation, whose buffers are its own, and small.
func (b *Batch[K, V]) add(name string, code uint32, key K, options []Option) *step[K, V] {
	s := &step[K, V]{name: name, key: key, frame: &frame{}}
	f := s.frame
	f.op.op = code
	f.op.answer, f.op.answerSize = &f.answer, uint32(unsafe.Sizeof(f.answer))
	if code != opLoad && code != opDelete {
		f.apply(options)
	}
	s.err = b.m.setKey(f, key)
	switch code {
	case opLoad, opLoadOrStore, opLoadAndDelete, opSwap:
		f.out = make([]byte, 64)
		f.wantValue()
	}
	b.steps = append(b.steps, s)
	b.mixed = b.mixed || code != opLoad
	return s
}

func (b *Batch[K, V]) addValue(name string, code uint32, key K, value V, options []Option) *step[K, V] {
	s := b.add(name, code, key, options)
	if s.err == nil {
		s.err = b.m.setValue(s.frame, value)
	}
	s.value = value
	return s
}

// Load adds a Load.
func (b *Batch[K, V]) Load(key K) *Result[V] {
	return &b.add("Load", opLoad, key, nil).Result
}

// Store adds a Store.
func (b *Batch[K, V]) Store(key K, value V, options ...Option) *Result[V] {
	return &b.addValue("Store", opStore, key, value, options).Result
}

// LoadOrStore adds a LoadOrStore.
func (b *Batch[K, V]) LoadOrStore(key K, value V, options ...Option) *Result[V] {
	return &b.addValue("LoadOrStore", opLoadOrStore, key, value, options).Result
}

// LoadAndDelete adds a LoadAndDelete.
func (b *Batch[K, V]) LoadAndDelete(key K) *Result[V] {
	return &b.add("LoadAndDelete", opLoadAndDelete, key, nil).Result
}

// Delete adds a Delete.
func (b *Batch[K, V]) Delete(key K) *Result[V] {
	return &b.add("Delete", opDelete, key, nil).Result
}

// Swap adds a Swap.
func (b *Batch[K, V]) Swap(key K, value V, options ...Option) *Result[V] {
	return &b.addValue("Swap", opSwap, key, value, options).Result
}

// CompareAndSwap adds a CompareAndSwap.
func (b *Batch[K, V]) CompareAndSwap(key K, old, new V, options ...Option) *Result[V] {
	s := b.addValue("CompareAndSwap", opCompareAndSwap, key, new, options)
	if s.err == nil {
		s.err = b.m.setOld(s.frame, old)
	}
	return &s.Result
}

// CompareAndDelete adds a CompareAndDelete.
func (b *Batch[K, V]) CompareAndDelete(key K, old V) *Result[V] {
	s := b.add("CompareAndDelete", opCompareAndDelete, key, nil)
	if s.err == nil {
		s.err = b.m.setOld(s.frame, old)
	}
	return &s.Result
}

// Run carries out the operations, sets their results, and empties the batch for new
// ones. It returns the first error of any of them. If it is the call of the kernel
// that has failed, all that it had not come to have its error.
func (b *Batch[K, V]) Run() error {
	steps := b.steps
	b.steps = nil
	todo := make([]*step[K, V], 0, len(steps))
	var mapping *mapping
	if !b.mixed && len(steps) > 0 {
		mapping = b.m.viewToLoad()
	}
	for _, s := range steps {
		if s.err != nil {
			s.Err = b.m.fail(s.name, s.key, s.err, nil)
		} else if mapping == nil || !b.loadMapped(mapping, s) {
			todo = append(todo, s)
		}
	}
	runtime.KeepAlive(mapping)
	b.runAll(todo)
	b.mixed = false
	for _, s := range steps {
		if s.Err != nil {
			return s.Err
		}
	}
	return nil
}

// loadMapped loads without a call of the kernel, if that is possible.
func (b *Batch[K, V]) loadMapped(mapping *mapping, s *step[K, V]) bool {
	value, result, err := b.m.loadMapped(mapping, s.key, false, &finding{})
	if err != nil {
		s.Err = b.m.fail(s.name, s.key, err, nil)
	}
	s.Value, s.Loaded = value, result == found
	return err != nil || result != ask
}

// runAll calls the kernel until all is done. An operation whose buffer was too small
// has changed nothing and is done again, before those that follow it: so a batch that
// does not load only ends at the first that fails.
func (b *Batch[K, V]) runAll(todo []*step[K, V]) {
	for len(todo) > 0 {
		n := len(todo)
		if n > batchMax {
			n = batchMax
		}
		done, err := b.call(todo[:n])
		if err != nil && done == 0 {
			for _, s := range todo {
				s.Err = b.m.fail(s.name, s.key, err, nil)
			}
			return
		}
		var again []*step[K, V]
		for _, s := range todo[:done] {
			if !b.finish(s) {
				again = append(again, s)
			}
		}
		todo = append(again, todo[done:]...)
	}
}

// call carries out some operations, and returns how many.
func (b *Batch[K, V]) call(todo []*step[K, V]) (done int, err error) {
	ops := make([]abiOp, len(todo))
	for i, s := range todo {
		ops[i] = s.frame.op
	}
	params := &abiBatch{opSize: uint32(unsafe.Sizeof(ops[0])), ops: &ops[0], count: uint32(len(ops))}
	if b.mixed {
		params.flags = batchStop
	}
	err = b.m.file.control(cmdBatch, unsafe.Pointer(params))
	return int(params.done), err
}

// finish sets the result of an operation, unless that has to be done again.
func (b *Batch[K, V]) finish(s *step[K, V]) bool {
	f := s.frame
	err := error(nil)
	if f.answer.error.status != 0 {
		err = syscall.Errno(-f.answer.error.status)
	}
	s.Loaded = f.answer.result&resultLoaded != 0
	compares := f.op.op == opCompareAndSwap || f.op.op == opCompareAndDelete
	switch {
	case err == syscall.EMSGSIZE:
		f.out = make([]byte, f.answer.outLen+f.answer.outLen/4)
		f.wantValue()
		return false
	case err == syscall.ENOENT && f.op.op != opStore:
		return true
	case err == syscall.EBUSY && compares:
		s.Loaded = true
		return true
	case err != nil:
		s.Err = b.m.fail(s.name, s.key, err, f)
		return true
	}
	s.Done = compares
	if f.op.op == opLoadOrStore && !s.Loaded {
		s.Value = s.value
		return true
	}
	if s.Loaded && f.op.outSize != 0 {
		if s.Value, err = b.m.values.Decode(f.found()); err != nil {
			s.Err = b.m.fail(s.name, s.key, err, nil)
		}
	}
	return true
}
