"""Choose a port that is free, and the same one again next time."""

from __future__ import annotations

import socket
import zlib

LOOPBACK = "127.0.0.1"
_FIRST, _LAST = 20_000, 29_999
"""Below the range that systems take the near end of outgoing connections from: such a port would be gone one day."""


def is_free(port: int) -> bool:
    """Whether a server could listen on a port of this machine's loopback address."""
    with socket.socket() as probe:
        # as servers do it: connections that linger in TIME_WAIT are no hindrance
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def choose(purpose: str, *, taken: set[int]) -> int:
    """Return a free port.

    Parameters
    ----------
    purpose
        Whose port it is, in any words: the search begins at a number made of them, so that two
        repositories on one machine begin at different places.
    taken
        Ports that are given away already, though nobody listens there yet.

    Raises
    ------
    OSError
        Where none of ten thousand is free.
    """
    count = _LAST - _FIRST + 1
    start = zlib.crc32(purpose.encode()) % count
    for offset in range(count):
        port = _FIRST + (start + offset) % count
        if port not in taken and is_free(port):
            return port
    raise OSError(f"no port from {_FIRST} to {_LAST} is free")


def listens(port: int) -> bool:
    """Whether somebody accepts connections on a port."""
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex((LOOPBACK, port)) == 0
