"""How well models restore photos and faces, against the plain ways and each other.

    python -m benchmarks.quality --images DIR [--faces DIR --landmarks FILE] [--json FILE]

Every clean photo is made poor in fixed, seeded ways and restored by every model at hand: those
shipped and installed, or those named by `--model`. Results are compared as 8-bit pictures, a border
of four pixels left out. `--faces` is a folder of aligned faces for two more tasks: `faces` restores
them, `finders` sets them into the face-free ones of the photos and looks for them.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import torch

from benchmarks.quality.damage import TASKS
from benchmarks.quality.faces import FaceRow, measure_faces
from benchmarks.quality.finders import FinderRow, face_free, measure_finders
from benchmarks.quality.methods import gather
from benchmarks.quality.photos import measure, readable
from benchmarks.quality.table import Report, merged, read, refresh, tables, write
from core.errors import DarkroomError
from core.settings import WorkerSettings
from weights.store import WeightsStore
from worker.engine import Engine
from worker.faces import FaceFinder

__all__ = ["main"]

_FACE_TASKS = ("faces", "finders")

_MANNER = ", by `python -m benchmarks.quality`; PSNR in dB, 4 pixels of border left out."
_LANDMARKS = (
    "Landmarks are those that {judge} finds, compared with those of the clean face in percent of "
    "its eye distance; clean faces without a find, not counted: {without}. *Of bicubic's* compares "
    "only faces that were found both ways; *unseen* faces are found when clean and not "
    "in the result; *untouched* ones the face stage left as they were."
)
_FINDERS = (
    "Photos that show a head or a likeness of one were left out for the finders: {left_out}. "
    "Point errors are in percent of the eye distance; *surplus* finds fit no face that was set in."
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the process's exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if not options.figures and not options.images:
        parser.error("--images or --figures is needed")
    if options.figures:
        content = merged([read(path) for path in options.figures])
    else:
        torch.set_num_threads(options.threads)
        try:
            content = _measured(options).content()
        except DarkroomError as error:
            parser.error(str(error))
        if options.json is not None:
            write(content, options.json)
    print(tables(content))
    if options.markdown is not None:
        refresh(options.markdown, content)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.quality",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    names = [*(task.name for task in TASKS), *_FACE_TASKS]
    add = parser.add_argument
    add("--images", type=Path, help="folder of clean photos")
    add("--faces", type=Path, help="folder of clean faces, aligned to the usual template")
    add("--landmarks", type=Path, metavar="FILE", help="YuNet model that judges restored faces")
    add("--model", action="append", default=[], help="weights file or catalog name; repeatable")
    add("--task", choices=names, action="append", help="all by default; repeatable")
    add("--limit", type=int, help="measure only so many photos and faces")
    add("--shows-face", action="append", default=[], metavar="STEM", help="photo that shows faces")
    add("--threads", type=int, default=torch.get_num_threads())
    add("--device", default="auto", help="auto, cpu, cuda or cuda:N")
    add("--json", type=Path, help="also write the figures to this file")
    add("--figures", type=Path, action="append", help="show such files again, as one")
    add("--markdown", type=Path, help="also refresh the tables of this document")
    return parser


def _measured(options: argparse.Namespace) -> Report:
    wanted = options.task or [*(task.name for task in TASKS), *_FACE_TASKS]
    photos = readable(options.images, options.limit)
    if not photos:
        raise DarkroomError(f"No readable PNG or JPEG lies in {options.images}.")
    faces = readable(options.faces, options.limit) if options.faces else []
    store = WeightsStore(WorkerSettings.load().weights)
    bench = gather(store, Engine(options.device), options.model)
    rows = tuple(measure(photos, bench, [task for task in TASKS if task.name in wanted]))
    about = f"Means over {len(photos)} photos of `{_place(options.images)}`"
    if not faces:
        return Report(f"{about}{_MANNER}", rows)
    about += f" and {len(faces)} faces of `{_place(options.faces)}`"
    notes: list[str] = []
    restored: list[FaceRow] = []
    found: list[FinderRow] = []
    if "faces" in wanted:
        judge = None if options.landmarks is None else FaceFinder(options.landmarks)
        restored, without = measure_faces(faces, bench, judge)
        if judge is not None:
            notes.append(_LANDMARKS.format(judge=options.landmarks.stem, without=without))
    if "finders" in wanted and bench.finders:
        backgrounds = face_free(photos, options.shows_face)
        notes.append(_FINDERS.format(left_out=len(photos) - len(backgrounds)))
        found = measure_finders(faces, backgrounds, bench.finders)
    return Report(f"{about}{_MANNER}", rows, restored, found, notes)


def _place(folder: Path) -> str:
    return "/".join(folder.parts[-2:])


if __name__ == "__main__":
    raise SystemExit(main())
