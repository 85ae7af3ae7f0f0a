"""Servers of a folder's files as one ZIP, for `bench.archives`: KIND FOLDER; prints its port.

sendfile   the limit: as many bytes of headers as a ZIP has, and each file's content by sendfile(2) on a blocking socket
zipstream  FastAPI with zipstream-ng, streamed as its documentation shows, without compression
"""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

LOCAL, CENTRAL, END = 30, 46, 22


def size_of(paths: list[Path]) -> int:
    """Of the ZIP with stored contents (APPNOTE 4.3: two headers for each member with its name, and the end)."""
    return sum(path.stat().st_size + LOCAL + CENTRAL + 2 * len(path.name) for path in paths) + END


def sendfile(folder: Path) -> None:
    paths = sorted(folder.iterdir())
    size, tail = size_of(paths), sum(CENTRAL + len(path.name) for path in paths) + END
    with socket.create_server(("127.0.0.1", 0)) as server:
        print(server.getsockname()[1], flush=True)
        while True:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % size)
                for path in paths:
                    with path.open("rb", buffering=0) as file:
                        connection.send(b"\0" * (LOCAL + len(path.name)), socket.MSG_MORE)
                        left, at = os.fstat(file.fileno()).st_size, 0
                        while left:
                            sent = os.sendfile(connection.fileno(), file.fileno(), at, left)
                            left, at = left - sent, at + sent
                connection.sendall(b"\0" * tail)


def zipstream(folder: Path) -> None:
    import uvicorn
    from fastapi import FastAPI
    from fastapi.responses import StreamingResponse
    from zipstream import ZipStream  # type: ignore[import-not-found, unused-ignore]

    app = FastAPI()

    @app.get("/{path:path}")
    def archive(path: str) -> StreamingResponse:
        return StreamingResponse(ZipStream.from_path(folder), media_type="application/zip")

    listening = socket.create_server(("127.0.0.1", 0))
    print(listening.getsockname()[1], flush=True)
    uvicorn.Server(uvicorn.Config(app, log_level="error")).run(sockets=[listening])


if __name__ == "__main__":
    {"sendfile": sendfile, "zipstream": zipstream}[sys.argv[1]](Path(sys.argv[2]))
