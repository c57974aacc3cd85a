"""Makes `import spandrel` work where torchvision's compiled operators do not fit the torch at hand.

spandrel imports torchvision for two plain functions; torchvision in turn registers fake kernels for
its operators `nms` and `qnms` while it is imported, which fails with "operator torchvision::nms
does not exist" when its compiled library was built for another torch (a CPU-only torch beside the
registry's torchvision). Neither operator is ever called by this project.
"""

import importlib.machinery
import importlib.util
import sys
from pathlib import Path

import torch

__all__ = ["declare_missing_operators"]

_SCHEMA = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
_declared: list[
    torch.library.Library
] = []  # A library that is collected takes its operators along.


def declare_missing_operators() -> None:
    """Declare torchvision's `nms` and `qnms` without kernels if its own library cannot bring them.

    Call it before the first import of torchvision or spandrel; further calls do nothing. Where
    torchvision's library loads, nothing is declared and its own operators stay in use.
    """
    if "torchvision" in sys.modules or _declared or _own_library_loads():
        return
    library = torch.library.Library("torchvision", "DEF")  # type: ignore[no-untyped-call]
    for name in ("nms", "qnms"):
        library.define(name + _SCHEMA)  # type: ignore[no-untyped-call]
    _declared.append(library)


def _own_library_loads() -> bool:
    """Whether torchvision's compiled library, found without importing it, fits this torch."""
    package = importlib.util.find_spec("torchvision")
    if package is None or package.origin is None:
        return False
    loader = (importlib.machinery.ExtensionFileLoader, importlib.machinery.EXTENSION_SUFFIXES)
    finder = importlib.machinery.FileFinder(str(Path(package.origin).parent), loader)
    compiled = finder.find_spec("_C")
    if compiled is None or compiled.origin is None:
        return False
    try:
        torch.ops.load_library(compiled.origin)  # type: ignore[no-untyped-call]
    except OSError:
        return False
    return True
