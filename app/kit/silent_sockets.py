"""How long a connection waits for a machine that is gone without a word: nobody is left to say that it was lost."""

from __future__ import annotations

import socket
from typing import Final

SILENT_SECONDS: Final = 12
"""Linux gives up what was sent after 15 minutes (`tcp_retries2`), and asks an idle machine after 2 hours."""


def limit_silence(sock: socket.socket) -> None:
    """Have the kernel give a TCP connection up after `SILENT_SECONDS`; leaves other sockets as they are.

    It is about the machine: a program that takes what it is sent and answers nothing stays connected.
    """
    if sock.family not in (socket.AF_INET, socket.AF_INET6):
        return
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    values = {"TCP_KEEPIDLE": SILENT_SECONDS // 2, "TCP_KEEPINTVL": SILENT_SECONDS // 4, "TCP_KEEPCNT": 2}
    values |= {"TCP_USER_TIMEOUT": SILENT_SECONDS * 1000}  # RFC 5482
    for name, value in values.items():
        if option := getattr(socket, name, None):  # not every system has each
            sock.setsockopt(socket.IPPROTO_TCP, option, value)
