"""Components: the rules of buttons and of whole messages built from them."""

from collections.abc import Iterable, Iterator
from urllib.parse import urlparse

from tests.doubles.discord.cdn import StoredFile
from tests.doubles.discord.rules import Json, Limits, Refused, bad_length, invalid, required

ROW, BUTTON, SELECT, TEXT_INPUT = 1, 2, 3, 4
SECTION, TEXT, THUMBNAIL, GALLERY, FILE, SEPARATOR, CONTAINER = 9, 10, 11, 12, 13, 14, 17
_SELECTS = {3, 5, 6, 7, 8}
_LINK, _PREMIUM = 5, 6
_IN_CONTAINER = {ROW, SECTION, TEXT, GALLERY, FILE, SEPARATOR}
_ON_TOP = _IN_CONTAINER | {CONTAINER}


def every(components: Iterable[Json]) -> Iterator[Json]:
    """Every component of a message, those inside others too."""
    for component in components:
        yield component
        yield from every(component.get("components") or ())
        if accessory := component.get("accessory"):
            yield from every([accessory])


def attached(components: Iterable[Json]) -> set[int]:
    """The ids of the attachments that components show."""
    shown: set[int] = set()
    for part in every(components):
        items = part.get("items") or ()
        places = [part.get("media"), part.get("file"), *(item["media"] for item in items)]
        shown |= {int(media["attachment_id"]) for media in places if _is_attachment(media)}
    return shown


def _is_attachment(media: Json | None) -> bool:
    return media is not None and "attachment_id" in media


def resolved(
    components: list[Json], files: list[StoredFile], limits: Limits, *, v2: bool
) -> list[Json]:
    """The components as a message keeps them, attachments found; raises Refused."""
    if not v2 and len(components) > limits.rows:
        raise bad_length("components", 1, limits.rows)
    if len(list(every(components))) > limits.components:
        words = f"The total number of components cannot exceed {limits.components}."
        raise invalid("components", "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED", words)
    kept = []
    for n, component in enumerate(components):
        allowed = _ON_TOP if v2 else {ROW}
        kept.append(_kept(component, f"components.{n}", allowed, files, limits))
    _unique(kept)
    texts = [part["content"] for part in every(kept) if part["type"] == TEXT]
    if sum(map(len, texts)) > limits.display_characters:
        words = f"The total displayable text cannot exceed {limits.display_characters}."
        raise invalid("components", "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED", words)
    for number, part in enumerate(every(kept), start=1):
        part["id"] = part.get("id") or number
    return kept


def _unique(kept: list[Json]) -> None:
    seen = set()
    for part in every(kept):
        if (custom_id := part.get("custom_id")) is None:
            continue
        if custom_id in seen:
            words = "Component custom id cannot be duplicated"
            raise invalid("components", "COMPONENT_CUSTOM_ID_DUPLICATED", words)
        seen.add(custom_id)


def _kept(
    component: Json, where: str, allowed: set[int], files: list[StoredFile], limits: Limits
) -> Json:
    kind = component.get("type")
    if kind not in allowed:
        choices = ", ".join(str(choice) for choice in sorted(allowed))
        words = f'Value of field "type" must be one of ({choices},).'
        raise invalid(f"{where}.type", "UNION_TYPE_CHOICES", words)
    kept = {key: value for key, value in component.items() if value is not None}
    if kind == ROW:
        kept["components"] = _row(kept, where, files, limits)
    elif kind == BUTTON:
        _button(kept, where, limits)
    elif kind in _SELECTS:
        _select(kept, where, limits)
    elif kind == TEXT:
        _length(kept, "content", where, 1, limits.display_characters)
    elif kind in (CONTAINER, SECTION):
        inner = _IN_CONTAINER if kind == CONTAINER else {TEXT}
        most = limits.components if kind == CONTAINER else 3
        kept["components"] = _children(kept, where, inner, most, files, limits)
        kept |= _decorated(kept, where, files, limits)
    elif kind == GALLERY:
        kept["items"] = _items(kept, where, files)
    elif kind == FILE:
        media = _media(kept.get("file"), f"{where}.file", files, attached=True)
        found = next(f for f in files if str(f.file_id) == media["attachment_id"])
        kept |= {"file": media, "name": found.name, "size": len(found.data)}
        kept.setdefault("spoiler", False)
    elif kind == THUMBNAIL:
        kept |= {"media": _media(kept.get("media"), f"{where}.media", files)}
        kept = {"description": None, "spoiler": False} | kept
    elif kind == SEPARATOR:
        kept = {"spacing": 1, "divider": True} | kept
    return kept


