"""The pipeline `web-images`: any image for pages, in the formats and widths that they want, with a thumbnail."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

from pydantic import Field, field_validator

from app.assets.packing import unpack
from app.assets.picture_names import PICTURES
from app.files.names import display_name, split_suffix
from app.pipelines.contract import Params, Pipeline, StepContext, Stop

TYPES: Final = {"webp": "image/webp", "avif": "image/avif", "jpeg": "image/jpeg"}
SUFFIXES: Final = {"webp": "webp", "avif": "avif", "jpeg": "jpg"}
QUALITIES: Final = {"webp": 80, "avif": 60, "jpeg": 82}
"""They look alike at these; each format counts on a scale of its own."""
MOST_WIDTHS, NARROWEST, WIDEST = 10, 16, 8192
SMALL_PIXELS: Final = 1_500_000
"""So many take a child 0.1 s: its start would matter beside that, and others may wait behind it."""


class WebImageParams(Params):
    """How large, how good, how much work."""

    max_size: int = Field(
        1600, ge=16, le=8192, title="Longest side", description="In pixels; smaller stay as they are."
    )
    thumbnail: int = Field(256, ge=16, le=1024, title="Thumbnail", description="Its longest side in pixels.")
    formats: str = Field(
        "webp", max_length=60, title="Formats", description="One or more of webp, avif, jpeg, separated by commas."
    )
    sizes: str = Field(
        "",
        max_length=120,
        title="Widths",
        description="Further widths in pixels for srcset, such as 320,640,1280; never wider than the image.",
    )
    quality: int | None = Field(
        None,
        ge=1,
        le=100,
        title="Quality",
        description="For all formats; empty: 80 for WebP, 60 for AVIF, 82 for JPEG.",
    )
    effort: int = Field(4, ge=0, le=6, title="Effort", description="0 is quick, 6 makes the smallest files.")

    @field_validator("formats", "sizes", mode="before")
    @classmethod
    def _joined(cls, value: object) -> object:
        """A list, as programs send it, counts as its members separated by commas."""
        return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value) if value else value

    @field_validator("formats")
    @classmethod
    def _check_formats(cls, value: str) -> str:
        names = [{"jpg": "jpeg"}.get(name, name) for name in _parts(value.lower())]
        if not names or any(name not in TYPES for name in names):
            raise ValueError(f"one or more of {', '.join(TYPES)} are wanted")
        return ",".join(dict.fromkeys(names))

    @field_validator("sizes")
    @classmethod
    def _check_sizes(cls, value: str) -> str:
        parts = _parts(value)
        fits = all(part.isascii() and part.isdecimal() and len(part) < 6 for part in parts)
        if not fits or any(not NARROWEST <= int(part) <= WIDEST for part in parts) or len(parts) > MOST_WIDTHS:
            raise ValueError(f"up to {MOST_WIDTHS} widths from {NARROWEST} to {WIDEST} pixels are wanted")
        return ",".join(map(str, sorted({int(part) for part in parts})))

    def qualities(self) -> list[tuple[str, int]]:
        """The formats that are wanted, in order, with the quality of each."""
        return [(name, self.quality or QUALITIES[name]) for name in self.formats.split(",")]

    def widths(self) -> list[int]:
        return [int(width) for width in _parts(self.sizes)]

    def is_quick(self, pixels: int) -> bool:
        """Whether an image of so many pixels is converted in a moment; AVIF takes ten times as long as the others."""
        formats = self.formats.split(",")
        return "avif" not in formats and pixels * len(formats) * (1 + len(self.widths())) <= SMALL_PIXELS


def _parts(text: str) -> list[str]:
    return [part for part in (piece.strip() for piece in text.split(",")) if part]


pipeline = Pipeline(
    "web-images",
    title="Images for the web",
    description="Upright, in sRGB, without metadata: WebP, AVIF or JPEG of at most 1600 pixels a side, in the widths "
    "that a page wants, and a thumbnail of 256.",
    params=WebImageParams,
    accepts=("file", "url"),
    max_parallel=64,
    label="Render",
    naming=PICTURES,
)


@pipeline.step(timeout=300, when=lambda ctx: ctx.job.source_type == "url")
async def fetching(ctx: StepContext) -> None:
    """Fetch a URL; an uploaded file is here already."""
    await ctx.download()


@pipeline.step(max_retries=1, timeout=30)
async def validating(ctx: StepContext) -> dict[str, Any]:
    """See what it is, before anything is decoded."""
    async with ctx.input.local_path() as path:
        return await ctx.in_child("app.assets.pictures.writing:describe", str(path), ctx.job.filename, with_others=True)


@pipeline.step(max_retries=1, timeout=300)
async def converting(ctx: StepContext) -> Stop | dict[str, Any]:
    """Decode it once, and write all sizes."""
    params: WebImageParams = ctx.params
    options = (params.max_size, params.thumbnail, params.widths(), params.qualities(), params.effort)
    original = ctx.outputs["validating"]
    async with ctx.input.local_path() as path:
        answer: bytes = await ctx.in_child(
            "app.assets.pictures.writing:make_web_images",
            str(path),
            ctx.job.filename,
            *options,
            with_others=params.is_quick(original["width"] * original["height"]),
        )
    head, *contents = unpack(answer)
    made = json.loads(head)
    stem, _ = split_suffix(display_name(ctx.job.filename or "image"))
    files = [
        {**each, "name": f"{stem}{_ending(each)}", "type": TYPES[each["format"]], "size": len(content)}
        for each, content in zip(made["files"], contents, strict=True)
    ]
    kept = {each["name"]: content for each, content in zip(files, contents, strict=True)}
    large, small = files[0], files[-1]
    if len(files) > 2:
        kept[f"{stem}_srcset.json"] = json.dumps(srcset_of(files)).encode()
    await ctx.save_files(kept, {each["name"]: each["type"] for each in files})
    ctx.conclude(f"{original['width']} x {original['height']} {original['format']} to {large['size']:,} bytes")
    return {
        "width": large["width"],
        "height": large["height"],
        "thumbnail": [small["width"], small["height"]],
        "size": large["size"],
        "thumbnail_size": small["size"],
        "original": original,
        "files": files,
        "notes": made["notes"],
    }


def _ending(file: Mapping[str, Any]) -> str:
    """What the name of a file has behind that of its image; a width that is not the image's own is in it."""
    middle = {"thumbnail": "_thumbnail", "width": f"_{file['width']}w"}.get(file["role"], "")
    return f"{middle}.{SUFFIXES[file['format']]}"


def srcset_of(files: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """For `<picture>`: each image with its name, type and width, and the `srcset` of each type, narrowest first."""
    images = sorted((file for file in files if file["role"] != "thumbnail"), key=lambda file: file["width"])
    members = ("name", "type", "width", "height", "size")
    by_type: dict[str, list[str]] = {}
    for file in images:
        by_type.setdefault(file["type"], []).append(f"{quote(file['name'])} {file['width']}w")
    return {
        "images": [{member: file[member] for member in members} for file in images],
        "srcset": {kind: ", ".join(candidates) for kind, candidates in by_type.items()},
    }


@pipeline.on_batch_end
def summarise(jobs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """How many images, and how many bytes they take now."""
    results = [job["result"] for job in jobs if job["status"] == "completed" and job["result"]]
    return {
        "images": len(results),
        "refused": sum(job["status"] == "failed" for job in jobs),
        "bytes": sum(result["size"] for result in results),
        "thumbnail_bytes": sum(result["thumbnail_size"] for result in results),
    }
