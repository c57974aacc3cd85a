"""A photo through the pipeline with nothing but what a test asks for, and its steps."""

from core.jobs import StageName, Step
from core.recipe import Recipe
from tests.worker.networks import Lab
from worker.imaging.photo import Photo
from worker.pipeline import Outcome, enhance


def run(lab: Lab, source: Photo, **wishes: object) -> Outcome:
    recipe = Recipe.model_validate({"light": 0, "sharpen": 0, "grain": 0} | wishes)
    return enhance(source, recipe, lab.models, lab.engine)


def step_of(outcome: Outcome, stage: StageName) -> Step:
    (step,) = [step for step in outcome.steps if step.stage is stage]
    return step
