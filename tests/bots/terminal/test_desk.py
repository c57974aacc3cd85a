from pathlib import Path

import pytest

from bots.desk import Answer, Button, Feature, File, Steps
from bots.terminal.desk import TerminalDesk
from core.errors import PhotoRefused
from core.jobs import Failed
from tests.doubles.jobs import enhanced, reply

SHOWN: list[tuple[Path, str]] = []


@pytest.fixture
def desk(tmp_path: Path) -> TerminalDesk:
    SHOWN.clear()
    return TerminalDesk(tmp_path, lambda photo, text: SHOWN.append((photo, text)))


async def _record(name: str, outcome: str) -> None:
    return None


STEPS = Steps({}, _record)


def answer(name: str = "a-darkroom.png") -> Answer:
    result = enhanced(name=name)
    return Answer(reply(results=(result,)), "Enhanced.", (File(result, b"file", b"collage"),))


def written(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


async def test_an_answer_becomes_files(desk: TerminalDesk, tmp_path: Path) -> None:
    photo = Path("here/a.png")
    for _ in range(2):  # a repeated delivery changes nothing
        await desk.deliver({"photo": str(photo)}, answer(), STEPS)
    await desk.answered(photo)
    outcome = desk.outcomes[photo]
    assert outcome.ok
    assert (outcome.file, outcome.collage) == (
        tmp_path / "a-darkroom.png",
        tmp_path / "a-darkroom-collage.jpg",
    )
    assert written(tmp_path) == {
        "a-darkroom.png": b"file",
        "a-darkroom-collage.jpg": b"collage",
    }


async def test_photos_of_one_name_do_not_overwrite_each_other(
    desk: TerminalDesk, tmp_path: Path
) -> None:
    for folder in ("one", "two", "three", "one"):
        await desk.deliver({"photo": f"{folder}/a.png"}, answer(), STEPS)
    assert set(written(tmp_path)) == {
        f"a-darkroom{number}{end}"
        for number in ("", "-2", "-3")
        for end in (".png", "-collage.jpg")
    }


async def test_a_name_with_a_path_in_it_stays_in_the_folder(
    desk: TerminalDesk, tmp_path: Path
) -> None:
    await desk.deliver({"photo": "a.png"}, answer("../../evil.png"), STEPS)
    assert desk.outcomes[Path("a.png")].file == tmp_path / "evil.png"


async def test_a_result_that_cannot_be_written_is_told_at_once(tmp_path: Path) -> None:
    full = TerminalDesk(tmp_path / "missing", lambda photo, text: None)
    await full.deliver({"photo": "a.png"}, answer(), STEPS)
    outcome = full.outcomes[Path("a.png")]
    assert not outcome.ok
    assert "No such file or directory" in outcome.text


async def test_a_failed_photo_has_its_sentence(desk: TerminalDesk) -> None:
    failed = Failed(code="broken", text="Broken.")
    await desk.deliver({"photo": "a.png"}, Answer(reply(results=(failed,)), "Broken.", ()), STEPS)
    outcome = desk.outcomes[Path("a.png")]
    assert (outcome.ok, outcome.text, outcome.result) == (False, "Broken.", failed)


async def test_a_fleeting_text_goes_on_and_any_other_is_the_last_word(
    desk: TerminalDesk,
) -> None:
    address = await desk.open_status({"photo": "a.png"}, "Looking…")
    await desk.update_status(address, "Queued.", [[Button("Cancel", "x:cancel")]], fleeting=True)
    assert not desk.outcomes
    await desk.update_status(address, "No photo.")
    assert desk.outcomes[Path("a.png")].text == "No photo."
    assert [text for _, text in SHOWN] == ["Looking…", "Queued.", "No photo."]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("missing.png", "no such file"),
        (".", "a folder, not a photo"),
        ("x" * 300, "File name too long"),
    ],
)
async def test_what_cannot_be_read_is_a_sentence(
    desk: TerminalDesk, tmp_path: Path, name: str, sentence: str
) -> None:
    attachment = desk.attachment(str(tmp_path / name))
    assert attachment.size is None
    with pytest.raises(PhotoRefused, match=sentence):
        await attachment.fetch()


def test_every_run_is_a_platform_of_its_own(tmp_path: Path) -> None:
    names = {TerminalDesk(tmp_path, lambda photo, text: None).platform for _ in range(20)}
    assert len(names) == 20


async def test_a_terminal_lacks_what_only_a_chat_has(desk: TerminalDesk) -> None:
    assert set(desk.lacks) == set(Feature)
    assert await desk.unseen({"photo": "a.png"}) is None
