"""Starts `tranche` processes for tests.processes: each is forked from this one, which has imported everything.

Run as `python -m tests.fork_server DESCRIPTOR`, with a socket that brings one message for each process to start:
arguments, environment and folder, with descriptors: stdin, stdout, stderr, and a socket that is sent its exit code.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import pkgutil
import selectors
import signal
import socket
import sys
from typing import Any

import app.__main__
import app.commands
import app.main
from app.settings import Settings

MESSAGE_BYTES = 1 << 18


def prepare() -> None:
    """Import what the commands import, and make what each process would make alike."""
    for module in pkgutil.iter_modules(app.commands.__path__, "app.commands."):
        importlib.import_module(module.name)
    app.main.create_app(Settings()).openapi()
    gc.collect()
    gc.freeze()


def become(message: dict[str, Any], descriptors: list[int]) -> None:
    """Be the process that was asked for, in every way but its imports."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for number, descriptor in enumerate(descriptors[:3]):
        os.dup2(descriptor, number)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    os.environ.clear()
    os.environ.update(message["environment"])
    os.chdir(message["folder"])
    sys.argv = ["tranche", *message["arguments"]]


def serve(control: socket.socket) -> bool:
    """Start processes until nobody asks any more; True in each process that was started."""
    waiting: dict[int, socket.socket] = {}
    woken, wake = socket.socketpair()
    for end in (woken, wake):
        end.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake.fileno())
    selector = selectors.DefaultSelector()
    selector.register(control, selectors.EVENT_READ)
    selector.register(woken, selectors.EVENT_READ)
    while True:
        ready = {key.fileobj for key, _ in selector.select()}
        if woken in ready:
            woken.recv(4096)
        if control in ready:
            data, descriptors, *_ = socket.recv_fds(control, MESSAGE_BYTES, 4)
            if not data:
                return False
            pid = os.fork()
            if pid == 0:
                become(json.loads(data), descriptors)
                return True
            waiting[pid] = socket.socket(fileno=descriptors.pop())
            for descriptor in descriptors:
                os.close(descriptor)
            control.send(str(pid).encode())
        for pid in list(waiting):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                with waiting.pop(pid) as line:
                    line.send(str(os.waitstatus_to_exitcode(status)).encode())


if __name__ == "__main__":
    prepare()
    if serve(socket.socket(fileno=int(sys.argv[1]))):
        app.__main__.main()
