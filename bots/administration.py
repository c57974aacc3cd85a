"""`/darkroom`: a community's settings, shown and changed by its administrators."""

import logging
from collections.abc import Sequence

from bots.desk import Arrival, Button, Desk, Feature, Press, Request, Rows
from core import notices
from core.communities import Communities, Community
from core.errors import DarkroomError, NotAllowed
from core.language import _, speaking
from core.rules import RULES, chosen, exported, read

log = logging.getLogger(__name__)

PREFIX = "house:"
"""What the data of a panel's buttons begins with: `house:`, `house:daily`, `house:daily=30`."""
_ROW = 4


class Administration:
    """One platform's communities: their beginning, settings and end."""

    def __init__(self, desk: Desk, communities: Communities, *, at: str) -> None:
        self._desk = desk
        self._communities = communities
        self._at = at

    @property
    def _usage(self) -> str:
        return self._desk.usage(community=True)

    async def arrived(self, arrival: Arrival) -> None:
        """The bot was added to a community: it introduces itself, once."""
        platform, name = self._desk.platform, arrival.community
        await self._communities.keep(platform, name)
        community = await self._communities.get(platform, name)
        if community.introduced:
            return
        with speaking(community.speaks(arrival.language)):
            await self._desk.say(arrival.address, notices.introduction(self._at, self._usage))
        await self._communities.change(platform, name, introduced=True)
        log.info("introduced to the %s community %s", platform, name)

    async def departed(self, community: str) -> None:
        """The bot is not in a community any more."""
        await self._communities.forget_later(self._desk.platform, community)
        log.info("left the %s community %s", self._desk.platform, community)

    async def moved(self, old: str, new: str) -> None:
        """A community goes on under another id."""
        await self._communities.move(self._desk.platform, old, new)

    async def command(self, request: Request, words: Sequence[str]) -> None:
        """Do what `/darkroom words…` says; raises DarkroomError with a sentence."""
        community = await self._of_admin(request)
        word = words[0].lower() if words else "settings"
        if word in ("enable", "disable"):
            community = await self._change(community, enabled=word == "enable")
            if community.enabled:
                text = notices.enabled(self._at, self._usage)
            else:
                text = notices.disabled(self._at)
            await self._desk.say(request.address, text)
        elif word == "settings":
            await self._desk.say(
                request.address, notices.panel(community, self._at), _main_rows(community)
            )
        elif word == "export":
            await self._desk.say(request.address, exported(community))
        else:
            community = await self._set(community, word, words[1:], request)
            text = notices.changed(word, community, self._at)
            if word == "mode" and (blind := await self._blind(community, request)):
                text += f"\n{blind}"
            await self._desk.say(request.address, text)

    async def press(self, press: Press) -> str:
        """Turn a panel's page or change a setting; returns the text for whoever pressed."""
        request = press.request
        community = await self._of_admin(request)
        name, _equals, choice = press.data.removeprefix(PREFIX).partition("=")
        told = ""
        if name in ("enable", "disable"):
            community = await self._change(community, enabled=name == "enable")
            name = ""
        elif choice and name in RULES:
            community = await self._set(community, name, [choice], request)
            if name == "mode":
                told = await self._blind(community, request) or ""
        if name in RULES:
            text, rows = (
                notices.page(name, community, self._at),
                _page_rows(name, community, request),
            )
        else:
            text, rows = notices.panel(community, self._at), _main_rows(community)
        await self._desk.update_status(press.under, text, rows)
        return told

    async def _of_admin(self, request: Request) -> Community:
        if request.community is None:
            raise NotAllowed(_(notices.ONLY_IN_GROUPS))
        if not (await request.standing()).admin:
            raise NotAllowed(_(notices.ADMINS_ONLY))
        return await self._communities.get(self._desk.platform, request.community)

    async def _set(
        self, community: Community, name: str, words: Sequence[str], request: Request
    ) -> Community:
        needs = RULES[name].needs if name in RULES and words else {}
        needed = next((needs[word] for word in words if word in needs), None)
        if needed is not None and (lack := self._desk.lacks.get(Feature(needed))):
            raise NotAllowed(_(lack), code="not_here")
        values = read(name, words, community, request.channel)
        return await self._change(community, **values)

    async def _change(self, community: Community, **values: object) -> Community:
        changed = await self._communities.change(community.platform, community.id, **values)
        log.info("%s community %s changed %s", community.platform, community.id, ", ".join(values))
        return changed

    async def _blind(self, community: Community, request: Request) -> str | None:
        """Why every photo is wanted and not seen, None where all is well."""
        if not community.wants_every_photo(request.channel):
            return None
        try:
            return await self._desk.unseen(request.address)
        except DarkroomError as error:
            return error.text


def _main_rows(community: Community) -> Rows:
    switch = (
        Button(_(notices.TOGGLE_OFF), f"{PREFIX}disable")
        if community.enabled
        else Button(_(notices.TOGGLE_ON), f"{PREFIX}enable")
    )
    pages = [Button(_(rule.title), f"{PREFIX}{name}") for name, rule in RULES.items()]
    return [[switch], *_in_rows(pages)]


def _page_rows(name: str, community: Community, request: Request) -> Rows:
    choices = [
        Button(
            f"✓ {choice}" if chosen(name, choice, community, request.channel) else choice,
            f"{PREFIX}{name}={choice}",
        )
        for choice in RULES[name].choices
    ]
    return [*_in_rows(choices), [Button(_(notices.BACK), PREFIX)]]


def _in_rows(buttons: Sequence[Button]) -> list[list[Button]]:
    return [list(buttons[start : start + _ROW]) for start in range(0, len(buttons), _ROW)]
