"""Restored faces back into the photo, without box, colour or hair line."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from worker.imaging.photo import Pixels
from worker.stages.faces.alignment import Matrix, corners, cut, inverse, warp
from worker.stages.faces.change import Levels, change
from worker.stages.faces.restoration import RestoredFace

__all__ = ["paste"]

_STRIP = 512
_ROUNDS = 3


def paste(pixels: Pixels, faces: Sequence[RestoredFace], source_size: tuple[int, int]) -> Pixels:
    """`pixels` with the faces set in through a soft oval, each as strongly as it says.

    The faces' matrices belong to a photo of `source_size` (width, height), of which `pixels` is
    an enlargement. Only the difference between the restored crop and the same crop of `pixels` is
    added: detail finer than the crop can hold stays, and a restorer that changes nothing changes
    nothing here. Changes `pixels` in place.
    """
    height, width = pixels.shape[:2]
    grow = np.array([width / source_size[0], height / source_size[1]])
    ways = [_enlarged(face.to_crop, grow) for face in faces]
    shares = [_share(index, faces, ways) for index in range(len(faces))]
    changes = [
        _regained(change(face.crop, cut(pixels, way, face.crop.shape[0])), way) * share[..., None]
        for face, way, share in zip(faces, ways, shares, strict=True)
    ]
    for face, added, way in zip(faces, changes, ways, strict=True):
        _add(pixels, added, face.strength / 100, inverse(way))
    return pixels


def _enlarged(to_crop: Matrix, grow: NDArray[np.float64]) -> Matrix:
    """The way to the crop from a photo `grow` (x, y) times as large."""
    way = to_crop.copy()
    way[:, :2] /= grow
    way[:, 2] += to_crop[:, :2] @ (0.5 / grow - 0.5)  # Pixel centres: (x + ½) / s − ½.
    return way


def _regained(added: Levels, way: Matrix) -> Levels:
    """`added` with what a photo coarser than the crop would lose of it on the way there and back.

    By P. H. van Cittert's iteration (1931). Of white grain of one pixel that the restorer took
    away, 0.6 would stay in a photo that is not enlarged; with three rounds 0.4–0.5 stays.
    """
    if np.hypot(*way[:, 0]) <= 1:
        return added
    side = added.shape[0]
    reach = corners(inverse(way), side)
    left, top = np.floor(reach.min(0)).astype(int)
    width, height = np.ceil(reach.max(0)).astype(int) + 1 - (left, top)
    there = inverse(way) - np.array([[0, 0, left], [0, 0, top]])
    wanted = added
    for _ in range(_ROUNDS):
        seen = warp(warp(added, there, width, height), inverse(there), side, side)
        added = added + (wanted - seen)
    return added


def _share(index: int, faces: Sequence[RestoredFace], ways: Sequence[Matrix]) -> Levels:
    """The oval of one face in its crop, where ovals meet divided between them."""
    side = faces[index].crop.shape[0]
    own = _oval(side)
    total = own.copy()
    back = np.vstack([inverse(ways[index]), (0, 0, 1)])
    for other, (face, way) in enumerate(zip(faces, ways, strict=True)):
        if other != index:
            here = inverse(way @ back)
            total += np.maximum(warp(_oval(face.crop.shape[0]), here, side, side), 0)
    share: Levels = (own / np.maximum(total, 1)).astype(np.float32)
    return share


def _add(pixels: Pixels, added: Levels, strength: float, to_photo: Matrix) -> None:
    height, width = pixels.shape[:2]
    reach = corners(to_photo, added.shape[0])
    left, top = np.clip(np.floor(reach.min(0)).astype(int), 0, (width, height))
    right, bottom = np.clip(np.ceil(reach.max(0)).astype(int) + 1, 0, (width, height))
    for start in range(int(top), int(bottom), _STRIP):
        region: Any = pixels[start : min(start + _STRIP, bottom), left:right]
        if region.size:
            moved = to_photo - np.array([[0, 0, left], [0, 0, start]])
            coming = warp(added, moved, region.shape[1], region.shape[0])
            region[...] = np.clip(np.rint(region + coming * strength), 0, 65535)


def _oval(side: int) -> Levels:
    """The share of the restored face: 1 over the features, 0 well before the crop's edge."""
    line = (np.arange(side, dtype=np.float32) + 0.5) / side * 2 - 1
    across, down = np.meshgrid(line, line - 0.04)
    reach = ((np.abs(across) / 0.86) ** 3 + (np.abs(down) / 0.92) ** 3) ** (1 / 3)
    fade = np.clip((1 - reach) / 0.35, 0, 1)
    smooth: Levels = (fade * fade * (3 - 2 * fade)).astype(np.float32)
    return smooth
