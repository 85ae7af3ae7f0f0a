"""What a file is, by its first bytes: the formats that are read, and the names of those that are not."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import Final

HEAD: Final = 4096
"""So many bytes of a file's beginning tell what it is."""

_MAGIC: Final = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"BM", "BMP"),
    (b"8BPS\x00\x01", "PSD"),
    (b"8BPS\x00\x02", "a large Photoshop file (PSB)"),
    (b"\x00\x00\x01\x00", "ICO"),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", "JPEG2000"),
    (b"\xff\x4f\xff\x51", "JPEG2000"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
    (b"II+\x00", "TIFF"),
    (b"MM\x00+", "TIFF"),
    (b"IIRO", "ORF"),
    (b"IIRS", "ORF"),
    (b"MMOR", "ORF"),
    (b"IIU\x00", "RW2"),
    (b"FUJIFILMCCD-RAW", "RAF"),
    # Known, and not read.
    (b"\x00\x00\x00\x0cJXL \r\n\x87\n", "JPEG XL"),
    (b"\xff\x0a", "JPEG XL"),
    (b"II\xbc\x01", "JPEG XR"),
    (b"FOVb", "a camera raw of Sigma (X3F)"),
    (b"\x00MRM", "a camera raw of Minolta (MRW)"),
    (b"HEAPCCDR", "a camera raw of Canon (CRW)"),
    (b"%PDF-", "PDF"),
    (b"%!PS", "PostScript (EPS, AI)"),
    (b"\xc5\xd0\xd3\xc6", "PostScript (EPS, AI)"),
    (b"icns", "an icon of macOS (ICNS)"),
    (b"\x76\x2f\x31\x01", "OpenEXR"),
    (b"#?RADIANCE", "Radiance HDR"),
    (b"#?RGBE", "Radiance HDR"),
    (b"gimp xcf", "a drawing of GIMP (XCF)"),
    (b"DDS ", "a texture (DDS)"),
    (b"\xabKTX ", "a texture (KTX)"),
    (b"qoif", "QOI"),
    (b"FLIF", "FLIF"),
    (b"BPG\xfb", "BPG"),
    (b"AT&TFORM", "DjVu"),
    (b"SIMPLE  =", "FITS"),
    (b"\xd7\xcd\xc6\x9a", "Windows Metafile (WMF)"),
    (b"\x8aMNG", "MNG"),
    (b"\x8bJNG", "JNG"),
    (b"PK\x03\x04", "a ZIP archive, or a document packed as one"),
    (b"Rar!", "a RAR archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"\x1f\x8b", "a gzip file"),
    (b"\x1aE\xdf\xa3", "a video (Matroska, WebM)"),
)
_BRANDS: Final = {
    b"avif": "AVIF",
    b"avis": "AVIF",
    b"crx ": "CR3",
    **dict.fromkeys((b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"hevm", b"hevs"), "HEIC"),
    **dict.fromkeys((b"mif1", b"msf1", b"mif2"), "HEIC"),
    **dict.fromkeys((b"isom", b"iso2", b"mp41", b"mp42", b"qt  ", b"M4V ", b"avc1", b"3gp4", b"3gp5"), "a video (MP4)"),
}
_RIFF: Final = {b"WEBP": "WEBP", b"AVI ": "a video (AVI)", b"WAVE": "sound (WAV)"}
_SVG: Final = re.compile(rb"<(?:[A-Za-z_][\w.-]{0,40}:)?svg[\s>/]")
_PNM: Final = re.compile(rb"P[1-7]\s")
_SUFFIXES: Final = {
    "JPEG": ("jpg", "jpeg", "jpe", "jfif", "mpo"),
    "PNG": ("png", "apng"),
    "WEBP": ("webp",),
    "GIF": ("gif",),
    "TIFF": ("tif", "tiff", "btf"),
    "BMP": ("bmp", "dib"),
    "HEIC": ("heic", "heif", "hif"),
    "AVIF": ("avif",),
    "PSD": ("psd", "psb"),
    "SVG": ("svg",),
    "PDF": ("pdf",),
    "ICO": ("ico",),
    "TGA": ("tga", "icb", "vda", "vst"),
    "JPEG2000": ("jp2", "j2k", "jpx", "jpf", "j2c"),
    "JPEG XL": ("jxl",),
    "CR3": ("cr3",),
    "RAF": ("raf",),
    "RW2": ("rw2",),
    "ORF": ("orf",),
}
_BY_SUFFIX: Final = {suffix: name for name, suffixes in _SUFFIXES.items() for suffix in suffixes}
RAW_SUFFIXES: Final = frozenset(
    (
        "nef",
        "nrw",
        "dng",
        "cr2",
        "arw",
        "srf",
        "sr2",
        "pef",
        "srw",
        "3fr",
        "erf",
        "kdc",
        "dcr",
        "mos",
        "iiq",
        "rwl",
        "mef",
    )
)
"""Camera raws that are TIFFs inside."""
READ: Final = frozenset(
    (
        *("JPEG", "PNG", "WEBP", "GIF", "TIFF", "AVIF", "BMP", "ICO", "TGA", "JPEG2000", "PSD", "HEIC", "SVG"),
        *("ORF", "RW2", "RAF", "CR3"),
    )
)


def suffix_of(name: str | None) -> str:
    """The last suffix of a file name, in lower case and without its dot."""
    return PurePath(name or "").suffix.lower().removeprefix(".")


def claimed_by(name: str | None) -> str | None:
    """The format that a file name promises, or None if it promises none that is known."""
    return _BY_SUFFIX.get(suffix_of(name))


def format_of(head: bytes, tail: bytes, name: str | None) -> str | None:
    """The format of a file that begins and ends so: one of READ, or words for a format that is not read, or None.

    The content decides. Only TGA has no mark at its beginning; there the end, or the name, does.
    """
    for magic, found in _MAGIC:
        if head.startswith(magic):
            return found
    if head[:4] == b"\x00\x00\x02\x00" and head[4:6] != b"\x00\x00":
        return "a Windows cursor (CUR)"
    if head[4:8] == b"ftyp":
        return _of_brands(head)
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12], "a RIFF file")
    if head[128:132] == b"DICM":
        return "DICOM"
    if head[40:44] == b" EMF":
        return "Windows Metafile (EMF)"
    if head[:256].lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith((b"<!doctype html", b"<html")):
        return "a web page (HTML)"
    if _PNM.match(head):
        return "Netpbm (PBM, PGM, PPM)"
    if b"\0" not in head[:64].replace(b"\xff\xfe", b"", 1).replace(b"<\0", b"", 1) and _SVG.search(head):
        return "SVG"
    if tail.endswith(b"TRUEVISION-XFILE.\0") or (claimed_by(name) == "TGA" and _is_targa(head)):
        return "TGA"
    return None


def _of_brands(head: bytes) -> str:
    """An ISO file by its brands: the first of them, then, where that says little, those it is compatible with."""
    length = min(int.from_bytes(head[:4], "big"), 256, len(head))
    brands = [head[8:12], *(head[at : at + 4] for at in range(16, length - 3, 4))]
    if brands[0] in (b"mif1", b"msf1", b"mif2", b"miaf") and {b"avif", b"avis"} & {*brands}:
        return "AVIF"
    return next((_BRANDS[brand] for brand in brands if brand in _BRANDS), "an ISO media file of an unknown brand")


def _is_targa(head: bytes) -> bool:
    """A header that can be one: a known kind of picture, and depths that exist."""
    return len(head) > 18 and head[1] < 2 and head[2] in (1, 2, 3, 9, 10, 11) and head[16] in (8, 15, 16, 24, 32)
