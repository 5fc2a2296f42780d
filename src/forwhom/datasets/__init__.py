"""Data that come with the package: where a file is, what it means, and the question it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from forwhom.errors import DataError, listing, nearest

_HERE = Path(__file__).parent
_NO_YES = {0.0: "No", 1.0: "Yes"}


@dataclass(frozen=True, slots=True)
class Dataset:
    """One embedded data set: its file, its analysis, and names for people.

    ``labels`` name columns; ``value_labels`` name the values of a column.
    """

    title: str
    file: str
    outcome: str
    treatment: str
    modifiers: tuple[str, ...]
    family: str
    labels: Mapping[str, str]
    value_labels: Mapping[str, Mapping[float, str]]


DATASETS: Mapping[str, Dataset] = MappingProxyType(
    {
        "black_politicians": Dataset(
            title="Do state legislators answer e-mails from outside their district?",
            file="black_politicians.csv.gz",
            outcome="responded",
            treatment="treat_out",
            modifiers=("leg_black", "leg_democrat", "leg_senator", "south"),
            family="bernoulli",
            labels=MappingProxyType(
                {
                    "responded": "Answered the e-mail",
                    "treat_out": "E-mail from outside the district",
                    "leg_black": "Black legislator",
                    "leg_democrat": "Democrat",
                    "leg_senator": "State senator",
                    "south": "Southern state",
                    "nonblacknonwhite": "Neither Black nor White legislator",
                    "totalpop": "District population",
                    "medianhhincom": "Median household income",
                    "black_medianhh": "Median income, Black households",
                    "white_medianhh": "Median income, White households",
                    "blackpercent": "Black share of district",
                    "urbanpercent": "Urban share of district",
                    "statessquireindex": "Squire index of the legislature",
                }
            ),
            value_labels=MappingProxyType(
                {
                    "responded": {0.0: "No answer", 1.0: "Answered"},
                    "treat_out": {0.0: "In-district e-mail", 1.0: "Out-of-district e-mail"},
                    "leg_black": {0.0: "Not Black", 1.0: "Black"},
                    "leg_democrat": {0.0: "Not a Democrat", 1.0: "Democrat"},
                    "leg_senator": {0.0: "House member", 1.0: "State senator"},
                    "south": {0.0: "Other state", 1.0: "Southern state"},
                    "nonblacknonwhite": _NO_YES,
                }
            ),
        ),
    }
)


def path(name: str = "black_politicians") -> Path:
    """Where the compressed CSV file of a data set is; DataError for an unknown name.

    >>> path().name
    'black_politicians.csv.gz'
    """
    return _HERE / _find(name).file


def codebook(name: str = "black_politicians") -> str:
    """Source, licence and the meaning of every column, as Markdown."""
    return (_HERE / f"{_find(name).file.partition('.')[0]}.md").read_text(encoding="utf-8")


def load_example(name: str = "black_politicians", engine: str = "pandas") -> Any:
    """The whole data set as a "pandas", "polars" or "pyarrow" table."""
    file = path(name)
    if engine == "pandas":
        import pandas as pd

        return pd.read_csv(file)
    if engine == "polars":
        import polars as pl

        return pl.read_csv(file)
    if engine == "pyarrow":
        import pyarrow.csv

        return pyarrow.csv.read_csv(file)
    known = ("pandas", "polars", "pyarrow")
    hint = nearest(engine, known)
    raise DataError(f"Unknown engine {engine!r}.{hint} Choose one of {listing(known)}.")


def _find(name: str) -> Dataset:
    if name not in DATASETS:
        hint = nearest(name, DATASETS)
        raise DataError(f"There is no data set {name!r}.{hint} There is {listing(DATASETS)}.")
    return DATASETS[name]
