"""Secrets that are kept encrypted, and settings that come back with them hidden."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr, ValidationError

from app.kit.ids import new_id
from app.kit.schemas import JsonObject
from app.kit.secrets.edits import SecretWanted, check_secrets_stay, with_secrets_of
from app.kit.secrets.sealing import CannotUnseal, Sealer, hidden, hidden_in_text, is_sealed
from app.kit.secrets.secret_type import Secret, secret_paths
from app.kit.secrets.signing import SigningKey
from app.kit.secrets.values import HIDDEN

OWNER, OTHER = new_id(), new_id()
SETTINGS: dict[str, Any] = {
    "base_url": "https://p.example",
    "auth": {"header": "Authorization", "token": "Bearer s3cr3t-token"},
    "steps": [{"request": {"url": "https://q.example/x", "headers": {"X-Api-Key": "k-12345678"}}}, "{{ note }}"],
    "pin": "1234",
}


async def make_sealer(home: Path, key: str = "a key of 16 characters or more") -> Sealer:
    signing = SigningKey(home, SecretStr(key))
    await signing.start()
    return Sealer(signing)


async def test_what_is_kept_tells_nothing_and_comes_back_whole(tmp_path: Path) -> None:
    sealer = await make_sealer(tmp_path)
    kept = sealer.seal_tree(SETTINGS, OWNER, {("pin",)})
    text = json.dumps(kept)
    assert not any(secret in text for secret in ("s3cr3t", "k-12345678", "1234"))
    assert (kept["base_url"], kept["steps"][1]) == (SETTINGS["base_url"], "{{ note }}")
    assert sealer.unseal_tree(kept, OWNER) == SETTINGS
    assert sealer.seal_tree(kept, OWNER) == kept, "what is encrypted stays as it is"
    assert hidden(kept)["pin"] == hidden(kept)["auth"]["token"] == HIDDEN
    assert is_sealed(json.loads(text)["pin"])
    assert "sealed" not in hidden_in_text(text)


async def test_nobody_else_reads_it(tmp_path: Path) -> None:
    sealer = await make_sealer(tmp_path)
    kept = sealer.seal("wonder", OWNER)
    with pytest.raises(CannotUnseal):
        sealer.unseal(kept, OTHER)
    with pytest.raises(CannotUnseal):
        (await make_sealer(tmp_path, "another key of 16 characters")).unseal(kept, OWNER)
    for broken in (kept[:-4], kept + "AAAA", kept.rpartition(":")[0] + ":", "sealed:v1:"):
        with pytest.raises(CannotUnseal):
            sealer.unseal(broken, OWNER)


def test_nobody_brings_a_text_that_looks_encrypted() -> None:
    class Body(BaseModel):
        params: JsonObject

    with pytest.raises(ValidationError, match="must not begin with"):
        Body(params={"note": ["sealed:v1:x:y"]})


def test_places_of_the_type() -> None:
    class Part(BaseModel):
        code: Secret
        again: Part | None = None

    class Whole(BaseModel):
        plain: str
        own: Secret
        perhaps: Secret | None = None
        parts: list[Part] = []

    assert secret_paths(Whole) >= {("own",), ("perhaps",), ("parts", "code")}
    assert ("plain",) not in secret_paths(Whole)
    whole = Whole.model_validate({"plain": "p", "own": "o", "parts": [{"code": "c"}]})
    assert (whole.model_dump(mode="json")["own"], repr(whole.own)) == ("o", "SecretStr('**********')")


async def test_hidden_secret_stays_where_it_was(tmp_path: Path) -> None:
    known = (await make_sealer(tmp_path)).seal_tree(SETTINGS, OWNER)
    shown = hidden(known)
    assert with_secrets_of(known, shown) == known
    more = {**shown, "steps": ["first", *shown["steps"], "last"], "new": 1}
    merged = with_secrets_of(known, more)
    check_secrets_stay(known, merged)
    assert merged["steps"] == ["first", *known["steps"], "last"]
    assert with_secrets_of(known, {**shown, "auth": {"token": "new one"}})["auth"] == {"token": "new one"}


@pytest.mark.parametrize(
    "change",
    [
        {"base_url": "https://evil.example"},
        {"base_url": "https://p.example@evil.example"},
        {"base_url": "http://p.example"} | {"webhook": "wss://evil.example"},
        {"host": "evil.example"},
        {"note": "see https://evil.example/x"},
        {"steps": [{"request": {"url": "https://evil.example", "headers": {"X-Api-Key": HIDDEN}}}, "{{ note }}"]},
        {"steps": [{"request": {"url": "https://{{ host_of_lead }}/"}}]},
        {"other": {"token": HIDDEN}},
    ],
)
async def test_hidden_secret_goes_nowhere_else(tmp_path: Path, change: dict[str, Any]) -> None:
    known = (await make_sealer(tmp_path)).seal_tree(SETTINGS, OWNER)
    with pytest.raises(SecretWanted):
        check_secrets_stay(known, with_secrets_of(known, hidden(known) | change))


async def test_value_that_an_address_is_made_of_is_a_destination(tmp_path: Path) -> None:
    play = {"step": {"url": "https://{{ tenant }}.example/"}, "variables": {"token": "s3cr3t", "tenant": "good"}}
    known = (await make_sealer(tmp_path)).seal_tree(play, OWNER)
    with pytest.raises(SecretWanted):
        check_secrets_stay(known, known | {"variables": known["variables"] | {"tenant": "evil.example/"}})
    check_secrets_stay(known, known | {"variables": {"token": "given anew", "tenant": "other"}})
