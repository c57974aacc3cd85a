"""The short storm; `make chaos` is the long one."""

from pathlib import Path

from tests.chaos.battle import Plan, fight

SHORT = Plan(photos=40, blows=6, seconds=8.0, seed=2)


async def test_whatever_is_killed_every_photo_is_answered_once(tmp_path: Path) -> None:
    report = await fight(SHORT, tmp_path)
    assert report.broken == {}, report.table()
    assert len(report.hits) == SHORT.blows
    enhanced = [
        photo
        for photo in report.photos.values()
        if any(event.kind == "file" for event in photo.events)
    ]
    assert len(enhanced) > SHORT.photos / 2, report.table()
