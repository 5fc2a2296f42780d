"""The parts of a plan: one row each, from which keywords, flags, help, checks and files come.

A new keyword is one row here, the field of ``Plan`` that holds it and the parameter of ``fit``;
``tests/plan/test_parts.py`` holds the three together.

>>> PARTS["spread"].choices, PARTS["spread"].default
(('normal', 'student', 'none'), 'normal')
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from forwhom.families import FAMILIES
from forwhom.plan.presets import PRESETS
from forwhom.plan.terms import Formula

type Kind = Literal[
    "baseline",
    "bins",
    "breaks",
    "choice",
    "clusters",
    "column",
    "columns",
    "encoding",
    "event",
    "formula",
    "labels",
    "level",
    "link",
    "missing",
    "path",
    "priors",
    "share",
    "sheet",
    "switch",
    "treatments",
    "value_labels",
    "whole",
]

AUTO = "auto"  # the family, and its link, are told by the outcome once the data are read
EXACT_FAMILIES = ("gaussian", "lognormal")
DEFAULT_BINS = 4
DEFAULT_INTERVALS = 4  # of a piecewise exponential hazard; no other family has any
MAX_DRAWS = 10_000_000
MAX_SEED = 2**63 - 1  # what a plan file can hold


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a plan, a keyword of ``fit``, a flag and a key of plan files, all of one name.

    Attributes:
        kind: how its value is checked (``plan/kinds.py``), read from a flag (``plan/flags.py``)
            and written to a file (``plan/plan.py``).
        words: what it is, for ``--help``.
        metavar: what stands for its value there; empty for a switch, which has none.
        role: what it is, for a message about the column it names.
        choices: the words it takes.
        default: what the plan holds where it is not given.
        otherwise: the default in words, where it is no one value.
        limits: the least and the most of a whole number.
        repeatable: whether its flag may be given more than once.
        by_treatment: whether each treatment may have its own.
        families: those that have a place for it; empty where all have.
        reads: whether it says how the data are read: a keyword of ``load``.
    """

    name: str
    kind: Kind
    words: str
    metavar: str = ""
    role: str = ""
    choices: tuple[str, ...] = ()
    default: object = None
    otherwise: str = ""
    limits: tuple[int, int] = (0, 0)
    repeatable: bool = False
    by_treatment: bool = False
    families: tuple[str, ...] = ()
    reads: bool = False

    @property
    def flag(self) -> str:
        """As it is written on the command line.

        >>> PARTS["cluster_effects"].flag
        '--cluster-effects'
        """
        return f"--{self.name.replace('_', '-')}"

    @property
    def help(self) -> str:
        """Its words for ``--help``, with what it takes and what it is by default.

        >>> PARTS["spread"].help
        'How group effects vary: normal, student, none [default: normal].'
        """
        number = isinstance(self.default, int | float) and not isinstance(self.default, bool)
        default = self.otherwise or (f"{self.default:,}" if number else self.default)
        words = f"{self.words}: {', '.join(self.choices)}" if self.choices else self.words
        return f"{words} [default: {default}]." if default else f"{words}."


def _of_support(*supports: str) -> tuple[str, ...]:
    """The families whose outcomes are of these kinds."""
    return tuple(name for name, family in FAMILIES.items() if family.support in supports)


_OFFSET = _of_support(
    *("count", "binary", "successes", "time", "positive", "unit", "closed unit", "ordered"),
    "numeric",
)

