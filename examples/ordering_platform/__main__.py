"""`python -m examples.ordering_platform`: the platform on a port of this machine."""

from __future__ import annotations

import argparse

import uvicorn

from examples.ordering_platform.platform import create_platform


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=9100)
    parser.add_argument("--token", help="What callers must send as a bearer token.")
    wanted = parser.parse_args()
    print(f"The ordering platform listens at http://127.0.0.1:{wanted.port}", flush=True)
    uvicorn.run(create_platform(wanted.token), host="127.0.0.1", port=wanted.port, log_level="warning")


if __name__ == "__main__":
    main()
