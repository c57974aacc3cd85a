from bots.choices import answer_buttons, cancel_button
from core.buttons import Choice


def test_every_choice_hangs_under_an_answer_but_cancel_under_a_status() -> None:
    rows = answer_buttons("f" * 24)
    words = [button.data.partition(":")[2] for row in rows for button in row]
    assert set(words) == set(Choice) - {Choice.CANCEL}
    assert cancel_button("job").data == "job:cancel"


def test_the_data_of_a_button_fit_every_platform() -> None:
    for row in answer_buttons("f" * 24):
        for button in row:
            assert 0 < len(button.data.encode()) <= 64
            assert button.label
