"""What a formula is made of: functions, factors, terms. How one is written is in ``grammar``.

Tests: tests/plan/test_formula.py
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from forwhom.errors import PlanError, nearest
from forwhom.plan.literals import (
    Argument,
    check_condition,
    check_literal,
    condition_text,
    literal_text,
)

MAX_CHARACTERS = 100_000
MAX_DEPTH = 50  # nested parentheses
MAX_DEGREE = 10  # variables in one interaction
MAX_TERMS = 1_000
MAX_PRODUCTS = 100_000  # pairs of terms multiplied out in one formula
INTERCEPT = "Intercept"  # the name of the intercept in every table, so no column may have it

ALLOWED = (
    "Allowed: a, a + b, a*b, a:b, (a + b)*c, C(x), center(x), scale(x), bin(x, 4), log(x), "
    'poly(x, 2), bs(x, df=4), C(x, ref="b"), I(x >= 65), I(x in ["a", "b"]); a name with spaces '
    "or signs in back-quotes, or names given as a list."
)


@dataclass(frozen=True, slots=True)
class Function:
    """One function a formula may call: ``argument`` names its whole number, if it takes one.

    Two take something else: ``C`` a reference level, and ``I`` a comparison in place of a column.
    """

    name: str
    example: str
    words: str
    argument: str | None = None
    least: int = 0
    most: int = 0
    named: bool = False  # whether the argument is written with its name


FUNCTIONS: dict[str, Function] = {
    row.name: row
    for row in (
        Function("C", "C(x)", "levels, even where the column holds numbers"),
        Function("I", "I(x == 1)", "1 where a comparison holds, 0 where it does not"),
        Function("center", "center(x)", "minus its mean"),
        Function("scale", "scale(x)", "minus its mean, divided by two standard deviations"),
        Function("bin", "bin(x, 4)", "quantile bins, as levels", "bins", 2, 1_000),
        Function("log", "log(x)", "natural logarithm"),
        Function("poly", "poly(x, 2)", "orthogonal polynomial", "degree", 1, 20),
        Function("bs", "bs(x, df=4)", "cubic B-spline", "df", 3, 100, named=True),
    )
}


@dataclass(frozen=True, slots=True)
class Factor:
    """A column, or one function of one column.

    ``label`` is for people and ``text`` for formulas: they differ where a name needs back-quotes.
    Raises :class:`PlanError` for an unknown function or an argument it does not take.

    >>> Factor("bin", "age", (4,)).label
    'bin(age, 4)'
    >>> Factor(None, "my age").text
    '`my age`'
    >>> Factor("C", "land", ("Russia",)).text, Factor("I", "my age", (">=", 65)).text
    ('C(land, ref="Russia")', 'I(`my age` >= 65)')
    """

    function: str | None
    column: str
    arguments: tuple[Argument, ...] = ()

    def __post_init__(self) -> None:
        check_column(self.column)
        if self.function is None:
            if self.column == INTERCEPT:
                raise PlanError(
                    f"'{INTERCEPT}' cannot be named: the intercept is always in the model. "
                    "Leave it out, or rename the column."
                )
            if self.arguments:
                raise PlanError(f"the plain column '{self.column}' takes no arguments.")
            return
        _check_call(self.function, self.arguments)
        if self.function == "I" and isinstance(self.arguments[1], tuple):  # each value once
            once = (self.arguments[0], tuple(dict.fromkeys(self.arguments[1])))
            object.__setattr__(self, "arguments", once)

    @property
    def label(self) -> str:
        """The factor as tables show it."""
        return self._written(self.column)

    @property
    def text(self) -> str:
        """The factor as a formula, back-quoted where it must be."""
        return self._written(quoted(self.column))

    @property
    def condition(self) -> str:
        """Of a comparison, what is compared: "age >= 65"; empty for any other factor."""
        return condition_text(self.column, self.arguments) if self.function == "I" else ""

    def _written(self, column: str) -> str:
        if self.function is None:
            return column
        if self.function == "I":
            return f"I({condition_text(column, self.arguments)})"
        row = FUNCTIONS[self.function]
        shown = "ref=" if row.name == "C" else f"{row.argument}=" if row.named else ""
        given = (f"{shown}{literal_text(a)}" for a in self.arguments if not isinstance(a, tuple))
        return f"{row.name}({', '.join([column, *given])})"


@dataclass(frozen=True, slots=True)
class Term:
    """A factor, or an interaction of several.

    >>> Term((Factor(None, "a"), Factor(None, "b"))).label
    'a:b'
    """

    factors: tuple[Factor, ...]

    @property
    def label(self) -> str:
        """The term as tables show it."""
        return ":".join(factor.label for factor in self.factors)

    @property
    def text(self) -> str:
        """The term as a formula."""
        return ":".join(factor.text for factor in self.factors)


@dataclass(frozen=True, slots=True)
class Formula:
    """The terms of one right-hand side, main effects first; false when there are none.

    >>> formula = Formula((Term((Factor(None, "a"),)), Term((Factor("log", "my age"),))))
    >>> formula.text, formula.columns
    ('a + log(`my age`)', ('a', 'my age'))
    """

    terms: tuple[Term, ...]

    @property
    def text(self) -> str:
        """Canonical text, which parses to an equal formula."""
        return " + ".join(term.text for term in self.terms)

    @property
    def factors(self) -> tuple[Factor, ...]:
        """Every term's factors in order, as often as they stand."""
        return tuple(factor for term in self.terms for factor in term.factors)

    @property
    def columns(self) -> tuple[str, ...]:
        """The data columns used, each once, in order."""
        return tuple(dict.fromkeys(factor.column for factor in self.factors))

    @property
    def traits(self) -> tuple[str, ...]:
        """What tells rows apart, each once, in order: columns, and comparisons for themselves.

        >>> Formula((Term((Factor("I", "age", (">=", 65)), Factor(None, "sex"))),)).traits
        ('age >= 65', 'sex')
        """
        return tuple(self.by_trait)

    @property
    def by_trait(self) -> dict[str, Factor]:
        """The first factor of every trait."""
        factors = self.factors
        plain = {f.column for f in factors if not f.condition}
        named: dict[str, Factor] = {}
        for f in factors:
            # a column may go by the very name of a comparison
            name = f.column if not f.condition else f.label if f.condition in plain else f.condition
            named.setdefault(name, f)
        return named

    def __bool__(self) -> bool:
        return bool(self.terms)

    def __str__(self) -> str:
        return self.text


