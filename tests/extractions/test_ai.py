"""Sheets read by an AI provider: the three ways to ask one, its failures, and what becomes of its answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.extractions.ai_reading import question_about, read_answer
from app.extractions.provider import Provider, ProviderError
from tests.batch_helpers import follow, get_batch
from tests.conftest import Api
from tests.extractions.ai_server import READING, SWIM, AiServer, Failure
from tests.extractions.draw_samples import SAMPLES
from tests.extractions.test_pipeline import extract
from tests.patience import patient

SCAN = SAMPLES / "2026-11-18 Scanned page.pdf"
SHEET = SAMPLES / "2026-11-01 Lakeside Invitational.pdf"
NAMES = ("openai", "openai-responses", "anthropic")


async def tell(message: str) -> None: ...


async def ask(ai: AiServer, name: Any, path: Path = SCAN, **more: Any) -> Any:
    provider = Provider(name, model="a-model", key="the-key", base_url=ai.url, **more)
    await provider.start()
    try:
        return await provider.ask(question_about("Maya Lindqvist", path.name), path, tell)
    finally:
        await provider.stop()


@pytest.mark.parametrize("name", NAMES)
async def test_each_provider_is_asked_in_its_own_way(ai: AiServer, name: str) -> None:
    answer = await ask(ai, name)
    (swim,) = read_answer(answer.content, "Maya Lindqvist", 1).swims
    assert (swim.name, swim.time, swim.page) == ("Lindqvist, Maya", "1:51.62", 1)
    assert (answer.input_tokens, answer.output_tokens) == (900, 100)
    (request,) = ai.requests
    assert request["body"]["model"] == "a-model"
    assert '"Maya Lindqvist"' in str(request["body"])


@pytest.mark.parametrize(
    ("name", "base", "url"),
    [
        ("openai", "http://h", "http://h/v1/chat/completions"),
        ("openai", "http://h/api/", "http://h/api/chat/completions"),
        ("openai-responses", "http://h/v1", "http://h/v1/responses"),
        ("anthropic", "http://h", "http://h/v1/messages"),
        ("anthropic", "http://h/v1/", "http://h/v1/messages"),
        ("anthropic", "http://h/proxy", "http://h/proxy/v1/messages"),
        ("anthropic", None, "https://api.anthropic.com/v1/messages"),
    ],
)
def test_addresses(name: Any, base: str | None, url: str) -> None:
    assert str(Provider(name, model="m", base_url=base)._url()) == url


@pytest.mark.parametrize(
    ("failure", "code", "after"),
    [
        (Failure(429, {"Retry-After": "17"}), "RATE_LIMIT", 17),
        (Failure(429, body=b'{"error":{"code":"insufficient_quota"}}'), "AI_QUOTA_EXHAUSTED", None),
        (Failure(500), "UPSTREAM_5XX", None),
        (Failure(529, {"Retry-After": "3"}), "UPSTREAM_5XX", 3),
        (Failure(401), "AI_KEY_REFUSED", None),
        (Failure(403), "AI_KEY_REFUSED", None),
        (Failure(400), "AI_REFUSED", None),
        (Failure(404), "AI_REFUSED", None),
        (Failure(302, {"Location": "http://127.0.0.1/"}), "AI_REFUSED", None),
        (Failure(413), "AI_FILE_TOO_LARGE", None),
        (Failure(200), "AI_REPLY_NOT_VALID", None),
        (Failure(200, body=b"[" * 100_000), "AI_REPLY_NOT_VALID", None),
        (Failure(200, body=b"null"), "AI_REPLY_NOT_VALID", None),
        (Failure(200, body=b'{"content": [{"type": "text", "text": "no"}]}'), None, None),
        (Failure(200, body=b'{"content": 7}'), "AI_REPLY_NOT_VALID", None),
        (Failure(200, body=b" " * 9_000_000), "AI_REPLY_NOT_VALID", None),
        (Failure(200, {"Content-Length": "5"}, b"torn"), "NETWORK_ERROR", None),
        (Failure(hang_up=True), "NETWORK_ERROR", None),
    ],
)
async def test_failures_have_stable_codes(
    ai: AiServer, failure: Failure, code: str | None, after: float | None
) -> None:
    ai.failures.append(failure)
    if code is None:
        with pytest.raises(ProviderError) as caught:
            read_answer((await ask(ai, "anthropic")).content, "Maya Lindqvist", 1)
        assert caught.value.code == "AI_REPLY_NOT_VALID"
        return
    with pytest.raises(ProviderError) as caught:
        await ask(ai, "anthropic")
    assert (caught.value.code, caught.value.retry_after) == (code, after)
    assert "nobody may repeat" not in str(caught.value)
    assert len(ai.requests) == 1


async def test_silent_provider_is_given_up(ai: AiServer) -> None:
    ai.gate = asyncio.Event()
    with pytest.raises(ProviderError) as caught:
        await ask(ai, "openai", timeout=0.2)
    assert caught.value.code == "TIMEOUT"
    ai.gate.set()


async def test_large_sheet_is_not_sent(ai: AiServer) -> None:
    with pytest.raises(ProviderError) as caught:
        await ask(ai, "openai", max_file_bytes=100)
    assert (caught.value.code, ai.requests) == ("AI_FILE_TOO_LARGE", [])


def _cut(reply: dict[str, Any]) -> dict[str, Any]:
    if "choices" in reply:
        reply["choices"][0]["finish_reason"] = "length"
    return reply | {"status": "incomplete", "stop_reason": "max_tokens"}


def _refuse(reply: dict[str, Any]) -> dict[str, Any]:
    if "choices" in reply:
        reply["choices"][0]["message"] |= {"refusal": "No.", "content": None}
    if "output" in reply:
        reply["output"][-1]["content"] = [{"type": "refusal", "refusal": "No."}]
    return reply | {"stop_reason": "refusal"}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("wrap", "code"), [(_cut, "AI_REPLY_NOT_VALID"), (_refuse, "AI_REFUSED")])
async def test_answers_that_are_none(
    ai: AiServer, name: str, wrap: Callable[[dict[str, Any]], dict[str, Any]], code: str
) -> None:
    ai.wrap = wrap
    with pytest.raises(ProviderError) as caught:
        await ask(ai, name)
    assert caught.value.code == code


@pytest.mark.parametrize(
    "reading",
    [
        "not JSON",
        None,
        [],
        {},
        READING | {"swims": [SWIM | {"time": "fast"}]},
        READING | {"swims": [SWIM | {"status": "DQ"}]},
        READING | {"swims": [SWIM | {"time": None}]},
        READING | {"swims": [SWIM | {"page": 2}]},
        READING | {"swims": [SWIM | {"place": "2"}]},
        READING | {"swims": [SWIM | {"place": 0}]},
        READING | {"swims": [SWIM | {"extra": 1}]},
        READING | {"swims": [SWIM] * 501},
        READING | {"meet": "a\x00b"},
    ],
)
def test_answers_that_do_not_fit(reading: Any) -> None:
    with pytest.raises(ProviderError) as caught:
        read_answer(reading, "Maya Lindqvist", 1)
    assert caught.value.code == "AI_REPLY_NOT_VALID"


async def test_scan_is_read_by_the_provider_when_the_batch_says_so(reader: Api, ai: AiServer) -> None:
    files = [("scan.pdf", SCAN.read_bytes()), ("sheet.pdf", SHEET.read_bytes())]
    batch = await extract(reader, "Maya Lindqvist", files, params='{"fallback": "ai"}')
    scan, sheet = batch["jobs"]
    assert (scan["status"], scan["result"]["source"], scan["result"]["extractor"]) == (
        "completed",
        "ai",
        "anthropic/a-model",
    )
    assert [swim["time"] for swim in scan["result"]["swims"]] == ["1:51.62"]
    assert scan["result"]["ai"]["input_tokens"] == 900
    assert sheet["result"]["source"] == "text"
    assert len(ai.requests) == 1
    assert batch["summary_data"]["read_by_ai"] == 1
    again = await extract(reader, "Maya Lindqvist", files[:1], params='{"fallback": "ai"}')
    assert (again["jobs"][0]["cached"], len(ai.requests)) == (True, 1)
    assert again["jobs"][0]["result"]["swims"] == scan["result"]["swims"]
    listed = (await reader.get("/api/extractions", params={"batch_id": batch["id"]})).json()["extractions"]
    assert [extraction["source"] for extraction in listed] in (["text", "ai"], ["ai", "text"])


async def test_only_swims_of_the_swimmer_count(reader: Api, ai: AiServer) -> None:
    ai.reading = READING | {"swims": [SWIM | {"name": "Okafor, Ada"}]}
    job = (await extract(reader, "Someone Else", [("a.pdf", SHEET.read_bytes())], reader="ai"))["jobs"][0]
    assert (job["status"], job["result"]["source"], job["result"]["swims"]) == ("completed", "ai", [])


async def test_busy_provider_is_asked_again_when_it_says(reader: Api, ai: AiServer) -> None:
    ai.failures = [Failure(429, {"Retry-After": "0"})]
    job = (await extract(reader, "Ada Okafor", [("a.pdf", SHEET.read_bytes())], reader="ai"))["jobs"][0]
    assert (job["status"], len(ai.requests)) == ("completed", 2)
    assert [step["attempts"] for step in job["steps"]][1] == 2


async def test_refused_key_fails_the_job_at_once(reader: Api, ai: AiServer) -> None:
    ai.failures = [Failure(401)]
    job = (await extract(reader, "Orla Keane", [("a.pdf", SHEET.read_bytes())], reader="ai"))["jobs"][0]
    assert (job["status"], job["error_code"], job["retry_count"]) == ("failed", "AI_KEY_REFUSED", 0)
    assert "the-key" not in str(job)


async def test_two_batches_at_once_ask_once(reader: Api, ai: AiServer) -> None:
    ai.gate = asyncio.Event()
    data = {"pipeline": "pdf-extraction", "swimmer_name": "Twice Asked", "reader": "ai"}
    part = [("files", ("a.pdf", SHEET.read_bytes(), "application/pdf"))]
    ids = [(await reader.post("/api/jobs/batch", data=data, files=part)).json()["batch_id"] for _ in range(3)]
    await asyncio.wait_for(ai.asked.wait(), patient(20))
    ai.gate.set()
    for batch_id in ids:
        await follow(reader, batch_id)
    jobs = [(await get_batch(reader, batch_id))["jobs"][0] for batch_id in ids]
    assert [job["status"] for job in jobs] == ["completed"] * 3
    assert (sum(job["cached"] for job in jobs), len(ai.requests)) == (2, 1)


async def test_without_a_provider_asking_for_one_is_refused(api: Api) -> None:
    part = [("files", ("a.pdf", b"x", "application/pdf"))]
    for field in ("reader", "fallback"):
        data = {"pipeline": "pdf-extraction", "swimmer_name": "Maya Lindqvist", field: "ai"}
        reply = await api.post("/api/jobs/batch", data=data, files=part)
        assert (reply.status_code, reply.json()["code"]) == (422, "connection_missing")
        assert "no account for AI provider" in reply.json()["detail"]
