"""Write down what ``monte_carlo_coverage.py`` found."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

LOW, HIGH = 0.93, 0.97
Runs = Sequence[tuple[Any, pd.DataFrame]]

INTRODUCTION = """\
# Coverage

How well the spatial panels estimate what they should, and how often their 95 % intervals hold the
truth, by simulation. Written by `benchmarks/monte_carlo_coverage.py`; no result is typed in."""

READING = """\
## How to read the tables

- **truth**: the value that made the data; effects are computed from it by a dense inverse.
- **bias**: mean estimate minus truth. **RMSE**: root mean squared error.
- **s.e./sd**: mean standard error over the standard deviation of the estimates; one is right.
- **coverage**: share of 95 % intervals (estimate and 1.96 standard errors; delta method for
  effects) that hold the truth, in per cent. **simulated**: the same for effects by simulation,
  {simulations:,} draws of the parameters, percentiles.

Chance alone moves a coverage of 95 % by {error:.1f} points (two standard errors with {draws:,}
draws). Of the {cells} coverages about {expected:.0f} would leave 93 to 97 by chance if all were 95;
{left} did."""

SECOND = """\
**again** is the coverage / simulated of a second run of the whole case with {draws_again:,} draws
of other random numbers. Every case with a number outside 93 to 97 was run again, by this rule and
whatever came out; chance moves these by {error_again:.1f} points, so that they are the better
numbers."""

STATIC_ONLY = """\
Dynamic panels were left out of this run; `make coverage` runs them as well."""

ONCE = """\
Every case was run once. `make coverage` runs cases with a number outside 93 to 97 a second time,
with more draws of other random numbers, and shows both."""

DIRECT = """\
## Errors that count all observations

**`covariance="direct"`** repeats what published tables and other programs print: the correction of
Lee and Yu scales the variance of the innovations by T / (T - 1), but the information matrix of the
direct approach, as Elhorst (2014) computes it, adds up the traces of T years and N cities, of which
fixed effects have used one each. Where the traces are all there is to know (lambda) its standard
errors are too small by the root of (T - 1) / T, and by more where year effects take out the common
level, which holds a large share of the traces when rho is high. Its rows below show what that does
to the coverage of rho. The default (`covariance="information"`), the transformation, the sandwich
and clustered errors count what the effects leave. Coefficients and effects are the same."""

DYNAMIC_SETTING = """\
Dynamic panels: tau 0.4, eta = -tau rho (stable for every rho); T years after the one that is lost
to the lag, started 60 years before."""

DYNAMIC = """\
## Dynamic panels

The correction (Yu, de Jong and Lee 2008; Lee and Yu 2010) takes the bias of order 1/T off. It
multiplies the estimate of tau by about 1 + 1/T, and its standard deviation with it. Published
standard errors are those of the limit, in which this factor is one, and hold the truth in about
91 % of samples with ten years; the default carries the factor into the covariance by the delta
method and counts the year that city effects use up (`covariance="direct"` does neither). Bias of
order 1/T^2 stays, and goes away as T grows: compare the rows of both lengths. The long run divides
by 1 - tau - rho - eta, so that its distribution is skewed where that is small."""


def percent(value: float) -> str:
    """Return a share in per cent, or nothing."""
    return "" if np.isnan(value) else f"{100.0 * value:.1f}"


def coverages(table: pd.DataFrame) -> np.ndarray:
    """All coverages of a case."""
    values = table[["coverage", "simulated"]].to_numpy().ravel()
    return values[~np.isnan(values)]


def within(values: np.ndarray) -> int:
    """Count the coverages between 93 and 97 %."""
    return int(((values >= LOW) & (values <= HIGH)).sum())


def overview(first: Runs, again: Runs) -> str:
    """Return the table of all cases."""
    lines = [
        "## All cases",
        "",
        "| model | rho or lambda | coverages | within 93-97 | lowest | highest |"
        + (" again: within 93-97 | lowest | highest |" if again else ""),
        "|---|---|---|---|---|---|" + ("---|---|---|" if again else ""),
    ]
    repeated = dict(again)
    for case, table in first:
        values = coverages(table)
        cells = f"| {case.title} | {case.spatial} | {len(values)} | {within(values)} "
        cells += f"| {percent(values.min())} | {percent(values.max())} |"
        if case in repeated:
            values = coverages(repeated[case])
            cells += f" {within(values)} | {percent(values.min())} | {percent(values.max())} |"
        elif again:
            cells += " | | |"
        lines.append(cells)
    return "\n".join(lines)


def model_section(title: str, runs: Runs, again: Runs) -> str:
    """Return the table of one model at all strengths of its spatial parameter."""
    lines = [
        f"### {title}",
        "",
        "| rho or lambda | value | truth | bias | RMSE | s.e./sd | coverage | simulated |"
        + (" again |" if again else ""),
        "|---|---|---|---|---|---|---|---|" + ("---|" if again else ""),
    ]
    repeated = dict(again)
    notes = []
    for case, table in runs:
        for name, row in table.iterrows():
            second = ""
            if case in repeated:
                other = repeated[case].loc[name]
                parts = [percent(other["coverage"]), percent(other["simulated"])]
                second = " / ".join(part for part in parts if part)
            lines.append(
                f"| {case.spatial} | {name} | {row['truth']:.3f} | {row['bias']:+.4f} | "
                f"{row['rmse']:.4f} | {row['error_ratio']:.3f} | {percent(row['coverage'])} | "
                f"{percent(row['simulated'])} |" + (f" {second} |" if again else "")
            )
        lost = table.attrs["refused"]
        if lost:
            notes.append(
                f"At {case.spatial}, {lost} of {lost + int(table['draws'].iloc[0])} draws were "
                "refused with a named error (rho at the border of its interval, or dynamics "
                "without a long run) and do not count."
            )
    return "\n".join([*lines, *(["", *notes] if notes else [])])


def setting(chosen: argparse.Namespace, minutes: float, neighbours: int) -> str:
    """Say what was run."""
    return f"""\
