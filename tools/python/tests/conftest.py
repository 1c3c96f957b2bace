# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
from __future__ import annotations

import pytest
import syncmap


@pytest.fixture
def words():
    """A map of text without a name."""
    with syncmap.create(value=str) as map:
        yield map


@pytest.fixture
def numbers():
    with syncmap.create(value=int) as map:
        yield map


@pytest.fixture
def name(request):
    """A name for a map, that is free again afterwards."""
    name = request.node.name
    yield name
    try:
        syncmap.remove(name)
    except FileNotFoundError:
        pass
