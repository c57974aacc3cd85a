"""Secrets among the settings: of a type that hides them, and in no error."""

import re
from collections.abc import Iterator
from typing import Any, get_args

import pytest
from pydantic import SecretStr, ValidationError
from pydantic_settings import BaseSettings

from core import settings as room
from core.errors import SettingsError

NAMES = re.compile(r"token|secret|password|passphrase|credential|(^|_)key(s|$|_)|redis_url")
SECRET = "hunter2-Hunter2"
GOOD = {
    "telegram_token": f"123456:{SECRET}",
    "telegram_webhook_secret": SECRET,
    "discord_token": f"MTIz.Gabc12.{SECRET}",
    "redis_url": f"redis://:{SECRET}@127.0.0.1:1/0",
}
BAD = {
    "telegram_token": f"{SECRET} ?",
    "telegram_webhook_secret": f"{SECRET} ?",
    "discord_token": f"{SECRET} ?",
    "redis_url": f"redis://:{SECRET}/x@host",
}


def models() -> list[type[BaseSettings]]:
    every = [one for one in vars(room).values() if isinstance(one, type)]
    return [
        one for one in every if issubclass(one, BaseSettings) and one.__module__ == room.__name__
    ]


def secret_fields() -> Iterator[tuple[type[BaseSettings], str]]:
    for model in models():
        for name, field in model.model_fields.items():
            if SecretStr in (field.annotation, *get_args(field.annotation)):
                yield model, name


def test_what_is_named_like_a_secret_is_of_a_type_that_hides_it() -> None:
    named = {name for model in models() for name in model.model_fields if NAMES.search(name)}
    assert named == {name for _, name in secret_fields()}
    assert named == GOOD.keys() == BAD.keys()


@pytest.mark.parametrize(("model", "name"), list(secret_fields()))
def test_no_form_of_the_settings_shows_a_secret(model: Any, name: str) -> None:
    value = model.model_validate({name: GOOD[name]})
    assert SECRET in getattr(value, name).get_secret_value()
    for shown in (repr(value), str(value), f"{value}", str(value.model_dump())):
        assert SECRET not in shown
    assert SECRET not in value.model_dump_json()


@pytest.mark.parametrize(("model", "name"), list(secret_fields()))
def test_no_error_shows_a_secret(model: Any, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValidationError) as raised:
        model.model_validate({name: BAD[name]})
    variable = "REDIS_URL" if name == "redis_url" else f"DARKROOM_{name.upper()}"
    monkeypatch.setenv(variable, BAD[name])
    with pytest.raises(SettingsError) as told:
        model.load()
    for shown in (str(raised.value), repr(raised.value), str(told.value), repr(told.value)):
        assert SECRET not in shown
    assert told.value.__suppress_context__


@pytest.mark.parametrize("place", ["s3://key:{}@bucket", "gs://{}@bucket/prefix"])
def test_no_credentials_are_taken_in_the_photo_stores_address(
    place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BLOB_URL", place.format(SECRET))
    with pytest.raises(SettingsError, match="keys do not belong into it") as told:
        room.StoreSettings.load()
    assert SECRET not in str(told.value)
