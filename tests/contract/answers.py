"""What an answer has to look like, whatever the platform."""

from tests.contract.bench import COLLAGE, Made
from tests.contract.platform import Person, Platform, Seen


def files(person: Person) -> list[bytes]:
    """Every file of the bot that a person can download, oldest first."""
    return [data for seen in person.sees() for data in seen.files]


def pictures(person: Person) -> list[tuple[int, int]]:
    """Every picture of the bot that a person looks at, by its size."""
    return [size for seen in person.sees() for size in seen.pictures]


def words(person: Person) -> list[str]:
    """The texts of the bot that stand there."""
    return [seen.text for seen in person.sees() if seen.text]


def speaks(person: Person, text: str) -> bool:
    """Whether the bot has told a person this, among other words or alone."""
    return any(text in told for told in person.told())


def captioned(person: Person, made: Made) -> Seen:
    """The message with the caption of an answer."""
    (found,) = [seen for seen in person.sees() if seen.text == made.caption]
    return found


def stands(person: Person, *answers: Made, comparisons: int | None = None) -> bool:
    """Whether exactly these answers stand there: captions, the very bytes, the comparisons."""
    due = sum(made.collages for made in answers) if comparisons is None else comparisons
    return (
        sorted(words(person)) == sorted(made.caption for made in answers)
        and sorted(files(person)) == sorted(data for made in answers for data in made.files)
        and pictures(person) == [COLLAGE] * due
    )


async def shown(platform: Platform, person: Person, *answers: Made) -> None:
    """Wait until exactly these answers stand there."""
    await platform.until(lambda: stands(person, *answers))
