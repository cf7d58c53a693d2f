"""Reference cases: each module ``case_*.py`` gives one, found by its name, in order.

To add a case, add a module with a function ``case(reference: Path) -> Case``, where ``reference``
is the folder that holds the folders of all cases.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path

from conformance_cases.comparison import Case


def run_cases(reference: Path) -> Iterator[Case]:
    """Run every case in the order of its module's name.

    Parameters
    ----------
    reference : Path
        Folder of the reference cases.

    Yields
    ------
    Case
    """
    for name in sorted(module.name for module in pkgutil.iter_modules(__path__)):
        if name.startswith("case_"):
            yield importlib.import_module(f"{__name__}.{name}").case(reference)
