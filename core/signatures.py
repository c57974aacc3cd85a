"""What a file is, told from its first bytes and never from its name."""

from typing import Final

# Leading bytes → what a person would call such a file (registered signatures of each format).
_OTHERS: Final = (
    (b"%PDF", "a PDF document"),
    (b"\x1a\x45\xdf\xa3", "a video"),
    (b"FLV\x01", "a video"),
    (b"\x00\x00\x01\xba", "a video"),
    (b"\x00\x00\x01\xb3", "a video"),
    (b"OggS", "a sound or video file"),
    (b"ID3", "a sound file"),
    (b"fLaC", "a sound file"),
    (b"PK\x03\x04", "a ZIP archive or an office document"),
    (b"Rar!", "an archive"),
    (b"7z\xbc\xaf\x27\x1c", "an archive"),
    (b"\x1f\x8b", "a compressed file or an animated sticker"),
    (b"8BPS", "a Photoshop document"),
    (b"gimp xcf", "a GIMP document"),
    (b"\xff\x0a", "a JPEG XL image"),
    (b"\x00\x00\x00\x0cJXL ", "a JPEG XL image"),
    (b"\x00\x00\x00\x0cjP  ", "a JPEG 2000 image"),
    (b"\xff\x4f\xff\x51", "a JPEG 2000 image"),
    (b"\x00\x00\x01\x00", "an icon"),
    (b"FUJIFILMCCD-RAW", "a camera raw file"),
    (b"IIU\x00", "a camera raw file"),
    (b"IIRO", "a camera raw file"),
    (b"\xd0\xcf\x11\xe0", "an office document"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
)
_AVIF_BRANDS: Final = {b"avif", b"avis"}
_HEIF_BRANDS: Final = {
    b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"mif2",
    b"msf1",
}  # fmt: skip


def photo_kind(data: bytes) -> str | None:
    """The key in `core.images.KINDS` of a photo, or None for everything else."""
    if data.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    if data[:6] in (b"GIF87a", b"GIF89a"):
        return "gif"
    if data[:2] == b"BM" and data[14:18] in (b"\x0c\0\0\0", *_BMP_HEADERS):
        return "bmp"
    if data[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return None if data[8:10] == b"CR" else "tiff"
    brands = _brands(data)
    if brands & _AVIF_BRANDS:
        return "avif"
    return "heif" if brands & _HEIF_BRANDS else None


def other_kind(data: bytes) -> str | None:
    """What a file that is no photo is, in words with their article; None if unrecognisable."""
    for signature, words in _OTHERS:
        if data.startswith(signature):
            return words
    if data[:4] == b"RIFF":
        return {b"AVI ": "a video", b"WAVE": "a sound file"}.get(data[8:12])
    if data[:4] in (b"II*\0", b"MM\0*") or _brands(data) & {b"crx "}:
        return "a camera raw file"
    if data[4:8] in (b"ftyp", b"moov", b"mdat", b"wide"):
        return "a sound file" if _brands(data) & {b"M4A ", b"M4B "} else "a video"
    return _text_kind(data[:1024])


_BMP_HEADERS: Final = tuple(size.to_bytes(4, "little") for size in (16, 40, 52, 56, 64, 108, 124))


def _brands(data: bytes) -> set[bytes]:
    if data[4:8] != b"ftyp":
        return set()
    end = min(int.from_bytes(data[:4], "big"), 256, len(data))
    return {data[8:12], *(data[at : at + 4] for at in range(16, end, 4))}


def _text_kind(head: bytes) -> str | None:
    try:
        words = head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 3:
            return None
        words = head[: error.start].decode("utf-8")
    if not words or not all(
        letter.isprintable() or letter.isspace() for letter in words.strip("\ufeff")
    ):
        return None
    start = words.lower()
    if "<svg" in start:
        return "an SVG drawing"
    return "a web page" if "<html" in start or "<!doctype html" in start else "text"
