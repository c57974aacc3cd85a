"""Small photo files, made on the spot."""

import io

from PIL import Image


def photo_file(
    width: int = 32, height: int = 24, *, kind: str = "PNG", colour: tuple[int, ...] = (90, 120, 60)
) -> bytes:
    """An encoded photo with a soft gradient, so that no two columns are equal."""
    image = Image.new("RGB", (width, height), colour)
    for x in range(width):
        image.paste((x * 255 // width, colour[1], colour[2]), (x, 0, x + 1, height // 2))
    data = io.BytesIO()
    image.save(data, kind)
    return data.getvalue()
