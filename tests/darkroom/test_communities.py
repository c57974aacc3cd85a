import asyncio
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from core import store
from core.communities import Communities
from core.errors import DarkroomError
from core.recipe import Recipe
from darkroom.communities import app


@pytest.fixture
def known(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two communities in the lab's Redis."""
    monkeypatch.setenv("REDIS_URL", redis_url)

    async def fill() -> None:
        client = store.connect(redis_url)
        communities = Communities(client)
        await communities.change(
            "telegram", "-100", enabled=True, recipe=Recipe(scale=2), recipe_words="2x"
        )
        await communities.change("discord", "7", daily=3)
        await client.aclose()

    asyncio.run(fill())


@pytest.mark.usefixtures("known")
def test_settings_go_out_and_come_back(tmp_path: Path, redis_url: str) -> None:
    printed = CliRunner().invoke(app, ["export"], catch_exceptions=False).output
    tables = tomllib.loads(printed)
    assert list(tables) == ["discord", "telegram"]
    assert tables["telegram"]["-100"]["recipe"] == {"scale": 2}
    one = CliRunner().invoke(app, ["export", "--platform", "discord"], catch_exceptions=False)
    assert list(tomllib.loads(one.output)) == ["discord"]
    file = tmp_path / "communities.toml"
    file.write_text(printed.replace("daily = 3", "daily = 4"))

    async def emptied() -> None:
        client = store.connect(redis_url)
        await client.flushall()
        await client.aclose()

    asyncio.run(emptied())
    restored = CliRunner().invoke(app, ["restore", str(file)], catch_exceptions=False)
    assert restored.output == "Restored 2.\n"
    again = CliRunner().invoke(app, ["export"], catch_exceptions=False).output
    assert again == file.read_text()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[telegram", "is no export of communities"),
        ("telegram = 3", "is no export of communities"),
        ('[telegram."-1"]\ndaily = -1', "daily"),
    ],
)
def test_a_wrong_file_gets_a_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text(text)
    with pytest.raises(DarkroomError, match=sentence):
        CliRunner().invoke(app, ["restore", str(file)], catch_exceptions=False)
    with pytest.raises(DarkroomError, match="cannot be read"):
        CliRunner().invoke(app, ["restore", str(tmp_path / "none")], catch_exceptions=False)
