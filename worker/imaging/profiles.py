"""Colour profiles (ICC.1:2022): the small ones that are written, and reading those of sources."""

import struct
from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

Curve = NDArray[np.float32]

# Profile connection space: XYZ under D50.
_D50: Final = (0.9642, 1.0, 0.8249)
# The primaries of sRGB (IEC 61966-2-1) and Adobe RGB (1998), adapted to D50 by Bradford, as
# columns red, green, blue of XYZ: the figures that the makers' own profiles carry.
SRGB_TO_XYZ: Final = np.array(
    [[0.43607, 0.38515, 0.14307], [0.22249, 0.71687, 0.06061], [0.01392, 0.09708, 0.71410]]
)
_ADOBE_TO_XYZ: Final = np.array(
    [[0.60974, 0.20528, 0.14919], [0.31111, 0.62567, 0.06322], [0.01947, 0.06087, 0.74457]]
)
_SRGB_CURVE: Final = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
# D65 to D50 by Bradford: the `chad` tag that version 4 asks of display profiles.
_ADAPTATION: Final = (
    1.04788, 0.02292, -0.05022, 0.02959, 0.99048, -0.01707, -0.00925, 0.01508, 0.75168,
)  # fmt: skip


def srgb() -> bytes:
    """An sRGB profile, version 4, of some 500 bytes, the same at every call."""
    return _display("sRGB", SRGB_TO_XYZ, _parametric(3, _SRGB_CURVE))


def adobe_rgb() -> bytes:
    """The colour space of photos whose EXIF says Adobe RGB and which carry no profile."""
    return _display("Adobe RGB", _ADOBE_TO_XYZ, _parametric(0, (563 / 256,)))


def grey() -> bytes:
    """The profile of a single channel with the tone curve of sRGB."""
    tags = {b"kTRC": _parametric(3, _SRGB_CURVE)}
    return _profile(b"GRAY", "sRGB grey", tags)


def matrix_profile(profile: bytes) -> tuple[NDArray[np.float64], tuple[Curve, Curve, Curve]] | None:
    """The matrix to XYZ (D50) and the three tone curves of an RGB profile; None for other kinds.

    A curve has 65536 entries: encoded 16-bit value → linear 0–1.
    """
    tags = _tags(profile)
    if profile[16:20] != b"RGB " or b"A2B0" in tags or b"A2B1" in tags:
        return None
    columns = [_xyz(tags.get(name)) for name in (b"rXYZ", b"gXYZ", b"bXYZ")]
    red, green, blue = (_curve(tags.get(name)) for name in (b"rTRC", b"gTRC", b"bTRC"))
    if any(column is None for column in columns) or red is None or green is None or blue is None:
        return None
    matrix = np.array(columns, np.float64).T
    # Columns that do not add up to white are no adapted primaries: the profile is broken.
    if np.abs(matrix.sum(axis=1) - _D50).max() > 0.05:
        return None
    return matrix, (red, green, blue)


def grey_curve(profile: bytes) -> Curve | None:
    """The tone curve of a profile as grey sees it, 65536 entries → linear 0–1."""
    tags = _tags(profile)
    return _curve(tags.get(b"kTRC") or tags.get(b"gTRC"))


def _display(name: str, to_xyz: NDArray[np.float64], curve: bytes) -> bytes:
    tags = {b"chad": b"sf32\0\0\0\0" + b"".join(_fixed(value) for value in _ADAPTATION)}
    for letter, column in zip((b"r", b"g", b"b"), to_xyz.T, strict=True):
        tags[letter + b"XYZ"] = _xyz_tag(column.tolist())
        tags[letter + b"TRC"] = curve
    return _profile(b"RGB ", name, tags)


