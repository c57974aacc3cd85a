from training.plan import ORDER
from training.recipes import RECIPES


def test_every_model_comes_after_the_one_it_starts_from() -> None:
    assert set(ORDER) == set(RECIPES)
    done: set[str] = set()
    for name, start in ORDER.items():
        wanted = RECIPES[name].starts_from
        assert start is None or start in done
        assert wanted is None or (start is not None and RECIPES[start].model == wanted)
        done.add(name)
