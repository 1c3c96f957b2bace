// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause

package syncmap

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"reflect"
	"strings"
	"syscall"
	"testing"
)

// helpers are programs that tests run as processes of their own: run by helperEnv.
// What they print, a line at a time, is what they tell the test; a line of their
// input is what the test tells them.
var helpers = map[string]func(in *bufio.Reader, args []string){}

const helperEnv = "SYNCMAP_TEST_HELPER"

func TestMain(m *testing.M) {
	if line := os.Getenv(helperEnv); line != "" {
		args := strings.Split(line, " ")
		helpers[args[0]](bufio.NewReader(os.Stdin), args[1:])
		return
	}
	os.Exit(m.Run())
}

type helper struct {
	t   *testing.T
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

func startHelper(t *testing.T, args ...string) *helper {
	t.Helper()
	return startHelperAs(t, exec.Command(os.Args[0]), args...)
}

func startHelperAs(t *testing.T, cmd *exec.Cmd, args ...string) *helper {
	t.Helper()
	cmd.Env = append(os.Environ(), helperEnv+"="+strings.Join(args, " "))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	must(t, err)
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	h := &helper{t: t, cmd: cmd, in: in, out: bufio.NewReader(out)}
	t.Cleanup(h.kill)
	return h
}

// startHelperAsNobody starts one that has no rights, of a copy that anybody may run.
func startHelperAsNobody(t *testing.T, args ...string) *helper {
	t.Helper()
	program, err := os.ReadFile("/proc/self/exe")
	must(t, err)
	file, err := os.CreateTemp("", "syncmap")
	must(t, err)
	t.Cleanup(func() { os.Remove(file.Name()) })
	_, err = file.Write(program)
	must(t, err)
	must(t, file.Close())
	must(t, os.Chmod(file.Name(), 0755))
	cmd := exec.Command(file.Name())
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	return startHelperAs(t, cmd, args...)
}

const nobody = 65534

func (h *helper) kill() {
	h.cmd.Process.Kill()
	h.cmd.Wait()
}

// hear waits for a line.
func (h *helper) hear(want string) {
	h.t.Helper()
	line, err := h.out.ReadString('\n')
	if err != nil || line != want+"\n" {
		h.t.Fatalf("the helper said %q, %v; wanted %q", line, err, want)
	}
}

func (h *helper) tell(line string) {
	fmt.Fprintln(h.in, line)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// check is for helpers, which have no test.
func check(err error) {
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

// newMap makes a map without a name, which goes with the test.
func newMap[K, V any](t testing.TB, config Config[K, V]) *MapOf[K, V] {
	t.Helper()
	m, err := config.Create("")
	must(t, err)
	t.Cleanup(func() { m.Close() })
	return m
}

// newNamed makes a map with a name, which goes with the test.
func newNamed[K, V any](t testing.TB, config Config[K, V]) *MapOf[K, V] {
	t.Helper()
	name := fmt.Sprintf("go.%d.%s", os.Getpid(), strings.ReplaceAll(t.Name(), "/", "."))
	m, err := config.Create(name)
	must(t, err)
	t.Cleanup(func() {
		m.Close()
		Remove(name)
	})
	return m
}

// again opens a map once more, as another process would.
func again[K, V any](t testing.TB, m *MapOf[K, V]) *MapOf[K, V] {
	t.Helper()
	return againAs(t, m, Config[K, V]{})
}

func againAs[K, V any](t testing.TB, m *MapOf[K, V], config Config[K, V]) *MapOf[K, V] {
	t.Helper()
	f, err := m.File(Read | Write)
	must(t, err)
	defer f.Close()
	other, err := config.FromFile(f)
	must(t, err)
	t.Cleanup(func() { other.Close() })
	return other
}

// want compares what an operation returned.
func want[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Fatalf("%s: %v; wanted %v", what, got, want)
	}
}

func wantValue[V any](t testing.TB, what string, got V, ok bool, err error, wanted V, present bool) {
	t.Helper()
	if err != nil || !reflect.DeepEqual(got, wanted) || ok != present {
		t.Fatalf("%s: %v, %v, %v; wanted %v, %v", what, got, ok, err, wanted, present)
	}
}

// The race detector drops what is in pools, to find races.
var raceEnabled bool
