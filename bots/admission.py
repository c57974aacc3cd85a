"""Who is let in: what a community's administrators and the operator say of a request."""

from dataclasses import dataclass

from bots.desk import Request
from core import notices
from core.access import Access
from core.commands import Command, wishes
from core.communities import UNLIMITED, Allowance, Answers, Communities, Community, Who
from core.errors import NotAllowed
from core.language import _
from core.recipe import SCALES, Recipe


@dataclass(frozen=True)
class Admitted:
    """A request that may go on: its recipe in this place, its allowance, a thread or not."""

    recipe: Recipe
    allowance: Allowance = UNLIMITED
    threaded: bool = False


class Admission:
    """Looks a platform's requests over before anything is done for them."""

    def __init__(self, platform: str, communities: Communities, access: Access, *, at: str) -> None:
        self._platform = platform
        self._communities = communities
        self._access = access
        self._at = at

    async def community(self, request: Request) -> Community | None:
        """The settings of the community that a request came from, None in private."""
        if request.community is None:
            return None
        return await self._communities.get(self._platform, request.community)

    async def admit(
        self, request: Request, command: Command | None, community: Community | None
    ) -> Admitted | None:
        """What a request for an enhanced photo becomes, None where it is not for us.

        Raises NotAllowed with a sentence where somebody who speaks to us is turned down.
        """
        unasked = command is None and not request.addressed
        if unasked:
            if community is None or not request.photos:
                return None
            if not community.wants_every_photo(request.channel):
                return None
        if not await self._access.open_to(self._platform, request.user, request.community):
            raise NotAllowed(_(notices.CLOSED), code="denied")
        wished = command.recipe if command else wishes(request.text)
        if community is None:
            return Admitted(wished)
        if not community.enabled:
            if not request.addressed:
                return None
            raise NotAllowed(notices.not_enabled(self._at), code="not_enabled")
        if unasked and wished.scale is not None and wished.scale > community.largest_scale:
            wished = wished.scaled_by(community.largest_scale)
        return await self._in_community(request, command, community, wished)

    async def check(self, request: Request) -> Community | None:
        """The community behind a button, None in private; raises NotAllowed."""
        community = await self.community(request)
        if not await self._access.open_to(self._platform, request.user, request.community):
            raise NotAllowed(_(notices.CLOSED), code="denied")
        if community is not None and not community.enabled:
            raise NotAllowed(notices.not_enabled(self._at), code="not_enabled")
        return community

    async def again(self, request: Request, recipe: Recipe) -> Admitted:
        """What a wish by a button becomes; raises NotAllowed."""
        community = await self.check(request)
        if community is None:
            return Admitted(recipe)
        return await self._in_community(request, None, community, recipe)

    async def _in_community(
        self, request: Request, command: Command | None, community: Community, wished: Recipe
    ) -> Admitted:
        standing = await request.standing()
        if not standing.admin:
            if community.who is Who.ADMINS:
                raise NotAllowed(_(notices.ADMINS_ONLY))
            if community.who is Who.ROLE and community.role not in standing.roles:
                raise NotAllowed(_(notices.NOT_FOR_YOU))
        allowed = community.commands
        if command is not None and allowed is not None and command.name not in allowed:
            raise NotAllowed(notices.not_this_command(community, self._at))
        if wished.scale is not None and wished.scale > community.largest_scale:
            raise NotAllowed(notices.too_large_a_scale(wished.scale, community.largest_scale))
        recipe = wished.over(community.recipe)
        largest = community.largest_scale
        exempt = standing.admin and community.admins_exempt
        return Admitted(
            recipe=recipe.model_copy(
                update={
                    "largest_scale": largest if largest < max(SCALES) else None,
                    "collage": recipe.collage and community.collage,
                }
            ),
            allowance=UNLIMITED if exempt else community.allowance,
            threaded=community.answers is Answers.THREAD,
        )
