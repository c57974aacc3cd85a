import pytest

from core import errors


def kinds() -> list[type[errors.DarkroomError]]:
    return errors.DarkroomError.__subclasses__()


@pytest.mark.parametrize("kind", kinds())
def test_every_kind_has_a_sentence_and_a_name_of_its_own(kind: type[errors.DarkroomError]) -> None:
    error = kind("Something to read.")
    assert (error.text, str(error)) == ("Something to read.", "Something to read.")
    assert kind.code != errors.DarkroomError.code
    assert kind.__name__ in (errors.__doc__ or "")


def test_a_remedy_is_for_the_operator_alone() -> None:
    error = errors.ModelUnavailable("It is damaged.", remedy="Run this.")
    assert (error.text, str(error)) == ("It is damaged.", "It is damaged. Run this.")


def test_a_code_can_be_more_precise_than_its_kind() -> None:
    assert errors.PhotoRefused("Empty.", code="empty").code == "empty"
    assert errors.PhotoRefused("Empty.").code == "photo_refused"
    assert errors.Cancelled().code == "cancelled"
