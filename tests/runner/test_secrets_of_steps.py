"""What a step returns or says is kept and shown without the secrets that its batch was given."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.batch_helpers import run
from tests.conftest import Api
from tests.files.bodies import query

LONG, SHORT = 'quoted "secret" \\ of 2026, \u00fcber', "five5"


async def seen(api: Api, **params: Any) -> str:
    """Everything that the database and the API have of a batch that repeats its parameters."""
    batch = await run(api, "echo", [{}], params=params)
    kept = """select coalesce(string_agg(t::text, ''), '') from (
      select to_jsonb(j)::text as t from jobs j where j.batch_id = :id
      union all select to_jsonb(s)::text from job_steps s join jobs j on j.id = s.job_id where j.batch_id = :id
      union all select to_jsonb(e)::text from events e where e.batch_id = :id) found"""
    shown = [(await api.get(f"/api/jobs/{job['id']}")).text for job in batch["jobs"]]
    for part in ("", "/failures", "/export?format=json", "/export?format=csv"):
        shown.append((await api.get(f"/api/batches/{batch['id']}{part}")).text)
    return str(await query(api, kept, id=batch["id"])) + "".join(shown)


@pytest.mark.parametrize("how", ["output", "stop", "retry", "raise", "child"])
async def test_no_way_of_saying_it_shows_it(api: Api, how: str) -> None:
    found = await seen(api, how=how, token=LONG)
    assert LONG not in found
    assert json.dumps(LONG, ensure_ascii=False)[1:-1] not in found
    assert json.dumps(LONG)[1:-1] not in found
    assert "***" in found


async def test_what_is_no_secret_stays(api: Api) -> None:
    found = await seen(api, token=LONG)
    assert '"plain": "plain"' in found or '"plain":"plain"' in found
    assert "before *** after" in found


async def test_too_short_to_be_told_from_other_text(api: Api) -> None:
    """Removing it would tear other words apart; the parameter itself is hidden all the same."""
    assert f"before {SHORT} after" in await seen(api, token=SHORT)
