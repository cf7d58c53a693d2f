"""The data passport on the screen."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from shapefiles.language import label
from shapefiles.study_area import StudyArea
from spatial.options import Language


def print_passport(area: StudyArea, language: Language) -> None:
    """Print what was read, checked, dropped, repaired and left missing."""
    console = Console()
    passport = area.passport.to_frame(language)
    table = Table(title=label("passport_title", language), title_justify="left", show_lines=False)
    for column in passport.columns:
        table.add_column(str(column), overflow="fold")
    before = None
    for section, item, value in passport.itertuples(index=False, name=None):
        if before is not None and section != before:
            table.add_section()
        # Names come from the user's files: they are text, never markup.
        table.add_row(Text(section if section != before else ""), Text(str(item)), Text(str(value)))
        before = section
    console.print(table)
