// SPDX-License-Identifier: GPL-2.0-only

// Keys, values and random numbers: those of key.h and zipf.c.

package main

import (
	"math"
	"unsafe"
)

// A key of bytes has a fixed length, as in the maps of kernel code.
type key interface {
	uint64 | [2]uint64 | [4]uint64
}

const (
	keyMul   = 0x9e3779b97f4a7c15
	keyMul2  = 0xd1b54a32d192ed03
	drawMul  = 0x5851f42d4c957f2d
	drawAdd  = 0x14057b7ef767814f
	zipfMul  = 0x9e3779b1
	zipfBits = 9
)

// keyOf returns the key with this number; keys of 32 bytes begin alike.
func keyOf[K key](number uint64) (k K) {
	word, word2 := (number+1)*keyMul, (number+1)*keyMul2
	p := unsafe.Pointer(&k)
	switch unsafe.Sizeof(k) {
	case 8:
		*(*uint64)(p) = word
	case 16:
		*(*[2]uint64)(p) = [2]uint64{word, word2}
	case 32:
		*(*[4]uint64)(p) = [4]uint64{0x2f70616d636e7973,
			0x2f736569726f7473, word, word2}
	}
	return k
}

// spread returns a number whose upper bits differ between keys.
func spread[K key](k K) uint64 {
	return *(*uint64)(unsafe.Add(unsafe.Pointer(&k), unsafe.Sizeof(k)-8)) *
		drawMul
}

// keyNext leads from each number below n, a power of two, to another: a cycle.
func keyNext(number, n uint64) uint64 {
	return (number*drawMul + drawAdd) & (n - 1)
}

func valueOf(number, n uint64) uint64 { return (keyNext(number, n) + 1) << 3 }
func valueNumber(value uint64) uint64 { return value>>3 - 1 }

type random uint64

func (r *random) draw() uint64 {
	*r = *r*drawMul + drawAdd
	return uint64(*r) >> 32
}

func (r *random) below(n uint64) uint64 { return r.draw() * n >> 32 }

func (r *random) zipf(n uint64, z *zipf) uint64 {
	x := r.draw()
	quantile := x >> (32 - zipfBits)
	rest := x & (1<<(32-zipfBits) - 1)
	rank := z.first[quantile] + rest*z.ranks[quantile]>>(32-zipfBits)
	return rank * zipfMul & (n - 1)
}

// A zipf holds the quantiles of the distribution, exponent 0.99.
type zipf struct {
	first, ranks [1 << zipfBits]uint64
}

func newZipf(n uint64) *zipf {
	weight := func(rank uint64) float64 {
		return math.Pow(float64(rank+1), -0.99)
	}
	var total, sum float64
	for rank := uint64(0); rank < n; rank++ {
		total += weight(rank)
	}
	z := new(zipf)
	rank := uint64(0)
	for i := range z.first {
		for rank < n-1 && sum+weight(rank) <=
			total*float64(i)/float64(len(z.first)) {
			sum += weight(rank)
			rank++
		}
		z.first[i] = rank
	}
	for i := range z.ranks {
		end := n
		if i+1 < len(z.first) {
			end = z.first[i+1]
		}
		z.ranks[i] = 1
		if end > z.first[i] {
			z.ranks[i] = end - z.first[i]
		}
	}
	return z
}
