# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""Processes and threads for tests. Nothing here waits for a time to pass."""
from __future__ import annotations

import os
import signal
import threading
import traceback
from typing import Any, Callable, List


class Child:
    """A forked process that runs a function, and tells the parent bytes."""

    def __init__(self, function: Callable[[Child], Any],
                 fork: Callable[[], int] = os.fork) -> None:
        self.out, self._in = os.pipe()
        self.pid = fork()
        if self.pid:
            os.close(self._in)
            return
        status = 1
        try:
            os.close(self.out)
            function(self)
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)

    def tell(self, data: bytes) -> None:
        os.write(self._in, data)

    def hear(self, size: int = 1) -> bytes:
        return os.read(self.out, size)

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        assert self.wait() == -signal.SIGKILL

    def wait(self) -> int:
        os.close(self.out)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


class Thread(threading.Thread):
    """A thread that keeps what its function returned or raised."""

    def __init__(self, function: Callable[..., Any], *args: Any) -> None:
        super().__init__(daemon=True)
        self._function = lambda: function(*args)
        self.result: Any = None
        self.start()

    def run(self) -> None:
        try:
            self.result = self._function()
        except Exception as error:
            self.result = error

    def end(self) -> Any:
        self.join()
        return self.result


def threads(function: Callable[..., Any], count: int) -> List[Any]:
    """What as many threads return, which begin at the same time."""
    barrier = threading.Barrier(count)

    def begin(i: int) -> Any:
        barrier.wait()
        return function(i)

    return [thread.end() for thread in [Thread(begin, i) for i in range(count)]]


def in_line() -> None:
    """Wait until a thread of this process stands in line for a lease."""
    while not any("syncmap-await" in file for file in open_files(os.getpid())):
        pass


def open_files(pid: int) -> List[str]:
    """What a process has open."""
    files = []
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            files.append(os.readlink(f"/proc/{pid}/fd/{fd}"))
        except FileNotFoundError:
            pass
    return files