def _profile(space: bytes, name: str, tags: Mapping[bytes, bytes]) -> bytes:
    every = {
        b"desc": _words(name),
        b"cprt": _words("Public domain"),
        b"wtpt": _xyz_tag(_D50),
        **tags,
    }
    table = struct.pack(">I", len(every))
    body = b""
    placed: dict[bytes, int] = {}
    start = 128 + 4 + 12 * len(every)
    for tag, data in every.items():
        if data not in placed:
            placed[data] = start + len(body)
            body += data + b"\0" * (-len(data) % 4)
        table += tag + struct.pack(">II", placed[data], len(data))
    header = struct.pack(
        ">I4sI4s4s4s12s4s4sIII8sI",
        128 + len(table) + len(body), b"\0\0\0\0", 0x04300000, b"mntr", space, b"XYZ ",
        struct.pack(">6H", 2026, 1, 1, 0, 0, 0), b"acsp", b"\0\0\0\0", 0, 0, 0, b"\0" * 8, 0,
    )  # fmt: skip
    header += b"".join(_fixed(value) for value in _D50)
    return header.ljust(128, b"\0") + table + body


def _fixed(value: float) -> bytes:
    return struct.pack(">i", round(value * 65536))


def _xyz_tag(values: tuple[float, float, float] | list[float]) -> bytes:
    return b"XYZ \0\0\0\0" + b"".join(_fixed(value) for value in values)


def _words(value: str) -> bytes:
    data = value.encode("utf-16-be")
    return b"mluc\0\0\0\0" + struct.pack(">II2s2sII", 1, 12, b"en", b"US", len(data), 28) + data


def _parametric(function: int, values: tuple[float, ...]) -> bytes:
    return b"para\0\0\0\0" + struct.pack(">HH", function, 0) + b"".join(map(_fixed, values))


def _tags(profile: bytes) -> dict[bytes, bytes]:
    if len(profile) < 132 or profile[36:40] != b"acsp":
        return {}
    count = min(struct.unpack_from(">I", profile, 128)[0], 100, (len(profile) - 132) // 12)
    found = {}
    for index in range(count):
        tag, start, size = struct.unpack_from(">4sII", profile, 132 + 12 * index)
        if start + size <= len(profile):
            found[tag] = profile[start : start + size]
    return found


def _xyz(tag: bytes | None) -> tuple[float, ...] | None:
    if tag is None or tag[:4] != b"XYZ " or len(tag) < 20:
        return None
    return tuple(value / 65536 for value in struct.unpack_from(">3i", tag, 8))


def _curve(tag: bytes | None) -> Curve | None:
    if tag is None or len(tag) < 12:
        return None
    values = np.linspace(0, 1, 65536)
    if tag[:4] == b"para":
        linear = _parametric_curve(tag, values)
    elif tag[:4] == b"curv":
        linear = _sampled_curve(tag, values)
    else:
        return None
    if linear is None or not np.isfinite(linear).all() or linear[-1] - linear[0] < 0.5:
        return None
    return np.clip(linear, 0, 1).astype(np.float32)


def _sampled_curve(tag: bytes, values: NDArray[np.float64]) -> NDArray[np.float64] | None:
    count = struct.unpack_from(">I", tag, 8)[0]
    if len(tag) < 12 + 2 * count:
        return None
    if count == 0:
        return values
    table = np.frombuffer(tag, ">u2", count, 12).astype(np.float64)
    if count == 1:
        return np.asarray(values ** (table[0] / 256))
    return np.interp(values, np.linspace(0, 1, count), table / 65535)


def _parametric_curve(tag: bytes, values: NDArray[np.float64]) -> NDArray[np.float64] | None:
    # ICC.1:2022, 10.18: (ax + b)^g + e above the break, cx + f below it.
    function = struct.unpack_from(">H", tag, 8)[0]
    needed = {0: 1, 1: 3, 2: 4, 3: 5, 4: 7}.get(function)
    if needed is None or len(tag) < 12 + 4 * needed:
        return None
    given = [value / 65536 for value in struct.unpack_from(f">{needed}i", tag, 12)]
    power, factor, offset, slope, limit, above, below = (given + [0.0] * 7)[:7]
    if function == 0:
        factor, offset, limit = 1.0, 0.0, 0.0
    elif function in (1, 2):
        above = below = slope
        slope = 0.0
        if function == 1:
            above = below = 0.0
        limit = -offset / factor if factor else 0.0
    upper = np.maximum(factor * values + offset, 0) ** power + above
    return np.asarray(np.where(values >= limit, upper, slope * values + below))
