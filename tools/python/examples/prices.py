# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""A page that takes long to make, made once for all workers of a server.

    gunicorn --workers 4 --bind unix:/run/prices.sock prices:app

GET / answers with the page, POST / sets the rate that it is made with. The page is in a
map that the workers share: of those that find it absent one makes it, and the others
wait for that. Each also has it at hand, in a variable of its own, and watches the map to
be told that it is out of date.
"""
import json
import os
import threading

import syncmap

settings = syncmap.create("prices.settings", value=int, exist_ok=True)
settings.setdefault("rate", 100)
settings.setdefault("made", 0)


@syncmap.memoize(ttl=3600, name="prices.pages")
def page(article):
    """Imagine a database."""
    settings.add("made")
    return f"{article} costs {settings['rate'] * 3}"


class AtHand:
    """What this worker has found, until it hears of a change."""

    def __init__(self, function):
        self.function = function
        self.found = {}
        self.changes = 0
        self.lock = threading.Lock()
        events = function.map.watch(values=False)
        threading.Thread(target=self.follow, args=(events,), daemon=True).start()

    def follow(self, events):
        for event in events:
            with self.lock:
                self.changes += 1
                if event.key is None:
                    self.found.clear()
                else:
                    self.found.pop(event.key, None)

    def __call__(self, *args):
        key = self.function.key(*args)
        before = self.changes
        if (result := self.found.get(key)) is not None:
            return result
        result = self.function(*args)
        with self.lock:
            if self.changes == before:      # else it may be out of date already
                self.found[key] = result
        return result


page_at_hand = AtHand(page)


def app(environ, start_response):
    if environ["REQUEST_METHOD"] == "POST":
        length = int(environ["CONTENT_LENGTH"])
        settings["rate"] = int(environ["wsgi.input"].read(length))
        page.invalidate("pear")
        made = page("pear")     # this worker may have the old one at hand for a moment
    else:
        made = page_at_hand("pear")
    answer = {"page": made, "made": settings["made"], "worker": os.getpid()}
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(answer).encode()]
