"""What the AI providers speak: how each is asked to read a PDF into a JSON schema, and where its answer is.

Three protocols cover the field: OpenAI's chat completions, which most other providers and local servers understand as
well, OpenAI's responses, and Anthropic's messages.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

ProviderName = Literal["openai", "openai-responses", "anthropic"]
SCHEMA_NAME: Final = "swims"


@dataclass(frozen=True, slots=True)
class Question:
    """One PDF (base64) and what is wanted of it, as JSON that fits `schema`."""

    instructions: str
    question: str
    filename: str
    document: str
    schema: Mapping[str, Any]
    max_output_tokens: int


@dataclass(frozen=True, slots=True)
class Answer:
    """`content` is the JSON that was asked for, as text or decoded already; or a `refusal`; or it was cut off."""

    content: str | Mapping[str, Any] | None
    refusal: bool = False
    cut_off: bool = False
    input_tokens: int | None = None
    output_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class ProviderProtocol:
    """`read` raises KeyError, TypeError, IndexError or AttributeError for a reply of another shape."""

    default_url: str
    path: str
    headers: Callable[[str], dict[str, str]]
    body: Callable[[str, Question], dict[str, Any]]
    read: Callable[[Any], Answer]


def _bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"} if key else {}


def _data_url(question: Question) -> str:
    return f"data:application/pdf;base64,{question.document}"


def _chat_body(model: str, question: Question) -> dict[str, Any]:
    file = {"type": "file", "file": {"filename": question.filename, "file_data": _data_url(question)}}
    return {
        "model": model,
        "messages": [
            {"role": "system", "content": question.instructions},
            {"role": "user", "content": [file, {"type": "text", "text": question.question}]},
        ],
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": SCHEMA_NAME, "strict": True, "schema": question.schema},
        },
        "max_completion_tokens": question.max_output_tokens,
    }


def _read_chat(reply: Any) -> Answer:
    choice, usage = reply["choices"][0], reply.get("usage") or {}
    message, reason = choice["message"], choice.get("finish_reason")
    return Answer(
        message.get("content"),
        refusal=bool(message.get("refusal")) or reason == "content_filter",
        cut_off=reason == "length",
        input_tokens=usage.get("prompt_tokens"),
        output_tokens=usage.get("completion_tokens"),
    )


def _responses_body(model: str, question: Question) -> dict[str, Any]:
    file = {"type": "input_file", "filename": question.filename, "file_data": _data_url(question)}
    return {
        "model": model,
        "instructions": question.instructions,
        "input": [{"role": "user", "content": [file, {"type": "input_text", "text": question.question}]}],
        "text": {"format": {"type": "json_schema", "name": SCHEMA_NAME, "strict": True, "schema": question.schema}},
        "max_output_tokens": question.max_output_tokens,
        "store": False,
    }


def _read_responses(reply: Any) -> Answer:
    parts = [part for item in reply["output"] if item["type"] == "message" for part in item["content"]]
    texts = [part["text"] for part in parts if part["type"] == "output_text"]
    usage, why = reply.get("usage") or {}, (reply.get("incomplete_details") or {}).get("reason")
    return Answer(
        "".join(texts) or None,
        refusal=any(part["type"] == "refusal" for part in parts) or why == "content_filter",
        cut_off=reply.get("status") == "incomplete",
        input_tokens=usage.get("input_tokens"),
        output_tokens=usage.get("output_tokens"),
    )


def _anthropic_headers(key: str) -> dict[str, str]:
    return {"anthropic-version": "2023-06-01"} | ({"x-api-key": key} if key else {})


def _messages_body(model: str, question: Question) -> dict[str, Any]:
    source = {"type": "base64", "media_type": "application/pdf", "data": question.document}
    document = {"type": "document", "source": source, "title": question.filename}
    tool = {"name": SCHEMA_NAME, "description": "Takes what was read off the sheet.", "input_schema": question.schema}
    return {
        "model": model,
        "max_tokens": question.max_output_tokens,
        "system": question.instructions,
        "messages": [{"role": "user", "content": [document, {"type": "text", "text": question.question}]}],
        "tools": [tool],
        "tool_choice": {"type": "tool", "name": SCHEMA_NAME},
    }


def _read_messages(reply: Any) -> Answer:
    inputs = [part["input"] for part in reply["content"] if part["type"] == "tool_use" and part["name"] == SCHEMA_NAME]
    usage = reply.get("usage") or {}
    return Answer(
        inputs[0] if inputs else None,
        refusal=reply.get("stop_reason") == "refusal",
        cut_off=reply.get("stop_reason") == "max_tokens",
        input_tokens=usage.get("input_tokens"),
        output_tokens=usage.get("output_tokens"),
    )


PROTOCOLS: Final[Mapping[ProviderName, ProviderProtocol]] = {
    "openai": ProviderProtocol("https://api.openai.com/v1", "chat/completions", _bearer, _chat_body, _read_chat),
    "openai-responses": ProviderProtocol(
        "https://api.openai.com/v1", "responses", _bearer, _responses_body, _read_responses
    ),
    "anthropic": ProviderProtocol(
        "https://api.anthropic.com/v1", "messages", _anthropic_headers, _messages_body, _read_messages
    ),
}
