"""Small real photos for the tests."""

import io

from PIL import Image, ImageDraw


def picture(width: int = 64, height: int = 48, *, seed: int = 0, kind: str = "PNG") -> bytes:
    """An encoded picture, another one for every seed."""
    image = Image.linear_gradient("L").resize((width, height)).convert("RGB")
    ImageDraw.Draw(image).ellipse((seed % width, 4, seed % width + 20, 24), fill=(200, 40, 40))
    output = io.BytesIO()
    image.save(output, kind)
    return output.getvalue()
