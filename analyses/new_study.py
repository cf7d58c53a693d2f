"""A commented study file for somebody's own data, with columns proposed from the files."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import pandas as pd

from analyses.study_dynamics import YEARLY_RESILIENCE
from analyses.study_file import study_from_text
from shapefiles.atomic import write_text_atomically
from shapefiles.read_files import existing_file
from shapefiles.read_tables import PARQUET_SUFFIXES, TABLE_SUFFIXES, read_table
from shapefiles.read_values import numbers, without_leading_zeros, years
from spatial.errors import ConfigError, ExportError, InputError, InterurbanError, listed

_YEAR_NAMES = ("year", "years", "yr", "date", "time", "年份", "年")
_LONGITUDE_NAMES = ("longitude", "lon", "lng", "long", "x", "经度")
_LATITUDE_NAMES = ("latitude", "lat", "y", "纬度")
_NAME_WORDS = ("name", "city", "市", "名")


@dataclass(frozen=True)
class Proposal:
    """What the files seem to hold.

    Attributes
    ----------
    city_id, city_name, longitude, latitude : str or None
        Columns of the cities file.
    panel_city, panel_year : str
        Columns of the panel.
    columns : tuple of str
        Columns of numbers in the panel.
    years : tuple of int
    cities_sheet, panel_sheet : str or None
        Sheets of an Excel file.
    """

    city_id: str
    city_name: str | None
    longitude: str | None
    latitude: str | None
    panel_city: str
    panel_year: str
    columns: tuple[str, ...]
    years: tuple[int, ...]
    cities_sheet: str | None = None
    panel_sheet: str | None = None


def write_new_study(
    folder: Path | str, *, cities: Path | str, panel: Path | str, language: str | None = None
) -> Path:
    """Write ``study.toml`` into a new folder.

    Parameters
    ----------
    folder : path
        Made if needed; an existing study file is never replaced.
    cities, panel : path
        The user's files; they stay where they are.
    language : {"en", "zh"}, optional

    Returns
    -------
    Path
        Of the study file.

    Raises
    ------
    ExportError
        If a study file is there already.
    InputError, ConfigError
        If a file cannot be read, or no columns of ids and years can be found in them.
    """
    target = Path(folder) / "study.toml"
    if target.exists():
        raise ExportError(f"{target} exists already and is not replaced; choose another folder.")
    proposal = propose(Path(cities), Path(panel))
    text = study_text(
        proposal,
        cities=_relative(cities, target.parent),
        panel=_relative(panel, target.parent),
        language=language or "en",
    )
    return write_study_text(text, target)


def write_study_text(text: str, target: Path) -> Path:
    """Check the text of a study file and write it, whole or not at all."""
    study_from_text(text, where="the proposed study file")
    return write_text_atomically(target, text)


def propose(cities: Path, panel: Path) -> Proposal:
    """Look into both files and propose their columns.

    The id columns are the pair with the most common values; the year column is the one that holds
    years, by name first.
    """
    table = read_table(panel, role="panel").frame
    year = _year_column(table, panel)
    shapes = _city_table(cities)
    city_id, panel_city = _id_columns(shapes, table, year, cities, panel)
    names = [
        column
        for column in shapes.columns
        if column != city_id
        and any(word in column.lower() for word in _NAME_WORDS)
        and not pd.api.types.is_numeric_dtype(shapes[column])
    ]
    is_table = cities.suffix.lower() in TABLE_SUFFIXES
    columns = [
        column
        for column in table.columns
        if column not in (year, panel_city)
        and str(column).strip().lower() not in (*_LONGITUDE_NAMES, *_LATITUDE_NAMES)
        and _is_numeric(table[column])
    ]
    if not columns:
        raise ConfigError(f"{panel} has no column of numbers besides ids and years.")
    return Proposal(
        city_id=city_id,
        city_name=names[0] if names else None,
        longitude=_named(shapes, _LONGITUDE_NAMES) if is_table else None,
        latitude=_named(shapes, _LATITUDE_NAMES) if is_table else None,
        panel_city=panel_city,
        panel_year=year,
        columns=tuple(columns),
        years=tuple(sorted({int(value) for value in years(table[year], what=str(panel))})),
    )


def _city_table(cities: Path) -> pd.DataFrame:
    """Read the attributes of the cities, without their shapes."""
    existing_file(cities, what="cities")
    suffix = cities.suffix.lower()
    if suffix in PARQUET_SUFFIXES or suffix not in TABLE_SUFFIXES:
        frame = _attributes(cities, suffix)
    else:
        frame = read_table(cities, role="cities").frame
    if frame.columns.empty:
        raise ConfigError(f"{cities} has no attributes, so no column of city ids.")
    return frame


def _attributes(cities: Path, suffix: str) -> pd.DataFrame:
    import pyogrio
    from pyogrio.errors import DataLayerError, DataSourceError

    if suffix in PARQUET_SUFFIXES:
        frame = pd.read_parquet(cities)
        return frame.drop(columns=[c for c in frame.columns if c == "geometry"])
    try:
        return pyogrio.read_dataframe(cities, read_geometry=False)
    except (DataSourceError, DataLayerError, OSError) as error:
        raise InputError(f"{cities} cannot be read as a vector file: {error}.") from None


def _year_column(table: pd.DataFrame, panel: Path) -> str:
    by_name = [c for c in table.columns if str(c).strip().lower() in _YEAR_NAMES]
    for column in [*by_name, *table.columns]:
        try:
            found = years(table[column], what=str(panel))
        except InterurbanError:
            continue
        if found.between(1800, 2200).all():
            return str(column)
    raise ConfigError(
        f"{panel} has no column of years; it has {listed(table.columns, limit=40)}. The panel "
        "needs a row for each city and year, with the year as a number such as 2008."
    )


def _id_columns(
    shapes: pd.DataFrame, table: pd.DataFrame, year: str, cities: Path, panel: Path
) -> tuple[str, str]:
    best, pair = 0, ("", "")
    for left in shapes.columns:
        ours = _texts(shapes[left])
        if len(ours) < len(shapes):  # an id names one city only
            continue
        for right in table.columns:
            if right == year:
                continue
            common = len(ours & _texts(table[right]))
            if common > best:
                best, pair = common, (str(left), str(right))
    if not best:
        raise ConfigError(
            f"No column of {cities} ({listed(shapes.columns, limit=40)}) has values in common with "
            f"a column of {panel} ({listed(table.columns, limit=40)}); both files need the same "
            "city ids."
        )
    return pair


def _texts(cells: pd.Series) -> set[str]:
    """Return ids as text without leading zeros, to recognise columns that Excel has touched."""
    plain = cells.dropna().map(lambda cell: str(cell).removesuffix(".0").strip())
    return {without_leading_zeros(text) for text in plain.unique()}


def _is_numeric(cells: pd.Series) -> bool:
    found, wrong = numbers(cells)
    return not wrong and bool(found.notna().any())


def _named(frame: pd.DataFrame, words: tuple[str, ...]) -> str | None:
    return next((str(c) for c in frame.columns if str(c).strip().lower() in words), None)


def _relative(file: Path | str, folder: Path) -> str:
    """Path from the study's folder; absolute only where there is none (another drive)."""
    try:
        return Path(os.path.relpath(Path(file).resolve(), folder.resolve())).as_posix()
    except ValueError:
        return Path(file).resolve().as_posix()


