"""Reading a study file: every mistake is named with its key, the allowed values and the remedy."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError

from analyses.study import Study
from analyses.study_indices import INDEX_KINDS
from spatial.errors import ConfigError, InputError, listed, nearest_spelling


def read_study(path: Path | str, *, language: str | None = None, seed: int | None = None) -> Study:
    """Read and check a study file.

    Parameters
    ----------
    path : path
        A TOML file.
    language, seed : optional
        Replace the values of the file, as the command line may do.

    Returns
    -------
    Study

    Raises
    ------
    InputError
        If the file is missing or unreadable.
    ConfigError
        If it is no TOML, has unknown keys or wrong values; all mistakes are listed at once.
    """
    file = Path(path)
    try:
        text = file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputError(
            f"There is no study file {str(path)!r}. Write one with: interurban new FOLDER "
            "--cities FILE --panel FILE"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"The study file {str(path)!r} cannot be read as text: {error}.") from None
    return study_from_text(text, where=str(path), language=language, seed=seed)


def study_from_text(
    text: str, *, where: str = "study", language: str | None = None, seed: int | None = None
) -> Study:
    """Check the text of a study file; see ``read_study``."""
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{where} is no valid TOML: {error}.") from None
    for key, value in (("language", language), ("seed", seed)):
        if value is not None:
            values[key] = value
    return study_from_values(values, where=where)


def study_from_values(values: dict[str, Any], *, where: str = "study") -> Study:
    """Check plain values as they come from TOML; see ``read_study``."""
    try:
        return Study.model_validate(values).worded()
    except ValidationError as error:
        mistakes = [_sentence(mistake) for mistake in _independent(error.errors())]
        lines = "\n".join(f"  - {line}" for line in mistakes)
        raise ConfigError(f"{where} cannot be used:\n{lines}") from None


def _independent(mistakes: Sequence[Any]) -> list[Any]:
    """Drop "too short" of a list whose entries failed: it only follows from their mistakes."""
    places = [mistake["loc"] for mistake in mistakes]

    def follows(mistake: Any) -> bool:
        here = mistake["loc"]
        return mistake["type"] == "too_short" and any(
            len(place) > len(here) and place[: len(here)] == here for place in places
        )

    return [mistake for mistake in mistakes if not follows(mistake)]


def _sentence(mistake: Any) -> str:
    """Say one mistake in words: key, what is wrong, what is allowed, nearest spelling."""
    place = _place(mistake["loc"])
    kind, value, context = mistake["type"], mistake["input"], mistake.get("ctx", {})
    if kind == "literal_error":
        return _not_allowed(place, value, context["expected"])
    if kind == "union_tag_invalid":
        return _not_allowed(f"{place}.kind", context["tag"], context["expected_tags"])
    if kind == "extra_forbidden":
        known = _allowed_keys(mistake["loc"][:-1])
        hint = nearest_spelling(str(mistake["loc"][-1]), known)
        return f"{place}: unknown key{hint}; known keys: {listed(known, limit=40)}"
    fixed = {
        "missing": f"{place}: this key is needed",
        "union_tag_not_found": f"{place}: the key 'kind' is needed",
        "value_error": f"{place}: {context.get('error')}",
    }
    return fixed.get(kind, f"{place} = {value!r}: {mistake['msg'][0].lower()}{mistake['msg'][1:]}")


def _not_allowed(place: str, value: object, expected: str) -> str:
    words = _literal_words(expected)
    hint = nearest_spelling(str(value), words)
    return f"{place} = {value!r} is not allowed{hint}; use {listed(words)}"


def _place(location: Sequence[int | str]) -> str:
    """Write a location as in the file: ``weights[2].kind``, counting from 1."""
    text = ""
    tags = {"contiguity", "knn", "inverse_distance", "linkage", "gravity", "observed"}
    tags |= {*INDEX_KINDS, "index", "bivariate"}
    for position, part in enumerate(location):
        if isinstance(part, int):
            text += f"[{part + 1}]"
        elif part in tags and position and isinstance(location[position - 1], int):
            continue  # pydantic names the kind of the entry here; it is no key of the file
        elif part != "[key]":
            text += f".{part}" if text else str(part)
    return text or "the study file"


def _literal_words(expected: str) -> list[str]:
    return [word.strip().strip("'") for word in expected.replace(" or ", ", ").split(",")]


def _allowed_keys(location: Sequence[int | str]) -> list[str]:
    """List the keys of the section at a location of the model."""
    model: Any = Study
    for part in location:
        if isinstance(part, int):
            continue
        if isinstance(model, type) and issubclass(model, BaseModel) and part in model.model_fields:
            model = model.model_fields[part].annotation
        else:  # the kind of a discriminated union, or a key of a mapping
            model = _member(model, part)
        model = _stripped(model)
    return list(model.model_fields) if hasattr(model, "model_fields") else []


def _member(model: Any, part: str) -> Any:
    for candidate in _models_in(model):
        field = candidate.model_fields.get("kind")
        if field is not None and part in get_args(field.annotation):
            return candidate
    found = _models_in(model)
    return found[0] if found else model


def _stripped(model: Any) -> Any:
    found = _models_in(model)
    return found[0] if len(found) == 1 else model


def _models_in(annotation: Any) -> list[Any]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    found: list[Any] = []
    if get_origin(annotation) is not None:
        for argument in get_args(annotation):
            found.extend(_models_in(argument))
    return found
