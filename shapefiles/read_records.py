"""Open records that need not fit in memory: Parquet, CSV and tables of databases, through ibis."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from networks.flow_record_queries import required_ibis
from shapefiles.read_files import existing_file
from spatial.errors import ConfigError, InputError, listed
from spatial.options import RecordEngine, checked_option

_PARQUET = (".parquet", ".pq")
_CSV = (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".txt.gz")
_DATABASE = (".duckdb", ".ddb")
_POLL_SECONDS = 0.2


def open_records(
    source: str | Path | Sequence[str | Path],
    *,
    table: str | None = None,
    engine: RecordEngine = "duckdb",
    connection: Any = None,
    text: Iterable[str] = (),
) -> Any:
    """Open records for ``networks.flow_network_from_records``; nothing is read into memory.

    Parameters
    ----------
    source : str, Path or sequence of them
        Parquet files, CSV files (comma, semicolon or tab; also gzipped), a pattern such as
        ``"trips/*.parquet"``, a folder of Parquet files, a DuckDB database, or the address of
        another database that ibis knows, such as ``"postgres://user@host/name"``. With
        ``connection`` also None.
    table : str, optional
        Table in the database.
    engine : {"duckdb", "spark"}
        Who works: DuckDB inside this process, or Spark (the active session, or one on this
        machine).
    connection : ibis backend, optional
        Any other engine, connected by ibis.
    text : iterable of str
        Columns to read as text, so that ids such as ``"010100"`` keep their zeros.

    Returns
    -------
    ibis.Table

    Raises
    ------
    InputError
        If files are missing, unreadable or of an unknown kind, or the table is not there.
    ConfigError
        If the engine is not installed; the message names the extra.

    Examples
    --------
    >>> from networks import flow_network_from_records
    >>> from shapefiles.example import example_area, example_files
    >>> links = open_records(example_files()["air_links"], text=["origin", "destination"])
    >>> network = flow_network_from_records(
    ...     links, example_area(complete_only=False).cities, flow="airlines", unknown="drop")
    >>> network.n_links > 1000
    True
    """
    checked_option(engine, RecordEngine, name="engine")
    wanted = [text] if isinstance(text, str) else list(text)
    address = str(source) if isinstance(source, str | Path) else ""
    if "://" in address:
        return _as_text(_table_of(_connected(address), table, address), wanted, address)
    if address.lower().endswith(_DATABASE):
        file = existing_file(address, what="records")
        return _as_text(_table_of(_connected(f"duckdb://{file}"), table, file.name), wanted, file)
    backend = connection if connection is not None else _backend(engine)
    if table is not None:
        return _as_text(_table_of(backend, table, "the connection"), wanted, table)
    files, kind = _files(source)
    name = f"{files[0]}" if len(files) == 1 else f"{len(files)} files"
    try:
        found = _read(backend, files, kind, wanted)
        found.schema()
    except (InputError, ConfigError):
        raise
    except Exception as error:  # each engine has errors of its own
        raise InputError(
            f"{name} cannot be read as {'Parquet' if kind == 'parquet' else 'CSV'}: "
            f"{str(error).splitlines()[0]}"
        ) from error
    return _as_text(found, wanted, name)


@contextmanager
def progress_bar(records: Any, *, words: str = "records") -> Iterator[None]:
    """Show how far the engine is, on the standard error stream, while a block runs.

    Parameters
    ----------
    records : ibis.Table
    words : str
        What is worked on, shown before the bar.

    Yields
    ------
    None

    Notes
    -----
    DuckDB says how much of its present question it has done, and one network may ask several. Other
    engines do not tell: the bar then only moves to show the time that has passed.

    Examples
    --------
    >>> from networks import flow_network_from_records  # doctest: +SKIP
    >>> with progress_bar(records):  # doctest: +SKIP
    ...     network = flow_network_from_records(records, cities)
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    connection = getattr(records.get_backend(), "con", None)
    ask = getattr(connection, "query_progress", None)
    stop = threading.Event()
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(words, total=None)

        def follow() -> None:
            while not stop.wait(_POLL_SECONDS):
                done = -1.0 if ask is None else float(ask())
                if done >= 0:
                    bar.update(task, total=100.0, completed=done)

        watcher = threading.Thread(target=follow, daemon=True)
        watcher.start()
        try:
            yield
        finally:
            stop.set()
            watcher.join()
            bar.update(task, total=100.0, completed=100.0)


