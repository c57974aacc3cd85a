"""Records of another version of Darkroom: enough of them can be read to say so."""

import json

from core.jobs import Failed, Reply, UnknownVersion
from core.language import N_, _, matching, speaking

OTHER_VERSION = N_("The lab was being updated just then. Please send the photo again.")


def refusal(record: str | None, *, job_id: str | None = None) -> Reply:
    """The reply that tells in a sentence that a job or a reply is of another version.

    It needs the fields that all versions have: platform, user and address, and the job's id
    unless `job_id` is given. Raises UnknownVersion when they are not there.
    """
    try:
        fields = dict(json.loads(record or ""))
        language = matching(str(fields.get("language", "")))
        with speaking(language):
            failed = Failed(code="other_version", text=_(OTHER_VERSION))
        return Reply(
            job=fields["job"] if job_id is None else job_id,
            platform=fields["platform"],
            user=fields["user"],
            address=fields["address"],
            language=language,
            results=(failed,),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise UnknownVersion(f"no address: {type(error).__name__}") from error


def photos(record: str | None) -> int:
    """How many photos a job of another version has, and so places of the person; at least 1."""
    try:
        return max(1, len(dict(json.loads(record or ""))["photos"]))
    except (KeyError, TypeError, ValueError):
        return 1
