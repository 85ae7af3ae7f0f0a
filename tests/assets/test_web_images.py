"""The pipeline `web-images`: what comes in, what comes out, and what is refused."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from PIL import Image

from tests.assets import pictures
from tests.assets.pictures import drawing, encoded
from tests.batch_helpers import follow, get_batch
from tests.conftest import Api
from tests.files.bodies import FORM, form, part


async def convert(api: Api, files: dict[str, bytes], **fields: str) -> dict[str, dict[str, Any]]:
    """The jobs by file name, after the batch has ended."""
    pieces = [part(name, value) for name, value in {"pipeline": "web-images", **fields}.items()]
    pieces += [part("files", content, name) for name, content in files.items()]
    created = await api.post("/api/jobs/batch", content=form(*pieces), headers=FORM)
    assert created.status_code == 201, created.text
    await follow(api, created.json()["batch_id"])
    batch = await get_batch(api, created.json()["batch_id"])
    return {job["filename"]: job for job in batch["jobs"]}


async def result(api: Api, job: dict[str, Any], name: str) -> Image.Image:
    reply = await api.get(f"/api/jobs/{job['id']}/outputs/{name}")
    assert reply.headers["content-type"] == "image/webp"
    return Image.open(io.BytesIO(reply.content))


async def test_every_kind_becomes_a_webp_and_a_thumbnail(api: Api) -> None:
    large = drawing((3200, 1000))
    transparent = drawing(mode="RGBA")
    transparent.putalpha(128)
    jobs = await convert(
        api,
        {
            "large.jpg": encoded(large, "JPEG"),
            "grey.jpeg": encoded(drawing(mode="L"), "JPEG"),
            "print.jpg": encoded(drawing(mode="CMYK"), "JPEG"),
            "palette.png": encoded(drawing().quantize(8), "PNG"),
            "clear.png": encoded(transparent, "PNG"),
            "deep.png": pictures.sixteen_bits(),
            "profile.png": pictures.swapped_profile(),
            "moving.gif": pictures.animated(),
            "scan.tiff": encoded(drawing(), "TIFF", compression="tiff_lzw"),
            "page.tif": encoded(drawing(mode="CMYK"), "TIFF"),
            "again.webp": encoded(drawing(), "WEBP"),
            "sideways.jpg": pictures.sideways(),
            "no suffix": encoded(drawing(), "PNG"),
        },
    )
    assert {name: job["error_code"] for name, job in jobs.items() if job["status"] != "completed"} == {}
    for name, job in jobs.items():
        stem = name.rpartition(".")[0] or name
        image, small = await result(api, job, f"{stem}.webp"), await result(api, job, f"{stem}_thumbnail.webp")
        assert max(image.size) <= 1600
        assert max(small.size) == 256
        assert not image.info.get("exif")
        assert not image.info.get("icc_profile")
        assert (job["result"]["width"], job["result"]["height"]) == image.size
        shown = image.convert("RGB")
        if name not in ("sideways.jpg", "grey.jpeg", "deep.png"):
            above, below = shown.getpixel((image.width // 2, 10)), shown.getpixel((image.width // 2, image.height - 10))
            assert above[0] > 150 > above[2], (name, above)  # type: ignore[index, operator]
            assert below[2] > 120 > below[0], (name, below)  # type: ignore[index, operator]
    assert (await result(api, jobs["large.jpg"], "large.webp")).size == (1600, 500)
    upright = (await result(api, jobs["sideways.jpg"], "sideways.webp")).convert("RGB")
    assert upright.size == (400, 600)
    assert upright.getpixel((390, 300))[0] > 150  # type: ignore[index]
    deep = (await result(api, jobs["deep.png"], "deep.webp")).convert("L")
    assert abs(deep.getpixel((300, 10)) - 23) < 6  # type: ignore[operator]
    assert abs(deep.getpixel((300, 390)) - 233) < 6  # type: ignore[operator]
    assert (await result(api, jobs["clear.png"], "clear.webp")).mode == "RGBA"
    assert jobs["moving.gif"]["result"]["original"]["frames"] == 2


async def test_what_cannot_be_processed_fails_its_own_job(api: Api) -> None:
    png, jpeg = encoded(drawing(), "PNG"), encoded(drawing(), "JPEG")
    damaged = bytearray(png)
    damaged[damaged.index(b"IDAT") + 20] ^= 0xFF
    expected = {
        "fine.png": (png, None),
        "bomb.png": (pictures.bomb(), "DECOMPRESSION_LIMIT"),
        "cut.png": (png[: len(png) // 2], "IMAGE_TRUNCATED"),
        "almost.png": (png[:-6], "IMAGE_TRUNCATED"),
        "cut.jpg": (jpeg[: len(jpeg) // 2], "IMAGE_TRUNCATED"),
        "cut.webp": (encoded(drawing(), "WEBP")[:-40], "IMAGE_TRUNCATED"),
        "really a gif.png": (pictures.animated(), None),
        "really a png.jpg": (png, None),
        "text.png": (b"This is a text.\n" * 50, "NOT_AN_IMAGE"),
        "bitmap.bmp": (encoded(drawing(), "BMP"), None),
        "page.pdf": (b"%PDF-1.7\n", "IMAGE_FORMAT_NOT_SUPPORTED"),
        "empty.png": (b"", "FILE_EMPTY"),
        "damaged.png": (bytes(damaged), "IMAGE_DAMAGED"),
    }
    jobs = await convert(api, {name: content for name, (content, _) in expected.items()})
    assert {name: job["error_code"] for name, job in jobs.items()} == {
        name: code for name, (_, code) in expected.items()
    }
    assert jobs["fine.png"]["status"] == "completed"
    assert [note["code"] for note in jobs["really a png.jpg"]["result"]["notes"]] == ["NAME_SAYS_OTHERWISE"]
    assert all(job["retry_count"] == 0 for job in jobs.values())
    assert "900 " not in (jobs["bomb.png"]["error_message"] or "")
    assert "30,000 x 30,000" in jobs["bomb.png"]["error_message"]


async def test_parameters_decide_size_and_effort(api: Api) -> None:
    params = {"max_size": "320", "thumbnail": "64", "quality": "30", "effort": "0"}
    jobs = await convert(api, {"one.png": encoded(drawing(), "PNG")}, **params)
    image = await result(api, jobs["one.png"], "one.webp")
    assert image.size == (320, 213)
    assert max((await result(api, jobs["one.png"], "one_thumbnail.webp")).size) == 64
    refused = await api.post(
        "/api/jobs/batch",
        content=form(part("pipeline", "web-images"), part("effort", "7"), part("files", b"x", "x.png")),
        headers=FORM,
    )
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_params")


async def test_real_images(api: Api, real_data: Path) -> None:
    files = {path.name: path.read_bytes() for path in sorted((real_data / "images").glob("*/*.*"))}
    assert len(files) >= 8
    jobs = await convert(api, files)
    assert {name: job["error_code"] for name, job in jobs.items() if job["status"] != "completed"} == {}


async def test_formats_and_widths(api: Api) -> None:
    transparent = drawing((1000, 500), mode="RGBA")
    transparent.putalpha(0)
    params = {"formats": "webp, AVIF,jpg", "sizes": "640, 320,2000", "effort": "0"}
    files = {"my chair, red.png": encoded(transparent, "PNG"), "small.png": encoded(drawing((200, 100)), "PNG")}
    jobs = await convert(api, files, **params)
    job = jobs["my chair, red.png"]
    made = {file["name"]: file for file in job["result"]["files"]}
    stem = "my chair, red"
    assert list(made) == [
        *(f"{stem}.{kind}" for kind in ("webp", "avif", "jpg")),
        *(f"{stem}_{width}w.{kind}" for width in (320, 640) for kind in ("webp", "avif", "jpg")),
        f"{stem}_thumbnail.webp",
    ]
    for name, file in made.items():
        reply = await api.get(f"/api/jobs/{job['id']}/outputs/{name}")
        assert reply.headers["content-type"] == file["type"]
        image = Image.open(io.BytesIO(reply.content))
        assert image.size == (file["width"], file["height"])
        assert image.get_format_mimetype() == file["type"]
        assert not image.info.get("exif")
        if name.endswith("jpg"):  # nothing is seen of it, so white is
            assert all(value > 250 for value in image.convert("RGB").getpixel((9, 9)))  # type: ignore[union-attr]
    reply = await api.get(f"/api/jobs/{job['id']}/outputs/{stem}_srcset.json")
    described = reply.json()
    assert described["srcset"]["image/avif"] == (
        "my%20chair%2C%20red_320w.avif 320w, my%20chair%2C%20red_640w.avif 640w, my%20chair%2C%20red.avif 1000w"
    )
    assert [image["width"] for image in described["images"]] == [320] * 3 + [640] * 3 + [1000] * 3
    assert {file["width"] for file in jobs["small.png"]["result"]["files"]} == {200}


async def test_formats_and_widths_that_do_not_exist_are_refused(api: Api) -> None:
    for name, value in {"formats": "webp,bmp", "sizes": "320,abc", "quality": "0"}.items():
        refused = await api.post(
            "/api/jobs/batch",
            content=form(part("pipeline", "web-images"), part(name, value), part("files", b"x", "x.png")),
            headers=FORM,
        )
        assert (refused.status_code, refused.json()["code"]) == (422, "invalid_params"), value
