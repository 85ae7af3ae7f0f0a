"""Which values are taken for secrets, by name and by form, and how long that takes."""

from __future__ import annotations

import time

import pytest

from app.kit.secrets.sealing import hidden
from app.kit.secrets.values import HIDDEN, hidden_address, is_secret_name, looks_secret

SECRET_NAMES = """token Token TOKEN access_token accessToken accesstoken refresh-token id_token secret client_secret
clientSecret password Password db_password userPassword passwd pwd passphrase api_key apiKey APIKey API_KEY apikey
x-api-key X-Api-Key api-token Authorization Proxy-Authorization Cookie Set-Cookie private_key privateKey
access_key secretAccessKey signing_key credentials bearer jwt connection_string connectionString dsn webhook_secret
token1 password_2 SECRET_VALUE my.api.key auth""".split()
OTHER_NAMES = """token_count tokenCount secretary secretariat tokenizer passenger keynote key keys monkey passage
max_tokens_limit password_policy secret_name token_type token_url api_key_id tokens_used author authority cooking
cookie_consent name url currency steps turkey hockey_results credential_count passed compass bypass""".split()


@pytest.mark.parametrize("name", SECRET_NAMES)
def test_names_of_secrets(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize("name", OTHER_NAMES)
def test_names_of_other_things(name: str) -> None:
    assert not is_secret_name(name)


@pytest.mark.parametrize(
    "text",
    [
        *("Bearer abcdefgh12345678", "bearer abcdefgh12345678", "Basic dXNlcjpwYXNzd29yZA=="),
        "see Bearer abcdefgh12345678",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
        "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----",
        *("sk-proj-0123456789abcdefXYZ", "sk_live_0123456789abcdef", "ghp_0123456789abcdefghij0123"),
        *("github_pat_0123456789abcdefghij01", "xoxb-1234567890-abcdef", "AKIAIOSFODNN7EXAMPLE"),
        *("pat-na1-01234567-89ab-cdef", "SG.0123456789abcdefgh.0123456789abcdefgh", "trn_0123456789abcdef0123"),
        *("postgresql://ann:wonder@db.example/x", "smtp://u:p%40ss@mail.example:587", "redis://:hunter22@cache:6379"),
        *("https://api.example/v1?access_token=abcd1234", "Server=db;User=ann;Password=wonder99;", "pwd=wonder99"),
        *("https://hooks.slack.com/services/T0123456/B0123456/abcdefghijklmnop", "https://x.example/a?sig=Ab12%2Fcd34"),
        *("https://b.s3.example/k?X-Amz-Signature=0123abcd0123", "https://api.example/v1?page=2&key=0123456789ab"),
        "https://discord.com/api/webhooks/1234567890/abcdefghijklmnop",
    ],
)
def test_forms_of_secrets(text: str) -> None:
    assert looks_secret(text)
    assert hidden({"note": text}) == {"note": HIDDEN}


@pytest.mark.parametrize(
    "text",
    [
        *("a basic understanding of tokens", "Basic understanding", "token count", "https://api.example/v1?page=2"),
        *("https://ann@example.org/x", "ann@example.org", "12:30@noon", "Bearer {{ variables.token }}", "key=value"),
        *("https://api.example/?key={{ key }}", "https://x.example/?code=SE&design=1", "sort key=last_name"),
        *("Password", "https://api.example/?access_token={{ token }}", "a:b@c", "task-force-of-the-north-and-south"),
    ],
)
def test_forms_of_other_things(text: str) -> None:
    assert not looks_secret(text)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://a.example/hook?page=2", "https://a.example/hook?page=2"),
        ("https://a.example/hook?token=abcd1234&page=2#x", "https://a.example/hook?token=***&page=2#x"),
        ("https://a.example:8443/h?sig=abcd12345678", "https://a.example:8443/h?sig=***"),
        ("https://hooks.slack.com/services/T0123456/B0123456/abcdefgh", "https://hooks.slack.com/***"),
        ("https://ann:wonder@a.example/x", "https://a.example/***"),
    ],
)
def test_addresses_are_shown_without_their_secrets(url: str, shown: str) -> None:
    assert hidden_address(url) == shown
    assert hidden_address(shown) == shown


def test_what_is_hidden_keeps_its_shape() -> None:
    value = {
        "base_url": "https://p.example",
        "auth": {"header": "X-Key", "token": "t-1"},
        "headers": {"Authorization": "abc", "X-Api-Key": "k", "Accept": "text/csv"},
        "list": [{"name": "Authorization", "value": "abc"}, {"name": "Accept", "value": "text/csv"}],
        "cookies": {"sid": "s", "theme": "t"},
        "tokens": ["a", "b"],
        "credentials": {"user": "ann", "port": 25, "secure": True},
        "max_tokens": 4096,
        "token_count": 17,
        "secretary": "Ann",
        "password": 12345,
        "token": None,
        "secret": "",
        "variables": {"token": "{{ lead.token }}"},
    }
    assert hidden(value) == {
        "base_url": "https://p.example",
        "auth": {"header": "X-Key", "token": HIDDEN},
        "headers": {"Authorization": HIDDEN, "X-Api-Key": HIDDEN, "Accept": "text/csv"},
        "list": [{"name": "Authorization", "value": HIDDEN}, {"name": "Accept", "value": "text/csv"}],
        "cookies": {"sid": HIDDEN, "theme": HIDDEN},
        "tokens": [HIDDEN, HIDDEN],
        "credentials": {"user": HIDDEN, "port": HIDDEN, "secure": True},
        "max_tokens": 4096,
        "token_count": 17,
        "secretary": "Ann",
        "password": HIDDEN,
        "token": None,
        "secret": "",
        "variables": {"token": "{{ lead.token }}"},
    }


@pytest.mark.parametrize(
    "worst", ["a", "://a:", "a=", "bearer ", "eyJ", "{{", "-----BEGIN ", "sk-", "A", "aB", "x@", "://", "a_", "= "]
)
def test_looking_takes_no_longer_than_the_text_is_long(worst: str) -> None:
    """100 kB of what each expression begins with."""
    text = worst * (100_000 // len(worst))
    began = time.process_time()
    looks_secret(text)
    is_secret_name(text)
    hidden({"token": text, "note": text})
    assert time.process_time() - began < 0.5
