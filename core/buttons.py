"""What the buttons under an answer stand for, kept so that they outlive a restart."""

import re
import secrets
from enum import StrEnum

from core import keys
from core.belongings import Belongings
from core.jobs import UnknownVersion, Value
from core.recipe import PLAIN, Recipe
from core.store import Client, spoken

_ID = re.compile(r"[\w-]{1,48}", re.ASCII)
KEPT_SECONDS = 30 * 24 * 3600


class Choice(StrEnum):
    """What can be chosen under an answer."""

    TWICE = "2x"
    FOURFOLD = "4x"
    SOFTER = "softer"
    STRONGER = "stronger"
    ORIGINAL = "original"
    WHY = "why"
    LIGHT = "light"
    NO_LIGHT = "nolight"
    NO_FACES = "nofaces"
    PHOTO = "photo"
    ART = "art"
    CANCEL = "cancel"


class Offer(Value):
    """Whose answer it is, where its photos are found again, and the recipe that made it.

    `why` is what the answer's button of that name tells, in the language of the answer.
    """

    platform: str
    user: str
    refs: tuple[str, ...] = ()
    recipe: Recipe = PLAIN
    job: str | None = None
    why: str = ""


class Buttons:
    """Offers by short random ids; the data of a button is `id:choice`, far below 64 bytes."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._belongings = Belongings(client)

    async def offer(self, offer: Offer, *, button_id: str | None = None) -> str:
        """Keep an offer for 30 days and return its id."""
        chosen = button_id or secrets.token_urlsafe(9)
        key = keys.button(chosen)
        await self._belongings.note(offer.platform, offer.user, key, KEPT_SECONDS)
        with spoken():
            await self._client.set(key, offer.to_json(), ex=KEPT_SECONDS)
        return chosen

    async def explain(self, button_id: str, why: str) -> None:
        """Keep with an offer, for as long as it is kept, the reasons that its answer tells."""
        key = keys.button(button_id)
        record = await self._client.get(key)
        if record is None:
            return
        try:
            offer = Offer.from_json(record)
        except UnknownVersion:
            return
        explained = offer.model_copy(update={"why": why})
        await self._client.set(key, explained.to_json(), xx=True, keepttl=True)

    async def find(self, data: str) -> tuple[Offer, Choice] | None:
        """The offer and the choice behind a pressed button, None when it is not ours or too old."""
        button_id, _, word = data.partition(":")
        if word not in set(Choice) or not _ID.fullmatch(button_id):
            return None
        with spoken():
            record = await self._client.get(keys.button(button_id))
        try:
            return None if record is None else (Offer.from_json(record), Choice(word))
        except UnknownVersion:
            return None

    @staticmethod
    def data(button_id: str, choice: Choice) -> str:
        """The data to put on a button."""
        return f"{button_id}:{choice}"
