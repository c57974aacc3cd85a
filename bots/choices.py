"""The buttons that hang under status messages and answers."""

from bots.desk import Button
from core import captions
from core.buttons import Buttons, Choice
from core.language import _

_ROWS = (
    (Choice.TWICE, Choice.FOURFOLD, Choice.ORIGINAL),
    (Choice.SOFTER, Choice.STRONGER),
)


def cancel_button(job_id: str) -> Button:
    """The button under a status message."""
    return Button(_(captions.CANCEL), Buttons.data(job_id, Choice.CANCEL))


def answer_buttons(job_id: str) -> tuple[tuple[Button, ...], ...]:
    """The rows of buttons under an answer: the choices that would have been the other ones."""
    return tuple(
        tuple(Button(_(captions.LABELS[choice]), Buttons.data(job_id, choice)) for choice in row)
        for row in _ROWS
    )
