// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause

//go:build race

package syncmap

func init() { raceEnabled = true }