def ordered_terms(terms: Iterable[Term], what: str) -> tuple[Term, ...]:
    """Terms without repeats (``b:a`` repeats ``a:b``), by degree, then by first appearance."""
    unique: dict[frozenset[Factor], Term] = {}
    for term in terms:
        factors = tuple(dict.fromkeys(term.factors))
        if not factors:
            raise PlanError(f"{what}: a term has no factors. Leave it out.")
        unique.setdefault(frozenset(factors), Term(factors))
        if len(factors) > MAX_DEGREE:
            raise PlanError(
                f"{what}: an interaction has more than {MAX_DEGREE} variables. Leave some out."
            )
        if len(unique) > MAX_TERMS:
            raise PlanError(
                f"{what}: the formula has more than {MAX_TERMS:,} terms once written out. "
                "Use fewer variables or fewer interactions."
            )
    return tuple(sorted(unique.values(), key=lambda term: len(term.factors)))


def check_column(name: object) -> str:
    """The column name itself, or a :class:`PlanError` if it cannot be one."""
    if not isinstance(name, str):
        raise PlanError(
            f"a column name is text, not {name!r} ({type(name).__name__}). "
            "Rename the column, for instance to 'x1'."
        )
    if not name:
        raise PlanError("a column name is empty. Rename the column, for instance to 'x1'.")
    if not is_unicode(name):
        raise PlanError(f"the column name {name!r} is not valid Unicode. Rename it.")
    return str(name)


def is_unicode(text: str) -> bool:
    """Whether text can be written to a file: Python also lets half characters into a string."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def is_plain(name: str) -> bool:
    """Whether a name can stand in a formula without back-quotes."""
    return name[0].isidentifier() and all(continues(character) for character in name)


def continues(character: str) -> bool:
    """Whether a character can be inside a plain name."""
    # Python's own rule for identifiers, so that combining marks of any script count as letters.
    return character == "." or ("_" + character).isidentifier()


def quoted(name: str) -> str:
    """A column name as a formula writes it; a back-quote inside is doubled.

    >>> quoted("age"), quoted("my age")
    ('age', '`my age`')
    """
    return name if is_plain(name) else "`" + name.replace("`", "``") + "`"


def _check_call(function: str, arguments: tuple[Argument, ...]) -> None:
    row = FUNCTIONS.get(function)
    if row is None:
        raise PlanError(
            f"'{function}' is not a function of the formula language, and nothing is run as "
            f"Python.{nearest(function, FUNCTIONS)} {ALLOWED}"
        )
    if row.name == "I":
        check_condition(arguments, row.example)
        return
    if row.name == "C" and len(arguments) == 1:
        check_literal(arguments[0], "C")
        return
    if row.argument is None:
        if arguments:
            raise PlanError(f"{row.name} takes one column and nothing else: {row.example}.")
        return
    number = arguments[0] if len(arguments) == 1 else None
    if type(number) is not int or not row.least <= number <= row.most:
        written = ", ".join(str(argument) for argument in arguments) or "nothing"
        raise PlanError(
            f"{row.name} takes a column and one whole number, {row.argument}, from {row.least} "
            f"to {row.most}, as in {row.example}; got {written}."
        )
