"""What a child might try if a file took it over, and what every reader does: run in children by test_cell."""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import resource
import socket
import stat
import subprocess
import tempfile
import threading
from pathlib import Path
from typing import NamedTuple

GIB = 1 << 30


class World(NamedTuple):
    """What a data folder has that a child must not get at, and what is lent to it."""

    folder: str
    content: str
    scratch: str
    other: str
    secret: str
    socket: str
    port: int
    process: int


def read_passwords(world: World) -> None:
    open("/etc/shadow").close()


def read_users(world: World) -> None:
    open("/etc/passwd").close()


def read_secret(world: World) -> None:
    open(world.secret).close()


def read_other_content(world: World) -> None:
    open(world.other).close()


def read_other_content_by_a_link(world: World) -> None:
    os.symlink(world.other, f"{world.scratch}/link")
    try:
        open(f"{world.scratch}/link").close()
    finally:
        os.unlink(f"{world.scratch}/link")


def list_data_folder(world: World) -> None:
    os.listdir(world.folder)


def list_root(world: World) -> None:
    os.listdir("/")


def write_outside(world: World) -> None:
    open(f"{world.folder}/new", "w").close()


def write_to_shared_folder(world: World) -> None:
    tempfile.NamedTemporaryFile(dir="/var/tmp").close()


def overwrite_input(world: World) -> None:
    open(world.content, "r+b").close()


def empty_input(world: World) -> None:
    os.truncate(world.content, 0)


def open_input_to_others(world: World) -> None:
    os.chmod(world.content, 0o777)


def take_input_away(world: World) -> None:
    os.unlink(world.other)


def make_hard_link(world: World) -> None:
    os.link(world.content, f"{world.scratch}/hard")


def make_device(world: World) -> None:
    os.mknod(f"{world.scratch}/null", stat.S_IFCHR | 0o666, os.makedev(1, 3))


def connect_to_database(world: World) -> None:
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(world.socket)


def connect_by_tcp(world: World) -> None:
    with socket.socket() as client:
        client.connect(("127.0.0.1", world.port))


def listen_by_tcp(world: World) -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))


def make_datagram_socket(world: World) -> None:
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).close()


def fork(world: World) -> None:
    if os.fork() == 0:
        os._exit(0)


def start_program(world: World) -> None:
    subprocess.run(["/bin/true"])


def become_program(world: World) -> None:
    os.execv("/bin/true", ["true"])


def kill_fork_server(world: World) -> None:
    os.kill(os.getppid(), 0)


def kill_service(world: World) -> None:
    os.kill(world.process, 0)


def kill_everybody(world: World) -> None:
    os.kill(-1, 0)


def trace(world: World) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    library.ptrace(16, os.getppid(), None, None)  # PTRACE_ATTACH
    raise OSError(ctypes.get_errno(), "ptrace")


def read_memory_of_another(world: World) -> None:
    open(f"/proc/{os.getppid()}/mem", "rb").close()


def read_environment_of_another(world: World) -> None:
    open(f"/proc/{world.process}/environ", "rb").close()


def become_root(world: World) -> None:
    os.setuid(0)


def raise_limits(world: World) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (2 * GIB, 2 * GIB))


def write_too_large_a_file(world: World) -> None:
    with open(f"{world.scratch}/large", "wb") as file:
        try:
            os.posix_fallocate(file.fileno(), 0, GIB + 1)
        finally:
            os.unlink(f"{world.scratch}/large")


def open_too_many(world: World) -> None:
    opened = []
    try:
        while len(opened) < 1000:
            opened.append(os.open(os.devnull, os.O_RDONLY))
    finally:
        for descriptor in opened:
            os.close(descriptor)


FILES = [
    read_passwords,
    read_users,
    read_secret,
    read_other_content,
    read_other_content_by_a_link,
    list_data_folder,
    list_root,
    write_outside,
    write_to_shared_folder,
    overwrite_input,
    empty_input,
    take_input_away,
    read_memory_of_another,
    read_environment_of_another,
]
CALLS = [
    open_input_to_others,
    make_hard_link,
    make_device,
    connect_to_database,
    connect_by_tcp,
    listen_by_tcp,
    make_datagram_socket,
    fork,
    start_program,
    become_program,
    kill_fork_server,
    kill_service,
    kill_everybody,
    trace,
    become_root,
]
LIMITS = [(raise_limits, {errno.EPERM, None}), (write_too_large_a_file, {errno.EFBIG}), (open_too_many, {errno.EMFILE})]


def work(world: World) -> bool:
    """What every reader does: reads its input, maps it, writes and renames in its scratch folder, starts threads."""
    with open(world.content, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        found = content[:5]
    first, second = Path(world.scratch, "first"), Path(world.scratch, "second")
    first.write_bytes(found)
    first.rename(second)
    threads = [threading.Thread(target=second.read_bytes) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found == second.read_bytes() == b"input"


def attempt(number: int, values: list[object]) -> list[object]:
    """Try something; what kept us from it, and whether work goes on."""
    world = World(*values)  # type: ignore[arg-type]
    name, code = "", None
    try:
        [*FILES, *CALLS, *(each for each, _ in LIMITS)][number](world)
    except (OSError, ValueError) as error:
        name, code = type(error).__name__, getattr(error, "errno", None)
    return [name, code, work(world)]
