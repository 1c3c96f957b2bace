// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause

//go:build linux

package syncmap

import (
	"context"
	"sync"
	"syscall"
	"unsafe"
)

// LoadOrCompute returns the value of a key if it has one. Otherwise one of all that
// ask for it, in whatever process and goroutine, computes it, and stores it with the
// options; the others wait for that, and get it. The loaded result is true if the
// value was loaded, false if this caller has computed it.
//
// If compute fails, its error is returned, and the next one of those who wait
// computes; so does he if the process of the one that computes dies, or with
// [LeaseFor] takes too long. If the key was stored or deleted, or the map cleared,
// while this caller computed, or his lease has ended, his value is returned and not
// stored: so one that was computed of what is outdated replaces nothing.
//
// While it waits, LoadOrCompute ends with the context, whose error it returns then.
// compute is passed the context, and must not ask for the same key.
func (m *MapOf[K, V]) LoadOrCompute(ctx context.Context, key K, compute func(ctx context.Context) (V, error), options ...Option) (actual V, loaded bool, err error) {
	actual, loaded, err = m.Load(key)
	var token uint64
	for err == nil && !loaded && token == 0 {
		if err = ctx.Err(); err != nil {
			break
		}
		actual, loaded, token, err = m.loadOrLease(key, options)
		if err == syscall.EAGAIN {
			token, err = m.await(ctx, key, options)
		}
	}
	if token != 0 {
		return m.compute(ctx, key, token, compute, options)
	}
	if _, ok := err.(*Error); err != nil && !ok {
		err = m.fail("LoadOrCompute", key, err, nil)
	}
	return actual, loaded, err
}

// loadOrLease returns the value, or the token of the lease, or EAGAIN if somebody
// else has it.
func (m *MapOf[K, V]) loadOrLease(key K, options []Option) (value V, loaded bool, token uint64, err error) {
	f := newFrame(opLoadOrLease)
	defer f.free()
	for _, option := range options {
		f.op.flags |= option.flags & flagStale
	}
	f.op.leaseFor = leaseFor(options)
	f.op.flags |= flagNowait
	f.wantValue()
	err = m.run(f, m.setKey(f, key))
	switch {
	case err == syscall.EAGAIN:
		return value, false, 0, err
	case err != nil:
		return value, false, 0, m.fail("LoadOrCompute", key, err, f)
	case f.answer.result&resultLeased != 0:
		return value, false, f.answer.leased, nil
	}
	value, err = m.values.Decode(f.found())
	return value, err == nil, 0, err
}

// await waits until the lease is to be had, and returns its token; or 0, if it is
// time to look again. Of all goroutines that wait for a key by this map, one stands
// in line, so that they count as one lease; the others wait for it.
func (m *MapOf[K, V]) await(ctx context.Context, key K, options []Option) (uint64, error) {
	f := newFrame(0)
	defer f.free()
	if err := m.setKey(f, key); err != nil {
		return 0, err
	}
	name := string(unsafe.Slice((*byte)(f.op.key), f.op.keyLen))
	over, first := m.waiting.join(name)
	if !first {
		select {
		case <-over:
			return 0, nil
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
	defer m.waiting.leave(name)
	params := &abiAwait{key: f.op.key, keyLen: f.op.keyLen, leaseFor: leaseFor(options)}
	if err := m.file.control(cmdAwait, unsafe.Pointer(params)); err != nil {
		return 0, fail("LoadOrCompute", m.Name(), any(key), err, &params.error)
	}
	place, err := waitable(params.fd, m.Name())
	if err != nil {
		return 0, err
	}
	// Closed before it was read, it leaves the line, or gives the lease back
	defer place.Close()
	answer := new(abiAnswer)
	b := (*[unsafe.Sizeof(*answer)]byte)(unsafe.Pointer(answer))[:]
	if _, err := readContext(ctx, place, b); err != nil {
		return 0, err
	}
	return answer.leased, nil
}

// A waitingRoom has a channel for each key that goroutines wait for.
type waitingRoom struct {
	mu   sync.Mutex
	keys map[string]chan struct{}
}

// join returns what is closed when the first one to wait for a key leaves.
func (r *waitingRoom) join(key string) (over chan struct{}, first bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	over, ok := r.keys[key]
	if !ok {
		over = make(chan struct{})
		if r.keys == nil {
			r.keys = map[string]chan struct{}{}
		}
		r.keys[key] = over
	}
	return over, !ok
}

func (r *waitingRoom) leave(key string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	close(r.keys[key])
	delete(r.keys, key)
}

// compute has the lease, and gives it back.
func (m *MapOf[K, V]) compute(ctx context.Context, key K, token uint64, compute func(ctx context.Context) (V, error), options []Option) (value V, loaded bool, err error) {
	leased := true
	defer func() {
		if leased {
			m.unlease(key, token)
		}
	}()
	value, err = compute(ctx)
	if err != nil {
		return value, false, err
	}
	f := newFrame(opStore)
	defer f.free()
	f.apply(options)
	f.op.flags &^= flagStale
	f.op.leaseFor = 0
	f.op.token = token
	err = m.setValue(f, value)
	if err == nil {
		err = m.setKey(f, key)
	}
	err = m.run(f, err)
	leased = err != nil && err != syscall.ESTALE
	if leased {
		return value, false, m.fail("LoadOrCompute", key, err, f)
	}
	return value, false, nil
}

// unlease gives the lease back, unless it has ended.
func (m *MapOf[K, V]) unlease(key K, token uint64) {
	f := newFrame(opUnlease)
	defer f.free()
	f.op.token = token
	m.run(f, m.setKey(f, key))
}
