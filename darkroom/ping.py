"""`darkroom ping`: does a process of this role live here?"""

from core import store
from core.errors import ServiceDown
from core.presence import Presence
from core.settings import StoreSettings
from darkroom.redis import redis_url


async def alive_here(role: str) -> bool:
    """Whether a process of `role` on this host gave a sign of life lately."""
    async with redis_url(StoreSettings.load(), lasting=False) as url:
        client = store.connect(url, retries=0)
        try:
            return await Presence(client).here(role)
        except ServiceDown:
            return False
        finally:
            await client.aclose()
