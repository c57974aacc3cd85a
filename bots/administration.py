"""`/darkroom`: a community's settings, shown and changed by its administrators."""

import logging
from collections.abc import Sequence
from typing import Any

from bots.desk import Arrival, Button, Desk, Feature, Press, Request, Rows
from core import notices
from core.communities import MAIN_CHANNEL, Communities, Community, Mode
from core.errors import DarkroomError, NotAllowed
from core.language import _, speaking
from core.rules import RULES, chosen, exported, read

log = logging.getLogger(__name__)

PREFIX = "panel:"
"""What the data of a panel's buttons begins with: `panel:`, `panel:daily`, `panel:daily=30`."""
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
        returned = await self._communities.keep(platform, name)
        community = await self._communities.get(platform, name)
        if community.introduced:
            if returned:
                with speaking(community.speaks(arrival.language)):
                    text = notices.back(community, self._at, self._usage)
                    await self._desk.say(arrival.address, text)
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
            await self._desk.say(request.address, f"```toml\n{exported(community)}```")
        else:
            before, community = community, await self._set(community, word, words[1:], request)
            with speaking(community.speaks(request.language)):
                text = notices.changed(word, community, self._at)
                if word == "mode" and (blind := await self._blind(before, community, request)):
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
            before, community = community, await self._set(community, name, [choice], request)
            if name == "mode":
                told = await self._blind(before, community, request) or ""
        with speaking(community.speaks(request.language)):
            if name in RULES:
                text = notices.page(name, community, self._at)
                rows = self._page_rows(name, community, request)
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
        def values(now: Community) -> dict[str, Any]:
            said = [word.lower() for word in words]
            self._possible(name, said)
            found = read(name, words, now, request.channel)
            self._possible(name, [value for value in found.values() if isinstance(value, str)])
            return found

        changed = await self._communities.decide(community.platform, community.id, values)
        log.info("%s community %s changed %s", community.platform, community.id, name)
        return changed

    def _possible(self, name: str, words: Sequence[str]) -> None:
        """Raise NotAllowed where a setting needs what the platform lacks."""
        needs = RULES[name].needs if name in RULES else {}
        for word in words:
            if word in needs and (lack := self._desk.lacks.get(Feature(needs[word]))):
                raise NotAllowed(_(lack), code="not_here")

    async def _change(self, community: Community, **values: object) -> Community:
        changed = await self._communities.change(community.platform, community.id, **values)
        log.info("%s community %s changed %s", community.platform, community.id, ", ".join(values))
        return changed

    async def _blind(self, before: Community, community: Community, request: Request) -> str | None:
        """Why every photo is wanted and not seen, None where all is well."""
        if community.mode is not Mode.EVERY:
            return None
        added = [channel for channel in community.channels if channel not in before.channels]
        for channel in added or [MAIN_CHANNEL]:
            named = None if channel in (MAIN_CHANNEL, request.channel) else channel
            try:
                unseen = await self._desk.unseen(request.address, named)
            except DarkroomError as error:
                return error.text
            if unseen is not None:
                return unseen
        return None

    def _page_rows(self, name: str, community: Community, request: Request) -> Rows:
        needs = RULES[name].needs
        choices = [
            Button(
                f"✓ {choice}" if chosen(name, choice, community, request.channel) else choice,
                f"{PREFIX}{name}={choice}",
            )
            for choice in RULES[name].choices
            if choice not in needs or Feature(needs[choice]) not in self._desk.lacks
        ]
        return [*_in_rows(choices), [Button(_(notices.BACK), PREFIX)]]


def _main_rows(community: Community) -> Rows:
    switch = (
        Button(_(notices.TOGGLE_OFF), f"{PREFIX}disable")
        if community.enabled
        else Button(_(notices.TOGGLE_ON), f"{PREFIX}enable")
    )
    pages = [Button(_(rule.title), f"{PREFIX}{name}") for name, rule in RULES.items()]
    return [[switch], *_in_rows(pages)]


def _in_rows(buttons: Sequence[Button]) -> list[list[Button]]:
    return [list(buttons[start : start + _ROW]) for start in range(0, len(buttons), _ROW)]
