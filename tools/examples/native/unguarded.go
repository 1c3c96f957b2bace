// SPDX-License-Identifier: GPL-2.0-only

// The crash of an unguarded map, as Go has it: 100 goroutines write to a map. The
// runtime sees it, and ends the program; there is no recover from it. If they
// should never meet, they go on until they do.
//
// Output:
//	fatal error: concurrent map writes
//	...
// Status: 2
package main

import "sync"

func main() {
	m := map[int]int{}
	var wg sync.WaitGroup
	for i := 0; i < 100; i++ {
		wg.Add(1)
		go func(i int) {
			defer wg.Done()
			for {
				m[i] = i
			}
		}(i)
	}
	wg.Wait()
}
