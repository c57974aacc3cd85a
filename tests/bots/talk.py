"""What a person does in a chat, and the one job that comes of it."""

from bots.conversation import Lab
from bots.desk import Press
from core.buttons import Buttons, Choice
from core.jobs import Job
from tests.doubles.desk import RecordingDesk


async def only_job(lab: Lab) -> Job:
    (job,) = await lab.queue.owed("test")
    return job


def press(desk: RecordingDesk, button: str, choice: Choice, user: str = "ann") -> Press:
    return Press(Buttons.data(button, choice), desk.request(user=user), {"status": 1})
