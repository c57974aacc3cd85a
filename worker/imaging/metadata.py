"""Which of a photo's EXIF data the result keeps."""

from typing import Final

from core.exif import ORIENTATION, Directory, Exif, block, long, short, text

SOFTWARE: Final = "Darkroom"

# Kept by list, so that places, serial numbers, owners' names, maker notes, thumbnails and whatever
# a maker invents next stay behind. Tags of EXIF 2.32, tables 4, 7 and 8.
_MAIN: Final = frozenset(
    {
        0x010E,  # ImageDescription
        0x010F,  # Make
        0x0110,  # Model
        0x011A,  # XResolution
        0x011B,  # YResolution
        0x0128,  # ResolutionUnit
        0x0132,  # DateTime
        0x013B,  # Artist
        0x8298,  # Copyright
    }
)
_SUB: Final = frozenset(
    {
        0x829A,  # ExposureTime
        0x829D,  # FNumber
        0x8822,  # ExposureProgram
        *range(0x8827, 0x8834),  # ISO and the kinds of sensitivity
        0x9000,  # ExifVersion
        0x9003,  # DateTimeOriginal
        0x9004,  # DateTimeDigitized
        *range(0x9010, 0x9013),  # OffsetTime…
        *range(0x9201, 0x920B),  # ShutterSpeedValue … FocalLength
        *range(0x9290, 0x9293),  # SubSecTime…
        0xA217,  # SensingMethod
        *range(0xA401, 0xA40B),  # CustomRendered … Sharpness
        0xA40C,  # SubjectDistanceRange
        0xA432,  # LensSpecification
        0xA433,  # LensMake
        0xA434,  # LensModel
        *range(0xA460, 0xA463),  # CompositeImage…
    }
)
_LONGEST: Final = 4096  # bytes of one field
_ROOM: Final = 28_000  # bytes of one directory: both must fit into a JPEG's segment of 64 kB


def kept(exif: bytes | None, width: int, height: int) -> bytes:
    """The EXIF block of a result of that size in pixels, or nothing where the source has none.

    Date, copyright, camera, lens and exposure stay; place, serial numbers, names of owners, maker
    notes and thumbnails go. The picture is upright and in sRGB, and the block says so.
    """
    source = Exif(exif or b"")
    if not source.main:
        return b""
    order = source.order
    main = _chosen(source.main, _MAIN)
    main[ORIENTATION] = short(1, order)
    main[0x0131] = text(SOFTWARE)
    sub = _chosen(source.sub, _SUB)
    sub[0xA001] = short(1, order)  # ColorSpace: sRGB
    sub[0xA002] = long(width, order)
    sub[0xA003] = long(height, order)
    return block(order, main, sub)


def _chosen(fields: Directory, tags: frozenset[int]) -> Directory:
    room = _ROOM
    chosen: Directory = {}
    for tag, field in fields.items():
        if tag in tags and len(field.data) <= min(_LONGEST, room):
            room -= len(field.data)
            chosen[tag] = field
    return chosen
