// SPDX-License-Identifier: GPL-2.0-only

// Singleflight, between processes: of all goroutines of all of them that find a value
// absent, one computes it, and the others wait for it. If its process is killed
// meanwhile, another one computes. (What golang.org/x/sync has of this name is for the
// goroutines of one process.)
//
// Output:
//	100 goroutines of 10 processes wanted the value: computed 1 time
//	the process that computed was killed: another did, and 90 goroutines have it

package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"

	"syncmap.example/syncmap"
)

const processes, goroutines = 10, 10

func must[T any](v T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return v
}

// handOver opens the map for another process, which has it by a file of its own: so a
// lease ends with that process.
func handOver[K, V any](m *syncmap.MapOf[K, V]) *os.File {
	return must(m.File(syncmap.Read | syncmap.Write))
}

func takeOver[K, V any](fd uintptr) *syncmap.MapOf[K, V] {
	return must(syncmap.Config[K, V]{}.FromFile(os.NewFile(fd, "map")))
}

// work is what each process does.
func work(dies bool) {
	cache, counts := takeOver[string, int](3), takeOver[string, int](4)
	compute := func(context.Context) (int, error) {
		if must(syncmap.Add(counts, "computed", 1)) == 1 && dies {
			syscall.Kill(os.Getpid(), syscall.SIGKILL)
		}
		time.Sleep(100 * time.Millisecond)
		return os.Getpid(), nil
	}
	var all sync.WaitGroup
	for i := 0; i < goroutines; i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			got, _, err := cache.LoadOrCompute(context.Background(), "hello", compute)
			there, ok, _ := cache.Load("hello")
			if err != nil || !ok || got != there {
				log.Fatalf("%d, %v; there is %d", got, err, there)
			}
			must(syncmap.Add(counts, "got it", 1))
		}()
	}
	all.Wait()
}

// run has all processes do it, of which some are killed, and tells how many goroutines
// have computed, and how many have the value.
func run(what string, killed int) (computed, got int) {
	cache := must(syncmap.Create[string, int](""))
	counts := must(syncmap.Create[string, int](""))
	var all []*exec.Cmd
	for i := 0; i < processes; i++ {
		cmd := exec.Command("/proc/self/exe", what)
		cmd.Stderr = os.Stderr
		cmd.ExtraFiles = []*os.File{handOver(cache), handOver(counts)}
		if err := cmd.Start(); err != nil {
			log.Fatal(err)
		}
		for _, file := range cmd.ExtraFiles {
			file.Close()
		}
		all = append(all, cmd)
	}
	for _, cmd := range all {
		if err := cmd.Wait(); err != nil {
			killed--
		}
	}
	if killed != 0 {
		log.Fatalf("%d more should have been killed", killed)
	}
	computed, _, _ = counts.Load("computed")
	got, _, _ = counts.Load("got it")
	return computed, got
}

func main() {
	if len(os.Args) > 1 {
		work(os.Args[1] == "die")
		return
	}
	computed, got := run("live", 0)
	fmt.Printf("%d goroutines of %d processes wanted the value: computed %d time\n",
		got, processes, computed)
	computed, got = run("die", 1)
	if computed != 2 {
		log.Fatalf("computed %d times", computed)
	}
	fmt.Printf("the process that computed was killed: another did, and %d goroutines have it\n", got)
}
