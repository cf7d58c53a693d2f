"""What all sections of a study file share: closed tables, and the kinds of values in them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Policy = Literal["error", "drop"]
Year = Annotated[int, Field(ge=1000, le=9999)]
GroupName = Literal["region", "rank", "size"]


class Section(BaseModel):
    """A table of the study file: unknown keys are errors, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def one_or_several(value: Any) -> Any:
    """Let a list with one entry be written without its brackets."""
    return (value,) if isinstance(value, str) else value
