import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from core.jobs import Enhanced, Failed, Job, PhotoRef, Progress, Reply, StageName, Step
from core.jobs import UnknownVersion as OtherForm
from core.recipe import Recipe
from tests.doubles.jobs import enhanced, job, reply

TEXTS = st.text(max_size=20)
RESULTS = st.builds(Failed, code=TEXTS, text=TEXTS, source_name=TEXTS) | st.builds(
    Enhanced,
    key=TEXTS,
    name=TEXTS,
    media_type=TEXTS,
    bytes=st.integers(0, 10**12),
    width=st.integers(1, 10**5),
    height=st.integers(1, 10**5),
    source_name=TEXTS,
    source_width=st.integers(1, 10**5),
    source_height=st.integers(1, 10**5),
    steps=st.lists(
        st.builds(
            Step,
            stage=st.sampled_from(StageName),
            done=st.booleans(),
            strength=st.none() | st.integers(0, 100),
            reason=TEXTS,
        ),
        max_size=4,
    ).map(tuple),
    notes=st.lists(TEXTS, max_size=3).map(tuple),
    collage=st.none() | TEXTS,
    seconds=st.floats(0, 1e6),
)


@given(st.lists(RESULTS, max_size=4).map(tuple), TEXTS)
def test_a_reply_comes_back_from_json_as_it_was(
    results: tuple[Enhanced | Failed, ...], name: str
) -> None:
    sent = Reply(job=name, platform="p", user=name, address={"chat": 5, "x": None}, results=results)
    assert Reply.from_json(sent.to_json()) == sent


@given(st.floats(0, 1e11), st.floats(0, 1e11), TEXTS)
def test_a_job_comes_back_from_json_as_it_was(created: float, deadline: float, name: str) -> None:
    sent = job(created=created, deadline=deadline, photos=(PhotoRef(key="k", name=name),))
    assert Job.from_json(sent.to_json()) == sent


def test_a_record_is_one_line_of_plain_json() -> None:
    record = job().to_json()
    assert "\n" not in record
    assert json.loads(record)["recipe"]["preset"] == "auto"


@pytest.mark.parametrize("record", ["", "{}", "[]", "null", "\x80\x04K\x01.", '{"v":1}'])
def test_what_is_no_job_is_told_as_another_form(record: str) -> None:
    with pytest.raises(OtherForm):
        Job.from_json(record)


def test_a_job_of_a_later_version_is_told_as_another_form() -> None:
    later = json.loads(job().to_json()) | {"v": 2}
    with pytest.raises(OtherForm):
        Job.from_json(json.dumps(later))


def test_fields_that_a_later_version_adds_do_not_hurt() -> None:
    more = json.loads(job().to_json()) | {"colour": "blue"}
    assert Job.from_json(json.dumps(more)) == job()


def test_a_job_has_at_least_one_photo() -> None:
    with pytest.raises(ValidationError):
        job(photos=())


def test_a_failure_tells_every_photo_and_those_turned_down_before() -> None:
    refused = Failed(code="broken", text="Broken.", source_name="b.png")
    failure = Reply.failure(job(refused=(refused,)), "lost", "Lost.")
    assert failure.results == (
        Failed(code="lost", text="Lost.", source_name="a.png"),
        refused,
    )
    assert failure.address == job().address


def test_the_keys_of_a_reply_are_files_and_collages() -> None:
    told = reply(
        results=(
            enhanced(key="one", collage="two"),
            Failed(code="x", text="y"),
            enhanced(key="three"),
        )
    )
    assert told.blob_keys() == ("one", "two", "three")


def test_values_are_frozen() -> None:
    with pytest.raises(ValidationError):
        Progress().photo = 3
    assert job(recipe=Recipe(scale=2)) != job()