def _text(value: str) -> str:
    """Quote for TOML; JSON strings are valid TOML basic strings."""
    return json.dumps(value, ensure_ascii=False)


def study_text(proposal: Proposal, *, cities: str, panel: str, language: str) -> str:
    """Write the commented study file."""
    first, last = proposal.years[0], proposal.years[-1]
    middle = proposal.years[len(proposal.years) // 2]
    outcome, rest = proposal.columns[0], proposal.columns[1:4]
    listing = "\n".join(f"#   {column}" for column in proposal.columns)
    optional = [f"sheet = {_text(proposal.cities_sheet)}"] if proposal.cities_sheet else []
    sheet = f"sheet = {_text(proposal.panel_sheet)}\n" if proposal.panel_sheet else ""
    if proposal.city_name:
        optional.append(f"name = {_text(proposal.city_name)}")
    else:
        optional.append('# name = "..."          # column with the names; without it ids are shown')
    if proposal.longitude and proposal.latitude:
        optional += [
            f"longitude = {_text(proposal.longitude)}",
            f"latitude = {_text(proposal.latitude)}",
            'crs = "EPSG:4326"',
        ]
    else:
        optional.append('# crs = "EPSG:4326"     # only if the file does not say it')
    model = _model_text(outcome, rest)
    dynamics = _dynamics_text(proposal)
    template = resources.files("analyses").joinpath("templates/new_study.txt")
    return template.read_text(encoding="utf-8").format(
        language=language,
        cities=_text(cities),
        city_id=_text(proposal.city_id),
        optional="\n".join(optional),
        panel=_text(panel),
        panel_sheet=sheet,
        panel_city=_text(proposal.panel_city),
        panel_year=_text(proposal.panel_year),
        listing=listing,
        first=first,
        last=last,
        middle=middle,
        outcome=_text(outcome),
        model=model,
        dynamics=dynamics,
    )


SHORTEST_PANEL = 4
"""Years from which the proposed study follows clusters over the years."""


def _dynamics_text(proposal: Proposal) -> str:
    """Write the section on dynamics; as comments where the panel is too short for it."""
    columns = f"[{_text(YEARLY_RESILIENCE)}, {_text(proposal.columns[0])}]"
    second = _text(proposal.columns[min(1, len(proposal.columns) - 1)])
    lines = [
        "[dynamics]                      # how values and their clusters change over the years",
        f"columns = {columns}",
        'weights = "nearest 6"',
        f"# years = [{proposal.years[0]}, {proposal.years[-1]}]           # default: all",
        f"# shown_years = [{proposal.years[0]}, {proposal.years[-1]}]     # of maps side by side;"
        " default: four of them",
        'incomplete = "drop"             # cities with gaps: "drop" (and named) or "error"',
        "# Each of these is true (all columns), false, or the columns that are wanted:",
        "moran = true                    # Moran's I of each year",
        "moran_scatter = true            # Moran scatter plots of shown_years",
        "lisa = true                     # local Moran of each year, maps of shown_years",
        "transitions = true              # moves between the LISA quadrants",
        "time_paths = true               # paths through the Moran scatter plot",
        "markov = true                   # Markov and spatial Markov chains, with tests",
        "emerging_hot_spots = true       # new, persistent, diminishing ... hot and cold spots",
        "trends = true                   # Mann-Kendall tests and slopes of each city",
        "ranks = true                    # do cities and their neighbours change places?",
        "densities = true                # distribution of each year",
        "maps = true                     # shown_years on one set of classes",
        f"# ellipse = {second}  # centre and spread of an amount; default: as the nation is made",
        "# markov_classes = 4            # quantile classes; markov_scope: by year, pooled",
        "# window = 1                    # years before that count in emerging hot spots",
        "# permutations = 9999           # default: as in [autocorrelation]",
        "# history_permutations = 999    # of Markov chains and ranks",
    ]
    if len(proposal.years) < SHORTEST_PANEL:
        lines = [f"# {line}" for line in lines]
    return "\n".join(lines)


def _model_text(outcome: str, regressors: tuple[str, ...]) -> str:
    if not regressors:
        return "# no model: the panel has one column only; a model needs an outcome and regressors"
    left, right = _in_formula(outcome), " + ".join(_in_formula(item) for item in regressors)
    first = _text(_in_formula(regressors[0]))
    return (
        "[[models]]\n"
        'name = "spillovers"\n'
        f"formula = {_text(f'{left} ~ {right}')}\n"
        'weights = "nearest 6"           # or several: ["nearest 6", "inverse distance"]\n'
        'specification = "sdm"           # ols, slx, sar, sem, sdm, sdem\n'
        'effects = "two-way"             # pooled, city, year, two-way, random, correlated-random\n'
        "bias_correction = true          # Lee and Yu (2010)\n"
        'covariance = "cluster"          # standard errors by city; or information, sandwich,\n'
        "                                # driscoll-kraay (lags = 2), conley (cutoff_km = 300)\n"
        '# cluster_by = "region"         # clusters of several cities, for "cluster"\n'
        f"# lagged = [{first}]  # spatial lags of these only; not with specification_curve\n"
        'incomplete = "error"            # or "drop": leave cities with gaps out of this model\n'
        "# Questions to ask of the model; take away the # of those that you want answered.\n"
        f"# focus = {first}  # whose spillovers are followed below\n"
        "# ladder = true                 # which specification do the usual tests choose?\n"
        '# compare_weights = ["nearest 6", "inverse distance", "gravity"]  # which fit best?\n'
        '# specifications = ["sar", "sem", "sdm"]  # tried with each of these weights\n'
        '# boundary = { step_km = 100, last_km = 1000, version = ["outer", "ring"] }  # how far?\n'
        '# effects_by = ["region"]       # between groups: needs [groups]\n'
        "# specification_curve = true    # the effect in focus under every other choice\n"
        "# city_effects = true           # map what each city passes on to others\n"
        '# shock = { city = "...", size = -0.1 }  # who is hit? variable = "..." for a regressor'
    )


def _in_formula(column: str) -> str:
    return column if column.isidentifier() else f"`{column}`"