def _files(source: str | Path | Sequence[str | Path] | None) -> tuple[list[str], str]:
    """Files or patterns, and what they hold."""
    if source is None:
        raise InputError("Name the table= of the connection, or files to read.")
    given = [source] if isinstance(source, str | Path) else list(source)
    if not given:
        raise InputError("No files of records are named.")
    files = []
    for one in given:
        path = Path(one).expanduser()
        if any(sign in str(one) for sign in "*?["):
            if not any(True for _ in path.parent.glob(path.name)):
                raise InputError(f"No file fits the pattern {str(one)!r}. Correct it.")
            files.append(str(path))
        elif path.is_dir():
            if not any(path.glob("*.parquet")):
                raise InputError(f"The folder {path} holds no Parquet files (*.parquet).")
            files.append(str(path / "*.parquet"))
        else:
            files.append(str(existing_file(path, what="records")))
    kinds = {_kind(file) for file in files}
    if len(kinds) > 1:
        raise InputError(f"{listed(files)}: open Parquet and CSV files one after the other.")
    return files, kinds.pop()


def _kind(file: str) -> str:
    name = file.lower()
    if name.endswith(_PARQUET):
        return "parquet"
    if name.endswith(_CSV):
        return "csv"
    raise InputError(
        f"{file}: records are read from Parquet ({', '.join(_PARQUET)}), CSV "
        f"({', '.join(_CSV[:3])}, also .gz) and DuckDB files ({', '.join(_DATABASE)})."
    )


def _read(backend: Any, files: list[str], kind: str, text: list[str]) -> Any:
    """One table of all files; each engine takes its own words for ids as text."""
    spark = backend.name == "pyspark"
    if kind == "parquet":
        if spark and len(files) > 1:
            ibis = required_ibis()
            return ibis.union(*(backend.read_parquet(file) for file in files))
        return backend.read_parquet(files[0] if len(files) == 1 else files)
    separator = "\t" if ".tsv" in files[0].lower() else None
    if spark:
        from pyspark.sql.types import StringType, StructField, StructType

        options: dict[str, Any] = {"header": True, "sep": separator or ","}
        found = backend.read_csv(files, inferSchema=True, **options)
        if not text:
            return found
        names = [StructField(name, StringType()) for name in found.columns]
        plain = backend.read_csv(files, schema=StructType(names), **options)
        return plain.mutate(
            **{n: plain[n].cast(found[n].type()) for n in found.columns if n not in text}
        )
    options = {"delim": separator} if separator else {}
    if text:
        options["types"] = dict.fromkeys(text, "string")
    return backend.read_csv(files, **options)


def _as_text(found: Any, text: list[str], source: object) -> Any:
    missing = [name for name in text if name not in found.columns]
    if missing:
        raise InputError(
            f"{source} lacks columns {listed(missing)}; it has {listed(found.columns)}."
        )
    other = [name for name in text if not found[name].type().is_string()]
    return found.mutate(**{name: found[name].cast("string") for name in other}) if other else found


def _table_of(backend: Any, table: str | None, where: object) -> Any:
    known = list(backend.list_tables())
    if table is None or table not in known:
        asked = "Name a table= of" if table is None else f"There is no table {table!r} in"
        raise InputError(f"{asked} {where}; it has {listed(known)}.")
    return backend.table(table)


def _connected(address: str) -> Any:
    ibis = required_ibis()
    scheme = address.split("://", maxsplit=1)[0]
    try:
        if scheme == "duckdb":
            return ibis.duckdb.connect(address.removeprefix("duckdb://"), read_only=True)
        return ibis.connect(address)
    except ImportError as error:
        extra = "records" if scheme == "duckdb" else None
        raise ConfigError(_not_installed(scheme, extra)) from error
    except Exception as error:
        raise InputError(
            f"The database at {scheme}:// cannot be opened: {str(error).splitlines()[0]}"
        ) from error


def _backend(engine: RecordEngine) -> Any:
    ibis = required_ibis()
    if engine == "duckdb":
        try:
            # What does not fit in memory goes to the folder for temporary files.
            return ibis.duckdb.connect(temp_directory=tempfile.gettempdir())
        except ImportError as error:
            raise ConfigError(_not_installed("duckdb", "records")) from error
    try:
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise ConfigError(_not_installed("spark", "spark")) from error
    session = SparkSession.getActiveSession()
    if session is None:
        builder = SparkSession.builder.appName("interurban")
        session = builder.config("spark.sql.session.timeZone", "UTC").getOrCreate()
    return ibis.pyspark.connect(session)


def _not_installed(engine: str, extra: str | None) -> str:
    remedy = (
        f"install the extra {extra!r}: pip install 'interurban[{extra}]'"
        if extra
        else f"install it by pip install 'ibis-framework[{engine}]'"
    )
    return f"The engine {engine!r} for records is not installed; {remedy}."
