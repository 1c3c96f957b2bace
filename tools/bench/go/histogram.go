// SPDX-License-Identifier: GPL-2.0-only

// Latencies, in 16 steps per doubling.

package main

import "math/bits"

const steps = 16

type histogram struct {
	count [60 * steps]uint64
	total uint64
}

func (h *histogram) add(ns uint64) {
	doubling := 0
	if ns >= steps {
		doubling = 60 - bits.LeadingZeros64(ns) - 1
	}
	h.count[doubling*steps+int(ns>>doubling)]++
	h.total++
}

func (h *histogram) merge(other *histogram) {
	for i, n := range other.count {
		h.count[i] += n
	}
	h.total += other.total
}

// quantile returns what the share of all latencies reaches at most.
func (h *histogram) quantile(share float64) uint64 {
	left := uint64(share * float64(h.total))
	for i, n := range h.count {
		if left < n {
			if i < 2*steps {
				return uint64(i)
			}
			doubling := i/steps - 1
			return uint64(i-doubling*steps) << doubling
		}
		left -= n
	}
	return 0
}
