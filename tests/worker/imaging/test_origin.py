"""The past that a file itself tells of."""

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tests.worker.imaging.pictures import file, scene
from worker.imaging.decode import decode
from worker.imaging.isolation import Decoders
from worker.imaging.origin import luma_steps

DECLARED = "http://cv.iptc.org/newscodes/digitalsourcetype/"
GRAPH = '{"3": {"inputs": {"seed": 1}, "class_type": "KSampler"}}'
PARAMETERS = "a lighthouse\nSteps: 20, Sampler: Euler a, CFG scale: 7, Size: 512x512"


def xmp(source: str) -> bytes:
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF><rdf:Description '
        f'Iptc4xmpExt:DigitalSourceType="{source}"/></rdf:RDF></x:xmpmeta>'
    ).encode()


def with_text(key: str, text: str, *, packed: bool = False) -> bytes:
    info = PngInfo()
    info.add_text(key, text, zip=packed)
    return file(scene(), "PNG", pnginfo=info)


def with_comment(text: str, form: str) -> bytes:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9286] = b"UNICODE\0" + text.encode("utf-16-be")
    return file(scene(), form, exif=exif)


@pytest.mark.parametrize("quality", [1, 10, 49, 50, 75, 92, 99, 100])
def test_quality_of_the_tables(quality: int) -> None:
    assert decode(file(scene(), "JPEG", quality=quality)).jpeg_quality == quality
    grey = decode(file(scene()[..., 0], "JPEG", quality=quality, progressive=True))
    assert grey.jpeg_quality == quality


def test_foreign_tables_have_an_equivalent() -> None:
    steps = [max(1, round(step * 1.1)) for step in luma_steps(80)]
    found = decode(file(scene(), "JPEG", qtables=[steps, steps])).jpeg_quality
    assert found is not None
    assert 75 <= found < 80


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "AVIF", "TIFF", "BMP", "GIF"])
def test_other_kinds_have_no_tables(kind: str) -> None:
    assert decode(file(scene(), kind)).jpeg_quality is None


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (DECLARED + "trainedAlgorithmicMedia", True),
        ("digsrctype:trainedAlgorithmicMedia", True),
        (DECLARED + "compositeWithTrainedAlgorithmicMedia", False),
        (DECLARED + "digitalCapture", False),
    ],
)
def test_a_declared_source(kind: str, source: str, expected: bool) -> None:
    if kind == "PNG":
        info = PngInfo()
        info.add_itxt("XML:com.adobe.xmp", xmp(source).decode())
        data = file(scene(), kind, pnginfo=info)
    elif kind == "TIFF":
        data = file(scene(), kind, tiffinfo={700: xmp(source)})
    else:
        data = file(scene(), kind, xmp=xmp(source))
    assert decode(data).generated is expected


def test_content_credentials_in_a_jpeg() -> None:
    box = (
        b"JP\0\1\0\0\0\1jumbc2pa digitalSourceType"
        + (DECLARED + "trainedAlgorithmicMedia").encode()
    )
    segment = b"\xff\xeb" + (len(box) + 2).to_bytes(2, "big") + box
    data = file(scene(), "JPEG")
    assert decode(data[:2] + segment + data[2:]).generated
    assert not decode(data).generated


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (with_text("parameters", PARAMETERS), True),
        (with_text("parameters", PARAMETERS, packed=True), True),
        (with_text("prompt", GRAPH), True),
        (with_text("workflow", '{"nodes": []}'), True),
        (with_text("Software", "NovelAI"), True),
        (with_text("Software", "GIMP"), False),
        (with_text("parameters", "aperture 2.8"), False),
        (with_text("Comment", PARAMETERS), False),
        (with_comment(PARAMETERS, "JPEG"), True),
        (with_comment(PARAMETERS, "WEBP"), True),
        (with_comment("Steps: down to the beach", "JPEG"), False),
    ],
)
def test_texts_of_programs(data: bytes, expected: bool) -> None:
    assert decode(data).generated is expected


def test_it_comes_through_from_a_process_apart() -> None:
    decoders = Decoders(cells=1)
    try:
        photo = decoders.decode(
            file(scene(), "JPEG", quality=37, xmp=xmp(DECLARED + "trainedAlgorithmicMedia"))
        )
        plain = decoders.decode(file(scene(), "PNG"))
    finally:
        decoders.close()
    assert (photo.jpeg_quality, photo.generated) == (37, True)
    assert (plain.jpeg_quality, plain.generated) == (None, False)