## What was run

{chosen.cities} cities at random places, row-normalised weights of the {neighbours} nearest
neighbours (asymmetric), {chosen.years} years, {chosen.draws} draws of each case, seed
{chosen.seed}; {minutes:.0f} minutes of one processor. One regressor x, correlated with the city
effects (0.5 of a standard deviation) and independent over time; city effects, and year effects
where the model has them, are standard normal and drawn again in every draw, like x. Innovations
have variance one: normal, or "heavy tails": Student's t with 5 degrees of freedom, fitted with
`covariance="sandwich"`. True values: x 1, W x 0.5 (SDM, SDEM), rho or lambda 0.2, 0.5, 0.8. All
options not named are the defaults: Lee-Yu correction, inverse information."""


def document(
    first: Runs,
    again: Runs,
    chosen: argparse.Namespace,
    minutes: float,
    neighbours: int,
    *,
    simulations: int,
    times: int,
) -> str:
    """Return the whole document.

    Parameters
    ----------
    first, again : sequence of (case, table)
        All cases; those run again.
    chosen : argparse.Namespace
        Cities, years, draws, seed.
    minutes : float
    neighbours, simulations, times : int
        Of the weights; draws of simulated effects; how many times the draws a second run has.

    Returns
    -------
    str
        Markdown.
    """
    values = np.concatenate([coverages(table) for _, table in first])
    error = 200.0 * np.sqrt(0.95 * 0.05 / chosen.draws)
    reading = READING.format(
        simulations=simulations,
        error=error,
        draws=chosen.draws,
        cells=len(values),
        expected=_share_by_chance(chosen.draws) * len(values),
        left=len(values) - within(values),
    )
    titles = list(dict.fromkeys(case.title for case, _ in first))
    parts = [INTRODUCTION, setting(chosen, minutes, neighbours), reading]
    if not any(case.dynamic for case, _ in first):
        parts.append(STATIC_ONLY)
    if not again:
        parts.append(ONCE)
    if again:
        second = SECOND.format(draws_again=times * chosen.draws, error_again=error / np.sqrt(times))
        parts.append(second)
    if any(case.covariance == "direct" for case, _ in first):
        parts.append(DIRECT)
    if any(case.dynamic for case, _ in first):
        parts += [DYNAMIC_SETTING, DYNAMIC]
    parts.append(overview(first, again))
    parts.append("## Every model")
    for title in titles:
        parts.append(model_section(title, [run for run in first if run[0].title == title], again))
    return "\n\n".join(parts) + "\n"


def _share_by_chance(draws: int) -> float:
    """Probability that a true coverage of 95 % is counted outside 93 to 97 %."""
    from scipy.stats import binom

    count = binom(draws, 0.95)
    inside = count.cdf(np.floor(HIGH * draws)) - count.cdf(np.ceil(LOW * draws) - 1)
    return float(1.0 - inside)
