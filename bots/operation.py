"""What those who run the lab may ask in a chat: its figures, and who may use it."""

from collections.abc import Sequence

from bots.desk import Request
from core import notices
from core.access import Access, Subject, Verdict
from core.commands import Action, Command, unknown
from core.errors import CommandError
from core.language import _
from core.stats import Stats

_KINDS = {"user": "user", "group": "community", "server": "community", "community": "community"}
_VERDICTS = {"allow": Verdict.ALLOW, "deny": Verdict.DENY, "clear": None}


class Operation:
    """Answers operators; to everybody else these commands do not exist."""

    def __init__(
        self, platform: str, operators: frozenset[str], stats: Stats, access: Access
    ) -> None:
        self._platform = platform
        self._operators = operators
        self._stats = stats
        self._access = access

    def knows(self, user: str) -> bool:
        """Whether somebody runs this lab."""
        return f"{self._platform}:{user}" in self._operators

    async def answer(self, command: Command, request: Request) -> str:
        """The answer to an operator's command; raises CommandError."""
        if not self.knows(request.user):
            raise unknown(command.name)
        if command.action is Action.STATS:
            return notices.figures(await self._stats.figures())
        if command.words:
            subject, verdict = self._judgement(command.words, request)
            await self._access.judge(subject, verdict)
        if not request.private:
            return _(notices.IN_PRIVATE)
        allowed = await self._access.listed(Verdict.ALLOW)
        denied = await self._access.listed(Verdict.DENY)
        return notices.access(allowed, denied)

    def _judgement(self, words: Sequence[str], request: Request) -> tuple[Subject, Verdict | None]:
        """Reads `deny user 7`, `allow group discord:8`, `clear here`."""
        match [word.lower() for word in words]:
            case [verdict, "here"] if verdict in _VERDICTS and request.community:
                return Subject("community", self._platform, request.community), _VERDICTS[verdict]
            case [verdict, kind, name] if verdict in _VERDICTS and kind in _KINDS:
                platform, colon, number = name.rpartition(":")
                if number.removeprefix("-").isdecimal():
                    subject = Subject(_KINDS[kind], platform if colon else self._platform, number)
                    return subject, _VERDICTS[verdict]
        raise CommandError(
            _("I understand /access deny user 123, /access allow group 456, /access clear here.")
        )
