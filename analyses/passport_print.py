"""The data passport on the screen."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from shapefiles.language import label
from shapefiles.study_area import Passport
from spatial.options import Language


def print_passport(passport: Passport, language: Language) -> None:
    """Print what was read, checked, dropped, repaired and left missing."""
    console = Console()
    rows = passport.to_frame(language)
    table = Table(title=label("passport_title", language), title_justify="left", expand=True)
    for column, ratio in zip(rows.columns, (2, 3, 6), strict=True):
        table.add_column(label(f"passport_{column}", language), overflow="fold", ratio=ratio)
    before = None
    for section, item, value in rows.itertuples(index=False, name=None):
        if before is not None and section != before:
            table.add_section()
        # Names come from the user's files: they are text, never markup.
        table.add_row(Text(section if section != before else ""), Text(str(item)), Text(str(value)))
        before = section
    console.print(table)
