# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""The examples do what they say."""
import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import syncmap

EXAMPLES = Path(__file__).parent.parent / "examples"


class Server:
    """gunicorn with four workers."""

    def __init__(self, tmp_path):
        self.path = str(tmp_path / "socket")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "--workers", "4", "--bind",
             f"unix:{self.path}", "--chdir", str(EXAMPLES), "--timeout", "600",
             "--worker-tmp-dir", "/dev/shm", "prices:app"])

    def connect(self):
        """A worker takes one connection at a time, and waits for what it asks."""
        while True:
            connection = socket.socket(socket.AF_UNIX)
            try:
                connection.connect(self.path)
                return connection
            except (FileNotFoundError, ConnectionRefusedError):
                assert self.process.poll() is None
                connection.close()

    def end(self):
        self.process.terminate()
        assert self.process.wait() == 0


def ask(connection, request=b"GET / HTTP/1.0\r\n\r\n"):
    with connection, connection.makefile("rwb") as file:
        file.write(request)
        file.flush()
        answer = file.read()
    assert answer.startswith(b"HTTP/1.0 200") or answer.startswith(b"HTTP/1.1 200")
    return json.loads(answer.partition(b"\r\n\r\n")[2])


@pytest.fixture
def server(tmp_path):
    server = Server(tmp_path)
    yield server
    server.end()
    for name in ("prices.pages", "prices.settings"):
        syncmap.remove(name)


def ask_all(server, page):
    """Until each worker has answered with that page; all answers on the way."""
    told, answers = set(), []
    while len(told) < 4:
        for connection in [server.connect() for _ in range(4)]:
            answers.append(ask(connection))
            if answers[-1]["page"] == page:
                told.add(answers[-1]["worker"])
    return answers


def test_prices(server):
    """Four workers make the page once, and know when it is out of date."""
    answers = ask_all(server, "pear costs 300")
    assert {(answer["page"], answer["made"]) for answer in answers} == \
        {("pear costs 300", 1)}
    changed = ask(server.connect(), b"POST / HTTP/1.0\r\nContent-Length: 3\r\n\r\n200")
    assert (changed["page"], changed["made"]) == ("pear costs 600", 2)
    assert {answer["made"] for answer in ask_all(server, "pear costs 600")} == {2}
