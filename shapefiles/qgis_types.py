"""What a QGIS project is told to show: themes, pages to print, atlases, joins and relations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Orientation = Literal["landscape", "portrait", "auto"]


@dataclass(frozen=True, kw_only=True)
class Theme:
    """A combination of layers to look at.

    Attributes
    ----------
    name : str
    shown : tuple of str
        What is visible: ``"table"`` (its default style) or ``"table/style"``, from the top.
        Tables marked as context are added below by themselves.
    """

    name: str
    shown: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Layout:
    """A page to print.

    Attributes
    ----------
    name : str
    theme : str
        Name of the theme that its map follows.
    title, subtitle : str
        Head of the page; ``name`` when the title is empty.
    note : str
        Foot of the page: source, method, projection.
    page : {"A4", "A3"}
    orientation : {"landscape", "portrait", "auto"}
        "auto": the one on which the area is drawn larger.
    approval : str
        Approval number of the base map, for the lower right corner of the page.
    atlas : Atlas or None
        A page for each row of a table.
    """

    name: str
    theme: str
    title: str = ""
    subtitle: str = ""
    note: str = ""
    page: str = "A4"
    orientation: Orientation = "auto"
    approval: str = ""
    atlas: Atlas | None = None


@dataclass(frozen=True, kw_only=True)
class Atlas:
    """A page for each feature of a layer (zoomed to it), or for each year.

    Attributes
    ----------
    table : str
        Layer of areas, or attribute table with a row for each year. In a theme, the layer of areas
        fades on each page the areas that are not its own, and outlines its own.
    name : str
        Its column that names the page; the name follows the title of the page.
    year : str
        Its column of years: the maps of a page show the temporal layers in that year only. Empty:
        the main map of a page is zoomed to the area instead.
    order : str
        Its column that orders the pages; by default ``name``.
    margin : float
        Room around the area, as a share of its size.
    insets : str
        Its column with the numbers of the insets (from 1) that belong to the area, such as
        ``"1,2"``; other insets stay off the page. Empty: all insets stay.
    """

    table: str
    name: str
    year: str = ""
    order: str = ""
    margin: float = 0.08
    insets: str = ""


@dataclass(frozen=True, kw_only=True)
class Join:
    """Columns of one table shown in another one, row by row, by id.

    Attributes
    ----------
    table, field : str
        The layer that receives the columns, and its id column.
    from_table, from_field : str
        Where they come from, and its id column, in which every id stands once.
    columns : tuple of str
        By default all but the ids.
    prefix : str
        Before the names of the fields, so that they differ from those of ``table``.
    title : str
        Before the wording of the fields.
    """

    table: str
    from_table: str
    field: str = "city_id"
    from_field: str = "city_id"
    columns: tuple[str, ...] = ()
    prefix: str
    title: str = ""


@dataclass(frozen=True, kw_only=True)
class Relation:
    """A field of one table that names a row of another.

    Attributes
    ----------
    name : str
    table, field : str
        The table that refers, and its column, such as links and ``from_id``.
    to_table, to_field : str
        The table referred to, and its id column.
    """

    name: str
    table: str
    field: str
    to_table: str
    to_field: str = "city_id"