def _children(
    parent: Json, where: str, allowed: set[int], most: int, files: list[StoredFile], limits: Limits
) -> list[Json]:
    children = parent.get("components") or []
    if not 1 <= len(children) <= most:
        raise bad_length(f"{where}.components", 1, most)
    return [
        _kept(child, f"{where}.components.{n}", allowed, files, limits)
        for n, child in enumerate(children)
    ]


def _row(row: Json, where: str, files: list[StoredFile], limits: Limits) -> list[Json]:
    kept = _children(row, where, {BUTTON, *_SELECTS}, limits.buttons, files, limits)
    if len(kept) > 1 and any(part["type"] in _SELECTS for part in kept):
        words = "The specified component exceeds the maximum width"
        raise invalid(f"{where}.components", "COMPONENT_LAYOUT_WIDTH_EXCEEDED", words)
    return kept


def _button(button: Json, where: str, limits: Limits) -> None:
    style = button.get("style")
    if style == _LINK:
        if urlparse(button.get("url", "")).scheme not in ("http", "https", "discord"):
            raise invalid(f"{where}.url", "URL_TYPE_INVALID_URL", "Not a well formed URL.")
    elif style != _PREMIUM:
        if "custom_id" not in button:
            raise required(f"{where}.custom_id")
        _length(button, "custom_id", where, 1, limits.custom_id)
    if "label" in button:
        _length(button, "label", where, 0, limits.label)
    if style != _PREMIUM and not button.get("label") and not button.get("emoji"):
        raise invalid(where, "BUTTON_COMPONENT_INVALID", "A button needs a label or an emoji")


def _select(select: Json, where: str, limits: Limits) -> None:
    if "custom_id" not in select:
        raise required(f"{where}.custom_id")
    _length(select, "custom_id", where, 1, limits.custom_id)
    if select["type"] == SELECT and not 1 <= len(select.get("options") or ()) <= 25:
        raise bad_length(f"{where}.options", 1, 25)
    select.setdefault("min_values", 1)
    select.setdefault("max_values", 1)


def _decorated(kept: Json, where: str, files: list[StoredFile], limits: Limits) -> Json:
    if kept["type"] == CONTAINER:
        return {"accent_color": None, "spoiler": False} | kept
    if "accessory" not in kept:
        raise required(f"{where}.accessory")
    place, allowed = f"{where}.accessory", {BUTTON, THUMBNAIL}
    return {"accessory": _kept(kept["accessory"], place, allowed, files, limits)}


def _items(gallery: Json, where: str, files: list[StoredFile]) -> list[Json]:
    items = gallery.get("items") or []
    if not 1 <= len(items) <= 10:
        raise bad_length(f"{where}.items", 1, 10)
    return [
        {
            "media": _media(item.get("media"), f"{where}.items.{n}.media", files),
            "description": item.get("description"),
            "spoiler": bool(item.get("spoiler", False)),
        }
        for n, item in enumerate(items)
    ]


def _media(
    media: Json | None, where: str, files: list[StoredFile], *, attached: bool = False
) -> Json:
    address = urlparse((media or {}).get("url", ""))
    if address.scheme == "attachment":
        found = [f for f in files if f.name == address.netloc + address.path]
    else:
        found = [f for f in files if address.path == f.path]
    if found:
        return {"attachment_id": str(found[0].file_id)}
    if attached or address.scheme == "attachment":
        words = "The referenced attachment was not found"
        raise invalid(f"{where}.url", "UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND", words)
    if address.scheme not in ("http", "https"):
        raise invalid(
            f"{where}.url", "URL_TYPE_INVALID_SCHEME", "Scheme must be one of (http, https)."
        )
    return {"url": address.geturl()}


def _length(part: Json, name: str, where: str, least: int, most: int) -> None:
    if not least <= len(part.get(name, "")) <= most:
        raise bad_length(f"{where}.{name}", least, most)


def refuse_legacy(content: str, embeds: list[Json]) -> None:
    """Refuse what a message built from components cannot have."""
    for name, value in (("content", content), ("embeds", embeds)):
        if value:
            words = f"The '{name}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2"
            code = "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2"
            raise invalid(name, code, words)


def kept_flag() -> Refused:
    """The answer to an edit that would turn such a message back."""
    words = "The IS_COMPONENTS_V2 flag cannot be removed from a message"
    return invalid("flags", "MESSAGE_CANNOT_REMOVE_COMPONENTS_V2_FLAG", words)
