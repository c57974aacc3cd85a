import json

import pytest

from core import answers, versions
from core.jobs import UnknownVersion
from core.versions import photos, refusal
from tests.doubles.jobs import job, reply


def test_a_job_and_a_reply_of_another_version_are_told_to_their_address() -> None:
    strange = job(photos=job().photos * 3).model_dump(mode="json") | {"v": 2, "recipe": 7}
    told = refusal(json.dumps(strange), job_id="job-1")
    assert (told.job, told.platform, told.user, told.address) == (
        *("job-1", "test", "ann"),
        {"chat": 7, "status": 9},
    )
    assert photos(json.dumps(strange)) == 3
    assert answers.caption(told) == versions.OTHER_VERSION
    assert refusal(json.dumps(reply().model_dump(mode="json") | {"v": 2})).job == "job-1"


@pytest.mark.parametrize(
    "record",
    [
        *(None, "", "not json", "[]", "7", "{}"),
        '{"platform":"test","user":"ann","address":{"chat":7}}',
        '{"job":"a","platform":"test","user":"ann","address":7}',
    ],
)
def test_a_record_without_an_address_cannot_be_answered(record: str | None) -> None:
    with pytest.raises(UnknownVersion):
        refusal(record)
    assert photos(record) == 1
