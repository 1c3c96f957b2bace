// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause

//go:build linux

package syncmap

import (
	"io/fs"
	"math"
	"os"
	"runtime"
	"sync/atomic"
	"syscall"
	"unsafe"
)

// A file is a descriptor of a map. It is closed when close was called and no call
// uses it any more, so that no call ever meets another file of the same number; or
// else by the collector.
type file struct {
	fd    int
	state atomic.Int64 // calls that use it, and closing
}

const closing = math.MinInt64

func newFile(fd int32) *file {
	f := &file{fd: int(fd)}
	runtime.SetFinalizer(f, (*file).end)
	return f
}

func (f *file) end() {
	runtime.SetFinalizer(f, nil)
	syscall.Close(f.fd)
}

func (f *file) acquire() bool {
	for {
		state := f.state.Load()
		if state < 0 {
			return false
		}
		if f.state.CompareAndSwap(state, state+1) {
			return true
		}
	}
}

func (f *file) release() {
	if f.state.Add(-1) == closing {
		f.end()
	}
}

func (f *file) isClosed() bool {
	return f.state.Load() < 0
}

func (f *file) close() error {
	if !f.acquire() {
		return fs.ErrClosed
	}
	defer f.release()
	for {
		state := f.state.Load()
		if state < 0 {
			return fs.ErrClosed
		}
		if f.state.CompareAndSwap(state, state+closing) {
			return nil
		}
	}
}

// control runs a command, whose struct is at arg.
func (f *file) control(command uintptr, arg unsafe.Pointer) error {
	if !f.acquire() {
		return fs.ErrClosed
	}
	_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(f.fd), command, uintptr(arg))
	f.release()
	if errno != 0 {
		return errno
	}
	return nil
}

// openDevice opens the descriptor for the commands on maps.
func openDevice() (*file, error) {
	for {
		fd, err := syscall.Open(devicePath, syscall.O_RDWR|syscall.O_CLOEXEC, 0)
		switch err {
		case nil:
			return newFile(int32(fd)), nil
		case syscall.EINTR:
		case syscall.ENOENT, syscall.ENXIO:
			return nil, syscall.ENODEV
		default:
			return nil, err
		}
	}
}

// onDevice runs a command on maps.
func onDevice(command uintptr, arg unsafe.Pointer) error {
	device, err := openDevice()
	if err != nil {
		return err
	}
	defer device.close()
	return device.control(command, arg)
}

// waitable makes a file of a descriptor that goroutines wait for by the poller of
// the runtime, which takes no thread, and ends with a deadline.
func waitable(fd int32, name string) (*os.File, error) {
	if err := syscall.SetNonblock(int(fd), true); err != nil {
		syscall.Close(int(fd))
		return nil, err
	}
	return os.NewFile(uintptr(fd), name), nil
}
