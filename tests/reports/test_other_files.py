"""Files that are no tables, refused as what they are."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import pickle
import tarfile
import zipfile
from pathlib import Path

import pytest

from app.reports.table_errors import TableError
from tests.reports.test_delimited import profile

TABLE = b"id,name\n1,Ada\n2,Bob\n"


def tar_of(*names: str, kind: int = tarfile.PAX_FORMAT) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=kind) as archive:
        for name in names:
            entry = tarfile.TarInfo(name)
            entry.size = len(TABLE)
            archive.addfile(entry, io.BytesIO(TABLE))
    return buffer.getvalue()


def zip_of(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, TABLE)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.tar", tar_of("people.csv"), "a tar archive.*one table in it, people.csv"),
        ("a.tar", tar_of("people.csv", kind=tarfile.USTAR_FORMAT), "a tar archive.*people.csv"),
        ("a.tar", tar_of("a.csv", "b.csv"), "Send the 2 tables"),
        ("a.tar.gz", gzip.compress(tar_of("people.csv")), "a tar archive.*people.csv"),
        ("a.tar.bz2", bz2.compress(tar_of("people.csv")), "a tar archive"),
        ("a.csv.xz", lzma.compress(tar_of("people.csv")), "a tar archive"),
        ("a.zip", zip_of("readme.md", "data/people.csv"), "a ZIP archive.*one table in it, people.csv"),
        ("a.docx", zip_of("word/document.xml"), "a Word document"),
        ("a.npy", b"\x93NUMPY\x01\x00v\x00{'descr'" + bytes(99), "NumPy"),
        ("a.h5", b"\x89HDF\r\n\x1a\n" + bytes(99), "HDF5"),
        ("a.mat", b"MATLAB 5.0 MAT-file" + bytes(99), "MATLAB"),
        ("a.zst", b"\x28\xb5\x2f\xfd" + bytes(99), "zstd"),
        *(
            (f"a{protocol}.pkl", pickle.dumps({"a": [1, 2], "b": "c"}, protocol=protocol), "a pickle")
            for protocol in range(6)
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and "." in value else None,
)
def test_the_name_of_the_thing_is_said(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    with pytest.raises(TableError, match=said) as caught:
        profile(tmp_path, content, name)
    assert caught.value.code == "NOT_A_TABLE"


@pytest.mark.parametrize("beginning", ["MZ", "ORC", "ID3", "GRIB", "PGDMP", "ARROW1"])
def test_a_table_may_begin_with_the_letters_of_a_format(tmp_path: Path, beginning: str) -> None:
    found = profile(tmp_path, f"{beginning},n\n1,2\n3,4\n".encode())
    assert (found["columns"][0]["name"], found["rows"]) == (beginning, 2)
