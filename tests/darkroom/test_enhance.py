"""The command a person runs first: photos in, files out, everything between started for it."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from core import keys
from core.errors import ServiceDown
from core.jobs import StageName
from core.presence import Presence
from core.recipe import PLAIN
from core.store import Client
from darkroom import enhance
from tests.doubles.photos import photo_file


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "darkroom", "enhance", *words],
        env=os.environ | {"DARKROOM_THREADS": "1", "DARKROOM_DEVICE": "cpu"},
        capture_output=True,
        text=True,
        check=False,
        timeout=150,
    )


def test_each_photo_is_enhanced_or_told_why_not(tmp_path: Path) -> None:
    good = tmp_path / "good photo.png"
    good.write_bytes(photo_file(40, 30))
    text = tmp_path / "notes.txt"
    text.write_text("hello")
    out = tmp_path / "new" / "out"
    ended = run(
        tmp_path,
        *(str(good), str(tmp_path / "missing.jpg"), str(text)),
        *("-o", str(out), "--scale", "2", "--denoise", "40", "--format", "webp", "--json"),
    )
    assert ended.returncode == 1, ended.stderr
    first, missing, words = json.loads(ended.stdout)
    assert first["ok"]
    assert first["file"] == str(out / "good photo-darkroom.webp")
    assert (first["width"], first["height"]) == (80, 60)
    assert [step["stage"] for step in first["steps"]] == list(StageName)
    with Image.open(first["file"]) as image:
        assert (image.format, image.size) == ("WEBP", (80, 60))
    with Image.open(first["collage"]) as image:
        assert image.format == "JPEG"
    assert (missing["ok"], missing["file"]) == (False, None)
    assert "no such file" in missing["text"]
    assert "text, not a photo" in words["text"]
    assert not (tmp_path / "data" / "valkey").exists()
    assert not [path for path in (tmp_path / "data" / "blobs").rglob("*") if path.is_file()]


def test_when_every_photo_was_enhanced_the_exit_code_is_0_and_the_words_are_for_people(
    tmp_path: Path,
) -> None:
    photo = tmp_path / "a.png"
    photo.write_bytes(photo_file())
    words = (str(photo), "-o", str(tmp_path), "--scale", "1", "--denoise", "0", "--no-collage")
    ended = run(tmp_path, *words)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout == ""
    assert "Clean: left as it is.\n32 × 24, PNG" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert sorted(path.name for path in tmp_path.glob("*.*")) == ["a-darkroom.png", "a.png"]


def test_a_worker_that_cannot_start_is_told_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(enhance, "WORKER_RESTARTS", 0)
    monkeypatch.setenv("DARKROOM_UPSCALER", "no-such-model")
    photo = tmp_path / "a.png"
    photo.write_bytes(photo_file())
    with pytest.raises(ServiceDown, match="worker cannot be started"):
        asyncio.run(enhance.run([photo], tmp_path, PLAIN, as_json=False, log="ERROR"))


def test_without_the_workers_packages_it_says_how_to_get_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(enhance, "worker_installed", lambda: False)
    with pytest.raises(ServiceDown, match="pip install"):
        asyncio.run(enhance.run([tmp_path], tmp_path, PLAIN, as_json=False, log="ERROR"))


async def test_a_borrowed_worker_that_has_gone_is_told(
    client: Client, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDIS_URL", redis_url)
    photo = tmp_path / "a.png"
    photo.write_bytes(photo_file())
    presence = Presence(client)
    await presence.sign("worker", "host-1")
    running = asyncio.create_task(enhance.run([photo], tmp_path, PLAIN, as_json=False, log="ERROR"))
    async with asyncio.timeout(20):
        while not await client.zcard(keys.QUEUE):
            assert not running.done()
            await asyncio.sleep(0.01)
    await presence.leave("worker", "host-1")
    with pytest.raises(ServiceDown, match="`darkroom worker`"):
        await asyncio.wait_for(running, 20)
    assert await client.zcard(keys.QUEUE) == 0  # the photo was taken back
    assert await client.keys("darkroom:out:*") == []
