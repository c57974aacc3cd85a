"""Files packed into messages: albums of at most ten, none heavier than one upload may be."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePath

ALBUM_MAX = 10


@dataclass(frozen=True)
class Upload:
    """A file to send: its name in the chat and its bytes."""

    name: str
    data: bytes


def packed(
    uploads: Sequence[Upload], max_bytes: int, *, most: int = ALBUM_MAX
) -> list[list[Upload]]:
    """The uploads in their order, in albums of at most `most` files and `max_bytes` together.

    A file that is heavier by itself travels alone. Sizes are balanced, so that no single file is
    left over beside a full album.
    """
    parcels: list[list[Upload]] = []
    for upload in uploads:
        last = parcels[-1] if parcels else []
        weight = sum(len(one.data) for one in last) + len(upload.data)
        if last and len(last) < most and weight <= max_bytes:
            last.append(upload)
        else:
            parcels.append([upload])
    _balance(parcels, lambda parcel: sum(len(one.data) for one in parcel) <= max_bytes)
    return parcels


def distinct(names: Sequence[str]) -> list[str]:
    """The file names, a number added where one was there before: photos all come as photo.jpg."""
    taken: set[str] = set()
    result = []
    for name in names:
        path, number, chosen = PurePath(name), 1, name
        while chosen in taken:
            number += 1
            chosen = f"{path.stem}-{number}{path.suffix}"
        taken.add(chosen)
        result.append(chosen)
    return result


def _balance(parcels: list[list[Upload]], fits: Callable[[list[Upload]], bool]) -> None:
    """Give a last parcel of one file a companion from the parcel before it."""
    if len(parcels) < 2 or len(parcels[-1]) > 1 or len(parcels[-2]) < 3:
        return
    joined = [parcels[-2][-1], *parcels[-1]]
    if fits(joined):
        parcels[-2].pop()
        parcels[-1] = joined
