// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause

package syncmap_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"time"

	"syncmap.example/syncmap"
)

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// The line that was: var flags sync.Map
func Example() {
	var flags = syncmap.Map{Name: "example"}
	defer syncmap.Remove("example")

	flags.Store("color", "blue")
	color, ok := flags.Load("color")
	fmt.Println(color, ok)
	fmt.Println(flags.CompareAndSwap("color", "blue", "red"))
	fmt.Println(flags.LoadOrStore("color", "green"))
	// Output:
	// blue true
	// true
	// red true
}

func ExampleRegister() {
	type session struct{ User string }
	syncmap.Register(session{})

	var sessions syncmap.Map // or with a Name
	defer sessions.Close()
	sessions.Store("8f3a", session{"ann"})
	s, _ := sessions.Load("8f3a")
	fmt.Println(s.(session).User)
	// Output: ann
}

func ExampleOpen() {
	_, err := syncmap.Open[string, string]("no-such-map")
	fmt.Println(errors.Is(err, fs.ErrNotExist))
	fmt.Println(err)
	// Output:
	// true
	// syncmap: Open no-such-map: absent
}

func ExampleConfig() {
	type session struct {
		User string
		Cart []string
	}
	config := syncmap.Config[string, session]{
		TTL:    30 * time.Minute,
		Limits: syncmap.Limits{Entries: 1},
		Mapped: true,
	}
	sessions, err := config.Create("") // with a name, others can open it
	check(err)
	defer sessions.Close()

	check(sessions.Store("8f3a", session{User: "ann"}))
	s, ok, err := sessions.Load("8f3a")
	fmt.Println(s.User, ok, err)

	err = sessions.Store("77c1", session{User: "bob"})
	fmt.Println(errors.Is(err, syncmap.ErrFull))
	var e *syncmap.Error
	if errors.As(err, &e) {
		fmt.Println(e.Used, "of", e.Max, e.Limit)
	}
	// Output:
	// ann true <nil>
	// true
	// 1 of 1 entries
}

// Of all processes and goroutines that want a value, one computes it.
func ExampleMapOf_LoadOrCompute() {
	cache, err := syncmap.Create[string, string]("")
	check(err)
	defer cache.Close()

	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for i := 0; i < 2; i++ {
		report, loaded, err := cache.LoadOrCompute(ctx, "report", func(ctx context.Context) (string, error) {
			fmt.Println("computing")
			return "long", nil
		}, syncmap.TTL(10*time.Minute))
		fmt.Println(report, loaded, err)
	}
	// Output:
	// computing
	// long false <nil>
	// long true <nil>
}

// An entry that goes with the process: a registry of services.
func ExampleOwned() {
	services, err := syncmap.Create[string, string]("")
	check(err)
	defer services.Close()
	f, err := services.File(syncmap.Read | syncmap.Write)
	check(err)
	server, err := syncmap.Config[string, string]{}.FromFile(f)
	check(err)
	f.Close()

	check(server.Store("web-1", "10.0.0.7", syncmap.Owned()))
	fmt.Println(services.Load("web-1"))
	server.Close() // or kill -9
	_, ok, _ := services.Load("web-1")
	fmt.Println(ok)
	// Output:
	// 10.0.0.7 true <nil>
	// false
}

// At most two requests of a client a minute.
func ExampleAdd() {
	requests, err := syncmap.Create[string, uint64]("")
	check(err)
	defer requests.Close()

	for i := 0; i < 3; i++ {
		n, err := syncmap.Add(requests, "10.0.0.7", 1, syncmap.AtMost(2), syncmap.TTL(time.Minute))
		fmt.Println(n, errors.Is(err, syncmap.ErrRange))
	}
	// Output:
	// 1 false
	// 2 false
	// 2 true
}

func ExampleMapOf_Watch() {
	flags, err := syncmap.Create[string, string]("")
	check(err)
	defer flags.Close()

	w, err := flags.Watch(syncmap.WatchOptions[string]{Prefix: "co"})
	check(err)
	defer w.Close()
	check(flags.Store("color", "red"))
	check(flags.Delete("color"))

	// With Go 1.23 and later: for event, err := range w.All(ctx)
	for i := 0; i < 2; i++ {
		event, err := w.Next(context.Background())
		check(err)
		fmt.Println(event.Type, event.Key, event.Value)
	}
	// Output:
	// store color red
	// delete color
}

func ExampleMapOf_Batch() {
	routes, err := syncmap.Create[string, string]("")
	check(err)
	defer routes.Close()

	b := routes.Batch()
	b.Store("lo", "up")
	b.Store("eth0", "down")
	old := b.Swap("eth0", "up")
	missing := b.Load("eth1")
	check(b.Run()) // one call of the kernel
	fmt.Println(old.Value, missing.Loaded)
	// Output: down false
}