_ROWS = (
    # What is asked
    Part("outcome", "column", "What is measured", "COLUMN", role="what is measured"),
    Part(
        "treatment",
        "treatments",
        "What is given: 0/1, true/false, texts (arms) or a dose. Repeatable: treatments share "
        '--modifiers, or each has its own, as in "ad=age*woman"',
        "COLUMN[=FORMULA]",
        role="what is given",
        repeatable=True,
    ),
    Part(
        "modifiers",
        "formula",
        'What changes the effect, such as "age*woman + C(region)". Names with spaces go in '
        "back-quotes; or repeat the flag with one column name each, written as it is",
        "FORMULA",
        default=Formula(()),
        repeatable=True,
    ),
    Part(
        "controls",
        "formula",
        "Variables of the outcome equation alone, likewise",
        "FORMULA",
        default=Formula(()),
        repeatable=True,
    ),
    Part(
        "groups",
        "columns",
        "Columns that define the groups [default: the modifiers]; repeatable",
        "COLUMN",
        repeatable=True,
    ),
    Part(
        "clusters",
        "columns",
        "Further groupings whose baselines vary, such as state or wave; repeatable",
        "COLUMN",
        default=(),
        repeatable=True,
    ),
    Part(
        "cluster_effects",
        "clusters",
        "Those clusters across which effects vary as well; repeatable",
        "COLUMN",
        default=(),
        repeatable=True,
    ),
    Part("correlated", "switch", "Let a group's baseline and effects be correlated", default=False),
    Part("weights", "column", "A column of weights", "COLUMN", role="the column of weights"),
    Part(
        "weights_kind",
        "choice",
        "What the weights are",
        "KIND",
        choices=("sampling", "frequency"),
        default="sampling",
    ),
    Part(
        "reference",
        "level",
        "The level that the treatment's others are held against, where it is not 0 or false and "
        "no word such as control, placebo or none tells; of several treatments "
        '"ad=none", repeatable',
        "VALUE",
        repeatable=True,
        by_treatment=True,
    ),
    Part(
        "success",
        "level",
        "The level of a two-level outcome that counts as 1",
        "VALUE",
        role="the level of a two-level outcome that counts as 1",
        otherwise="the one that does not say absence, as No or None do",
        families=("bernoulli",),
    ),
    Part(
        "treatment_type",
        "choice",
        'How to take the treatment (of several, "ad=dose", repeatable)',
        "TYPE",
        choices=("auto", "binary", "arms", "dose"),
        default="auto",
        repeatable=True,
        by_treatment=True,
    ),
    Part(
        "bins",
        "bins",
        "How continuous modifiers are cut for grouping: a number of quantile bins (4), or per "
        "column, repeatable, a number (age=4) or cut points (age=20,40,60)",
        "BINS",
        default=DEFAULT_BINS,
        repeatable=True,
    ),
    # The model
    Part(
        "family",
        "choice",
        "The outcome's distribution; auto: bernoulli for two levels, ordinal for an ordered "
        "category, gaussian for numbers",
        "NAME",
        choices=(AUTO, *FAMILIES),
        default=AUTO,
    ),
    Part("link", "link", "Link function", "NAME", default=AUTO, otherwise="the family's"),
    Part(
        "trials",
        "column",
        "Numbers of trials (binomial)",
        "COLUMN",
        role="the number of trials",
        families=_of_support("successes"),
    ),
    Part(
        "exposure",
        "column",
        "Time or size at risk behind a count",
        "COLUMN",
        role="time or size at risk",
        families=_of_support("count"),
    ),
    Part(
        "offset",
        "column",
        "Added to the linear predictor",
        "COLUMN",
        role="added to the linear predictor",
        families=tuple(name for name in _OFFSET if name not in EXACT_FAMILIES),
    ),
    Part(
        "event",
        "event",
        "How a time ended: a column of 1 for the event and 0 for censored, or with the level that "
        "is the event, as in status=dead",
        "COLUMN[=LEVEL]",
        role="1 where the time ended in the event",
        families=_of_support("time"),
    ),
    Part(
        "std_error",
        "column",
        "Known standard errors of an outcome that is itself an estimated effect, as in a "
        "meta-analysis; there is no treatment then",
        "COLUMN",
        role="the known standard error of an estimated effect",
        families=("gaussian",),
    ),
    Part(
        "breaks",
        "breaks",
        "Where a piecewise exponential hazard may change: a number of intervals (4), or times "
        "(1,2.5,6; one alone: 3,)",
        "BREAKS",
        role="where the hazard may change",
        otherwise=str(DEFAULT_INTERVALS),
        families=("piecewise_exponential",),
    ),
    Part(
        "reference_category",
        "level",
        "The outcome's category that the others are held against (categorical)",
        "VALUE",
        role="the category that the others are held against",
        families=("categorical",),
    ),
    Part(
        "baseline",
        "baseline",
        "What a group looks like untreated",
        "NAME",
        choices=("group", "modifiers", "shared"),
        default="group",
    ),
    Part("preset", "choice", "A published analysis", "NAME", choices=tuple(PRESETS)),
    Part(
        "spread",
        "choice",
        "How group effects vary",
        "NAME",
        choices=("normal", "student", "none"),
        default="normal",
    ),
    Part(
        "sigma_by",
        "choice",
        "What the residual sd differs by, if anything",
        "NAME",
        choices=("arm", "group"),
    ),
    Part(
        "priors",
        "priors",
        'Repeatable: "lambda=normal(0, 0.5)", or for one term "lambda[woman]=normal(0, 0.2)"',
        "PRIOR",
        default=(),
        repeatable=True,
    ),
    # Computation
    Part(
        "method",
        "choice",
        "How to compute",
        "NAME",
        choices=("auto", "exact", "collapse", "quadrature", "laplace", "nuts"),
        default="auto",
    ),
    Part("draws", "whole", "Posterior draws", "N", default=4_000, limits=(2, MAX_DRAWS)),
    Part("seed", "whole", "Seed of the draws", "N", default=1, limits=(0, MAX_SEED)),
    Part("level", "share", "Level of the intervals", "SHARE", default=0.95),
    # The data, and how they are read
    Part("data", "path", "The data of a plan file, in place of those it names", "FILE"),
    Part(
        "missing",
        "missing",
        'Codes that stand for missing values, repeatable: "therm=999", "age=n/a,?"; "therm=" takes '
        "the column as it stands",
        "COLUMN=CODES",
        default=(),
        repeatable=True,
        reads=True,
    ),
    Part(
        "encoding",
        "encoding",
        "Encoding of a text, Stata or SPSS file, such as cp1252",
        "NAME",
        otherwise="found out",
        reads=True,
    ),
    Part(
        "sheet",
        "sheet",
        "Sheet of a workbook, by name or number from 1",
        "SHEET",
        otherwise="the first",
        reads=True,
    ),
    # What things are called
    Part(
        "labels",
        "labels",
        "Readable names of columns and terms, for sentences, printed tables and figures, "
        'repeatable: age="Age in years", "age:woman=Age, of women"',
        "COLUMN=NAME",
        default=(),
        repeatable=True,
    ),
    Part(
        "value_labels",
        "value_labels",
        "Readable names of values, likewise, repeatable: woman:0=Man, then woman:1=Woman",
        "COLUMN:VALUE=NAME",
        default=(),
        repeatable=True,
    ),
)

PARTS: dict[str, Part] = {row.name: row for row in _ROWS}
KEYS = tuple(PARTS)
COLUMN_KEYS = tuple(  # one column each, beside the outcome
    name for name, row in PARTS.items() if row.kind in ("column", "event") and name != "outcome"
)
