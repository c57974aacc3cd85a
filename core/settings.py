"""Settings from the environment or a `.env` file, checked once when a process starts."""

import re
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from core import store
from core.errors import SettingsError
from core.images import Limits

_ENV = SettingsConfigDict(
    env_file=".env",
    env_file_encoding="utf-8",
    env_ignore_empty=True,
    env_prefix="DARKROOM_",
    extra="ignore",
    frozen=True,
    populate_by_name=True,
    hide_input_in_errors=True,
)

TELEGRAM_API = "https://api.telegram.org"
DISCORD_API = "https://discord.com/api/v10"
_DEVICE = re.compile(r"auto|cpu|cuda(:\d+)?")
_PERSON = re.compile(r"(telegram|discord):\d+")
_LISTEN = re.compile(r"(?:[\w.-]+|\[[0-9a-fA-F:.]+\]):([1-9]\d{0,4})", re.ASCII)
_HTTP = re.compile(r"https?://[^\s/]+\S*")
_WEBSOCKET = re.compile(r"wss?://[^\s/]+\S*")
_DISCORD_TOKEN = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+")


class _Settings(BaseSettings):
    model_config = _ENV

    @classmethod
    def load(cls) -> Self:
        """These settings from the environment; raises SettingsError with one readable sentence."""
        try:
            return cls()
        except ValidationError as error:
            raise SettingsError(_sentence(cls, error)) from None


def _sentence(cls: type[BaseSettings], error: ValidationError) -> str:
    first = error.errors(include_input=False, include_url=False)[0]
    name = str(first["loc"][0]) if first["loc"] else ""
    field = cls.model_fields.get(name)
    alias = field.validation_alias if field is not None else None
    variable = alias if isinstance(alias, str) else name.upper()
    if name and variable not in ("REDIS_URL", "BLOB_URL") and not variable.startswith("DARKROOM_"):
        variable = f"DARKROOM_{variable}"
    problem = first["msg"].removeprefix("Value error, ").rstrip(".")
    problem = problem[0].lower() + problem[1:] if problem.startswith("Input") else problem
    return f"{variable}: {problem}." if variable else f"{problem}."


def _parses(url: str) -> bool:
    try:
        store.pool(url)
    except ValueError:
        return False
    return True


class _DataSettings(_Settings):
    """Where a machine keeps its own files; a relative or `~` path is made absolute."""

    data_dir: Path = Field(default=Path("~/.local/share/darkroom"), validate_default=True)

    @field_validator("data_dir")
    @classmethod
    def _absolute_data(cls, value: Path) -> Path:
        return value.expanduser().absolute()


