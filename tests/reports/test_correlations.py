"""Columns of numbers that go together: only where it says something."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from app.reports.profiling import profile_file


def pairs(tmp_path: Path, header: str, rows: list[str]) -> dict[tuple[str, str], Any]:
    path, folder = tmp_path / "a.csv", tmp_path / "scratch"
    path.write_text("\n".join([header, *rows, ""]), "utf-8")
    folder.mkdir()
    found = profile_file(str(path), "a.csv", str(folder))["correlations"]
    return {tuple(pair["columns"]): (pair["r"], pair["rows"]) for pair in found}


@pytest.mark.parametrize(("count", "asked"), [(200, 200), (12_000, 4000)])
def test_known_correlations_also_by_a_sample(tmp_path: Path, count: int, asked: int) -> None:
    made = random.Random(1)
    rows = []
    for number in range(count):
        net, noise = made.uniform(1, 1000), made.random()
        rows.append(f'{number};{net:.2f};"{f"{net * 1.19:.2f}".replace(".", ",")}";{-net:.1f};{noise:.6f};5')
    found = pairs(tmp_path, "id;net;gross;credit;noise;same", rows)
    assert set(found) == {("net", "gross"), ("net", "credit"), ("gross", "credit")}
    assert {pair: r for pair, (r, _) in found.items()} == {
        ("net", "gross"): pytest.approx(1, abs=1e-4),
        ("net", "credit"): pytest.approx(-1, abs=1e-4),
        ("gross", "credit"): pytest.approx(-1, abs=1e-4),
    }
    assert {rows for _, rows in found.values()} == {asked}


def test_few_rows_gaps_and_huge_numbers(tmp_path: Path) -> None:
    assert pairs(tmp_path, "a,b", [f"{n}.5,{n}.5" for n in range(29)]) == {}


def test_only_rows_with_both_values_count(tmp_path: Path) -> None:
    rows = [f"{n}.5,{n * 2 if n < 40 else ''}.5,{n}.5e300" for n in range(60)]
    rows = [row.replace(",.5,", ",N/A,") for row in rows]
    assert pairs(tmp_path, "a,b,huge", rows) == {("a", "b"): (1.0, 40)}
