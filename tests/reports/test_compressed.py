"""What is packed is measured while it is unpacked: a small file costs little, whatever comes out of it."""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Callable
from pathlib import Path

import pytest

from app.reports.pipeline import seconds_for
from app.reports.readers.compressed import CHUNK, MAX_RATIO, RATIO_COUNTS_FROM, unpack
from app.reports.table_errors import TableError
from tests.conftest import Api
from tests.reports.test_pipeline import report_on

ROWS = b"1\n" * 25_000_000
"""50 MB that gzip packs into 48 kB."""
PACKERS = {"gzip": gzip.compress, "bzip2": bz2.compress, "xz": lambda data: lzma.compress(data, preset=0)}


@pytest.mark.parametrize("pack", PACKERS.values(), ids=PACKERS)
def test_what_was_made_to_hurt_is_refused_long_before_its_end(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    packed = tmp_path / "rows.csv.gz"
    packed.write_bytes(pack(ROWS))
    with pytest.raises(TableError, match=f"more than {MAX_RATIO} times its size") as caught:
        unpack(packed, tmp_path)
    assert caught.value.code == "RESOURCE_LIMIT"
    most = max(RATIO_COUNTS_FROM, packed.stat().st_size * MAX_RATIO)
    assert (tmp_path / "unpacked").stat().st_size <= most + CHUNK


def test_members_of_one_gzip_file_count_together(tmp_path: Path) -> None:
    packed = tmp_path / "rows.csv.gz"
    packed.write_bytes(gzip.compress(ROWS[: 4 << 20]) * 4)
    with pytest.raises(TableError, match="times its size"):
        unpack(packed, tmp_path)


def test_tables_that_are_packed_well_are_read(tmp_path: Path) -> None:
    packed = tmp_path / "rows.csv.gz"
    rows = b"".join(b"%d,open,2024-03-01\n" % number for number in range(600_000))
    packed.write_bytes(gzip.compress(rows))
    assert len(rows) > RATIO_COUNTS_FROM
    unpacked = unpack(packed, tmp_path)
    assert unpacked
    assert unpacked.read_bytes() == rows


async def test_a_batch_says_what_it_refused(api: Api) -> None:
    _, (file,) = await report_on(api, [("rows.csv.gz", gzip.compress(ROWS))])
    assert file["error_code"] == "RESOURCE_LIMIT"
    assert file["error_message"] == f"The file unpacks to more than {MAX_RATIO} times its size. Send it unpacked."


def test_time_follows_the_size_of_what_was_sent() -> None:
    assert [seconds_for(size) for size in (0, 200_000, 1_000_000, 9_000_000)] == [90, 92, 100, 180]