class StoreSettings(_DataSettings):
    """Where jobs and photo bytes are kept, and what all processes of a lab agree on."""

    redis_url: SecretStr | None = Field(default=None, validation_alias="REDIS_URL")
    blob_url: str | None = Field(default=None, validation_alias="BLOB_URL")
    queue_cap: Annotated[int, Field(ge=1)] = 10_000
    photos_per_user: Annotated[int, Field(ge=1, le=1000)] = 20
    photos_per_community: Annotated[int, Field(ge=1, le=100_000)] = 200
    answer_minutes: Annotated[float, Field(gt=0, le=24 * 60)] = 60
    keep_hours: Annotated[float, Field(gt=0, le=30 * 24)] = 24
    max_photo_megabytes: Annotated[float, Field(gt=0, le=500)] = 50
    max_megapixels: Annotated[float, Field(gt=0, le=500)] = 50
    operators: Annotated[frozenset[str], NoDecode] = frozenset()
    metrics_listen: str | None = None
    log_format: Literal["text", "json"] = "text"

    @field_validator("operators", mode="before")
    @classmethod
    def _people(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        people = value.replace(",", " ").split()
        if any(not _PERSON.fullmatch(person) for person in people):
            raise ValueError("name people like telegram:123456789, discord:987654321")
        return frozenset(people)

    @field_validator("metrics_listen")
    @classmethod
    def _host_and_port(cls, value: str | None) -> str | None:
        found = _LISTEN.fullmatch(value) if value else None
        if value and (found is None or int(found[1]) > 65_535):
            raise ValueError("write it like 127.0.0.1:9464")
        return value

    @field_validator("redis_url")
    @classmethod
    def _redis_scheme(cls, value: SecretStr | None) -> SecretStr | None:
        if value and not value.get_secret_value().startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("start it with redis://, rediss:// or unix://")
        if value and not _parses(value.get_secret_value()):
            raise ValueError(
                "write it like redis://:password@host:6379/0, "
                "with / ? # and @ in the password percent-encoded"
            )
        return value

    @field_validator("blob_url")
    @classmethod
    def _blob_scheme(cls, value: str | None) -> str | None:
        if value and not value.startswith(("file:///", "s3://", "gs://", "az://", "memory://")):
            raise ValueError("use file:///absolute/folder or s3://bucket/prefix")
        if value and "@" in value.split("/")[2]:
            raise ValueError("keys do not belong into it; S3 reads AWS_ACCESS_KEY_ID and the like")
        if value and value.startswith("memory://"):
            raise ValueError("memory:// loses every photo at a restart; use file:// or s3://")
        return value

    @property
    def limits(self) -> Limits:
        """What a photo may weigh and measure to be taken in."""
        return Limits(
            max_bytes=round(self.max_photo_megabytes * 1_000_000),
            max_pixels=round(self.max_megapixels * 1_000_000),
        )

    def blobs(self) -> str:
        """The URL of the blob store: BLOB_URL, else a folder below the data folder."""
        return self.blob_url or (self.data_dir / "blobs").as_uri()


class WorkerSettings(_DataSettings):
    """How this machine works on photos."""

    device: str = "auto"
    weights_dir: Path | None = None
    weights_mirror: str | None = None
    threads: Annotated[int, Field(ge=0, le=512)] = 0
    tile: Annotated[int, Field(ge=0, le=4096)] = 0
    max_output_megapixels: Annotated[float, Field(gt=0, le=1000)] = 100
    job_minutes: Annotated[float, Field(gt=0, le=24 * 60)] = 20
    stop_seconds: Annotated[float, Field(ge=1, le=3600)] = 20
    upscaler: str | None = None
    denoiser: str | None = None
    face_restorer: str | None = None

    @field_validator("device")
    @classmethod
    def _known_device(cls, value: str) -> str:
        if not _DEVICE.fullmatch(value):
            raise ValueError("use auto, cpu, cuda or cuda:0 (the number of the GPU)")
        return value

    @field_validator("weights_mirror")
    @classmethod
    def _http_mirror(cls, value: str | None) -> str | None:
        if value and not _HTTP.fullmatch(value):
            raise ValueError(
                "use the address of a folder, e.g. https://models.example.org/darkroom"
            )
        return value

    @field_validator("weights_dir")
    @classmethod
    def _absolute(cls, value: Path | None) -> Path | None:
        return None if value is None else value.expanduser().absolute()

    @property
    def weights(self) -> Path:
        """The folder of the user's own and fetched model files."""
        return self.weights_dir or self.data_dir / "weights"


class TelegramSettings(_Settings):
    """The Telegram bot; `telegram_api_url` is the root of the Bot API, or of one's own server."""

    telegram_token: SecretStr | None = None
    telegram_api_url: str = TELEGRAM_API
    telegram_local_mode: bool = False
    telegram_webhook_url: str | None = None
    telegram_webhook_secret: SecretStr | None = None
    telegram_webhook_listen: str = "0.0.0.0"
    telegram_webhook_port: Annotated[int, Field(ge=1, le=65_535)] = 8443

    @field_validator("telegram_token")
    @classmethod
    def _token_shape(cls, value: SecretStr | None) -> SecretStr | None:
        if value and not re.fullmatch(r"\d+:[\w-]+", value.get_secret_value()):
            raise ValueError("this is not a bot token; @BotFather gives one like 123456:ABC-xyz")
        return value

    @field_validator("telegram_api_url")
    @classmethod
    def _http(cls, value: str) -> str:
        if not _HTTP.fullmatch(value):
            raise ValueError("use the root address of a Bot API, e.g. http://localhost:8081")
        return value.rstrip("/")

    @model_validator(mode="after")
    def _secret_with_webhook(self) -> Self:
        url, secret = self.telegram_webhook_url, self.telegram_webhook_secret
        if url and not url.startswith("https://"):
            raise ValueError("DARKROOM_TELEGRAM_WEBHOOK_URL must start with https://")
        if url and not secret:
            raise ValueError(
                "DARKROOM_TELEGRAM_WEBHOOK_URL needs DARKROOM_TELEGRAM_WEBHOOK_SECRET "
                "(1–256 letters, digits, _ or -), so that nobody else can post updates"
            )
        if secret and not re.fullmatch(r"[\w-]{1,256}", secret.get_secret_value(), re.ASCII):
            raise ValueError(
                "DARKROOM_TELEGRAM_WEBHOOK_SECRET must be 1–256 letters, digits, _ or -"
            )
        return self


class DiscordSettings(_Settings):
    """The Discord bot; the two addresses are Discord's own, or those of proxies before it.

    `discord_gateway_url` is used instead of the gateway that Discord names, also to resume.
    """

    discord_token: SecretStr | None = None
    discord_api_url: str = DISCORD_API
    discord_gateway_url: str | None = None

    @field_validator("discord_token")
    @classmethod
    def _discord_token_shape(cls, value: SecretStr | None) -> SecretStr | None:
        if value and not _DISCORD_TOKEN.fullmatch(value.get_secret_value()):
            raise ValueError(
                "this is not a bot token; Discord's developer portal gives one, three parts "
                "with dots between them (your application → Bot → Reset Token)"
            )
        return value

    @field_validator("discord_api_url")
    @classmethod
    def _discord_http(cls, value: str) -> str:
        if not _HTTP.fullmatch(value) or "{" in value:
            raise ValueError(f"use the root address of Discord's API, e.g. {DISCORD_API}")
        return value.rstrip("/")

    @field_validator("discord_gateway_url")
    @classmethod
    def _discord_websocket(cls, value: str | None) -> str | None:
        if value and not _WEBSOCKET.fullmatch(value):
            raise ValueError("start it with wss:// or ws://, e.g. wss://gateway.example.org")
        return value
