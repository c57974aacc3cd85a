"""What people may ask about themselves: what is kept of them, and that it be deleted now."""

import logging
from collections.abc import Awaitable, Callable

from bots.delivery import CLEAN_SECONDS
from bots.desk import Desk, Request
from bots.status import StatusBoard
from core import logs, privacy
from core.access import Access, Subject, Verdict
from core.blobs import Blobs
from core.errors import DarkroomError, ServiceDown
from core.forgetting import FORGOTTEN, Forgetting, Found
from core.jobs import Reply
from core.language import _, matching, speaking
from core.privacy import Periods

log = logging.getLogger(__name__)

LOOKS = 4
"""How often it is looked again for what came in meanwhile; the last look finds nothing."""
Elsewhere = Callable[[str], Awaitable[None]]


class Privacy:
    """Answers one platform's people about themselves."""

    def __init__(
        self,
        desk: Desk,
        board: StatusBoard,
        blobs: Blobs,
        access: Access,
        forgetting: Forgetting,
        periods: Periods,
    ) -> None:
        self._desk = desk
        self._board = board
        self._blobs = blobs
        self._access = access
        self._forgetting = forgetting
        self._periods = periods
        self.elsewhere: list[Elsewhere] = []
        """What else deletes what is kept of a person, such as messages in an inbox."""

    def statement(self) -> str:
        """The answer to /privacy."""
        return privacy.statement(self._periods)

    async def forget(self, request: Request) -> str:
        """Delete all that is kept of a person, tell what was on its way, and say what it was."""
        whole = Found()
        late = False
        for _look in range(LOOKS):
            found = await self._forgetting.clear(self._desk.platform, request.user)
            if not found:
                for forget in self.elsewhere:
                    await forget(request.user)
                listed = await self._listed(request.user)
                return privacy.forgotten(whole, listed=listed, late=CLEAN_SECONDS if late else None)
            try:
                await self._blobs.delete(found.blobs)
            except ServiceDown:
                late = True
            for reply in found.replies:
                await self._tell(reply)
            whole.replies += found.replies
            whole.buttons += found.buttons
            whole.notes += found.notes
        return _(privacy.BUSY)

    async def _tell(self, reply: Reply) -> None:
        """Say in a request's status message that it was taken back."""
        with logs.about(reply.job), speaking(matching(reply.language)):
            await self._board.settle(reply.job)
            log.info("forgotten")
            try:
                await self._desk.update_status(reply.address, _(FORGOTTEN))
            except Exception as error:
                cause = error.code if isinstance(error, DarkroomError) else type(error).__name__
                log.info("not even a sentence: %s", cause)

    async def _listed(self, user: str) -> str | None:
        """What the operator's lists say of a person, which is the operator's to change."""
        name = str(Subject("user", self._desk.platform, user))
        if name in await self._access.listed(Verdict.DENY):
            return privacy.DENIED
        return privacy.ALLOWED if name in await self._access.listed(Verdict.ALLOW) else None
