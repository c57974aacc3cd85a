"""The values that cross Redis as JSON: jobs on the way in, replies on the way back."""

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.language import ENGLISH
from core.recipe import PLAIN, Recipe

VERSION: Literal[1] = 1

Scalar = str | int | float | bool | None
Address = dict[str, Scalar]


class UnknownVersion(ValueError):
    """The record was written by a version of Darkroom that speaks another form."""


class Value(BaseModel):
    # Inputs hold chats and file names, and errors end up in logs.
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    def to_json(self) -> str:
        """This value as one line of JSON."""
        return self.model_dump_json()

    @classmethod
    def from_json(cls, data: str | bytes) -> Self:
        """The value back from its JSON; raises UnknownVersion if it is not of this form."""
        try:
            return cls.model_validate_json(data)
        except ValidationError as error:
            raise UnknownVersion(f"{cls.__name__}: {error.error_count()} fields differ") from error


class PhotoRef(Value):
    """One photo of a job: where its bytes lie and what the sender's file was called."""

    key: str
    name: str = "photo"


class Failed(Value):
    """A photo that was not enhanced, with a sentence that is safe to show."""

    kind: Literal["failed"] = "failed"
    code: str
    text: str
    source_name: str = "photo"


class Job(Value):
    """A request on its way to the worker; `address` is read by the platform's adapter alone.

    `max_bytes` is the largest file that the platform can send back. Times are Unix seconds;
    a reply that has not come by `deadline` is given up with a sentence. `refused` are photos of the
    same request that were turned down at the door and are told with the others. `language` is the
    code that the answer is written in.
    """

    v: Literal[1] = VERSION
    id: str
    platform: str
    user: str
    community: str | None = None
    address: Address
    photos: tuple[PhotoRef, ...] = Field(min_length=1)
    refused: tuple[Failed, ...] = ()
    recipe: Recipe = PLAIN
    language: str = ENGLISH
    max_bytes: int = Field(gt=0)
    created: float
    deadline: float


class StageName(StrEnum):
    """The steps of the work, in their order."""

    DENOISE = "denoise"
    LIGHT = "light"
    FACES = "faces"
    UPSCALE = "upscale"
    SHARPEN = "sharpen"
    GRAIN = "grain"


class Step(Value):
    """What became of one stage: run or left out, how strongly (0–100), by which model, and why."""

    stage: StageName
    done: bool
    strength: int | None = None
    model: str | None = None
    reason: str = ""


class Enhanced(Value):
    """A photo that was enhanced: the file's key in the blob store and the figures to tell.

    `findings` say in a few words what was seen in the photo, `measured` the figures behind them;
    `drawn` is a picture that was taken for a drawing or a screenshot, `doubtful` a photo that may
    be one.
    `seconds` is the work on it, opening and saving included, `model_seconds` its stages alone.
    """

    kind: Literal["enhanced"] = "enhanced"
    key: str
    name: str
    media_type: str
    bytes: int
    width: int
    height: int
    source_name: str
    source_width: int
    source_height: int
    findings: tuple[str, ...] = ()
    measured: tuple[str, ...] = ()
    drawn: bool = False
    doubtful: bool = False
    steps: tuple[Step, ...] = ()
    notes: tuple[str, ...] = ()
    collage: str | None = None
    seconds: float
    model_seconds: float = 0.0


Result = Annotated[Enhanced | Failed, Field(discriminator="kind")]


class Reply(Value):
    """The answer to a job, one result a photo in the order they were sent."""

    v: Literal[1] = VERSION
    job: str
    platform: str
    user: str
    address: Address
    recipe: Recipe = PLAIN
    language: str = ENGLISH
    results: tuple[Result, ...]

    def blob_keys(self) -> tuple[str, ...]:
        """Every key in the blob store that this reply holds."""
        enhanced = [result for result in self.results if isinstance(result, Enhanced)]
        return tuple(
            key for result in enhanced for key in (result.key, result.collage) if key is not None
        )

    @classmethod
    def failure(cls, job: Job, code: str, text: str) -> Self:
        """The reply that tells the same sentence for every photo of a job."""
        return cls(
            job=job.id,
            platform=job.platform,
            user=job.user,
            address=job.address,
            recipe=job.recipe,
            language=job.language,
            results=(
                *(Failed(code=code, text=text, source_name=photo.name) for photo in job.photos),
                *job.refused,
            ),
        )


class Progress(Value):
    """How far a running job is: the photo at work, its stage and the fraction 0–1 of that stage."""

    photo: int = 1
    photos: int = 1
    stage: str = ""
    fraction: float = 0.0
