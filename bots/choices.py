"""The buttons that hang under status messages and answers."""

from collections.abc import Iterator, Sequence

from bots.desk import Button, Rows
from core import captions
from core.buttons import Buttons, Choice
from core.jobs import Enhanced, Reply, StageName
from core.language import _
from core.recipe import Preset

_SCALES = {Choice.TWICE: 2, Choice.FOURFOLD: 4}


def cancel_button(job_id: str) -> Button:
    """The button under a status message."""
    return _button(job_id, Choice.CANCEL)


def answer_buttons(reply: Reply) -> Rows:
    """The rows of buttons under an answer: what would have been the other choices, and why."""
    photos = [result for result in reply.results if isinstance(result, Enhanced)]
    rows = (
        (*(choice for choice in _SCALES if _other_size(photos, _SCALES[choice])), Choice.ORIGINAL),
        (Choice.SOFTER, Choice.STRONGER, Choice.WHY),
        tuple(_others(reply, photos)),
    )
    return tuple(tuple(_button(reply.job, choice) for choice in row) for row in rows if row)


def _other_size(photos: Sequence[Enhanced], scale: int) -> bool:
    return any(photo.width != scale * photo.source_width for photo in photos)


def _others(reply: Reply, photos: Sequence[Enhanced]) -> Iterator[Choice]:
    """What the lab decided by itself, the other way round."""
    done = {step.stage for photo in photos for step in photo.steps if step.done}
    if StageName.LIGHT in done:
        yield Choice.NO_LIGHT
    elif reply.recipe.light == 0:
        yield Choice.LIGHT
    if StageName.FACES in done:
        yield Choice.NO_FACES
    preset = reply.recipe.preset
    if preset in (Preset.AUTO, Preset.ART) and any(photo.drawn for photo in photos):
        yield Choice.PHOTO
    if preset is Preset.AUTO and any(photo.doubtful for photo in photos):
        yield Choice.ART


def _button(job_id: str, choice: Choice) -> Button:
    return Button(_(captions.LABELS[choice]), Buttons.data(job_id, choice))
