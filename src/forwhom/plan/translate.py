"""Formulas of R, Stata, brms and patsy read leniently, to say them in forwhom's words.

Used after a refusal, for the words of the message alone: nothing that is fitted comes from here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from forwhom.errors import PlanError
from forwhom.plan.grammar import Token, tokens
from forwhom.plan.literals import COMPARISONS, TRUTH, Argument, Literal, number
from forwhom.plan.pieces import (
    Untranslatable,
    column_of,
    compares,
    crossed,
    denied,
    reference_level,
    stata_factor,
    texts_of,
    without_copies,
)
from forwhom.plan.syntax import function_elsewhere
from forwhom.plan.terms import FUNCTIONS, Factor, Term, ordered_terms

MOST_TOKENS = 500
MOST_DEEP = 20
MOST_POWER = 4

_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
_LISTS = {"(": ")", "[": "]", "{": "}"}


@dataclass
class Translation:
    """What a formula says, in forwhom's words.

    Attributes:
        terms: of the right-hand side; beside: offset or exposure.
        clusters: columns whose baselines vary; slopes: the columns that vary across each, too.
    """

    terms: tuple[Term, ...] = ()
    clusters: list[str] = field(default_factory=list)
    slopes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    beside: dict[str, str] = field(default_factory=dict)


def read_leniently(text: str) -> Translation:
    """The right-hand side of a formula. Raises :class:`Untranslatable`.

    >>> found = read_leniently("factor(reg)*np.log(age) + (1 + d | school)")
    >>> [term.text for term in found.terms], found.clusters, found.slopes
    (['C(reg)', 'log(age)', 'C(reg):log(age)'], ['school'], {'school': ('d',)})
    """
    try:
        read = list(tokens(text))
        if len(read) > MOST_TOKENS:
            raise Untranslatable
        reader = _Reader(read, Translation())
        terms = reader.sum()
        if reader.take("|", "||"):  # fixed effects, as fixest writes them
            reader.varying(())
        if reader.here.kind != "end":
            raise Untranslatable
        reader.translation.terms = without_copies(ordered_terms(terms, "formula"))
    except (PlanError, ValueError, IndexError, RecursionError):
        raise Untranslatable from None
    return reader.translation


class _Reader:
    """One pass over the pieces of one formula."""

    def __init__(self, read: list[Token], out: Translation, depth: int = 0, plain: bool = False):
        """``plain``: the pieces are arithmetic, as in I(), where a product is one column."""
        self.read, self.translation, self.depth, self.plain = read, out, depth, plain
        self.next = 0
        self.shifted = False  # whether a number is added to a column
        if depth > MOST_DEEP:
            raise Untranslatable

    @property
    def here(self) -> Token:
        return self.read[self.next]

    def take(self, *signs: str) -> str:
        """The sign that stands here if it is one of these, and go on; empty if not."""
        here = self.here
        if here.kind != "sign" or here.text not in signs:
            return ""
        self.next += 1
        return here.text

    def sum(self) -> list[Term]:
        """Terms joined by + and -."""
        terms: list[Term] = []
        first = True
        joins = ("+", "-") if self.depth else ("+", "-", ",")
        while first or (self.here.kind == "sign" and self.here.text in joins):
            sign = self.take(*joins)
            if self.plain and not first:
                raise Untranslatable
            first = False
            part = self.product()
            self.shifted |= not part and self.depth > 0
            if sign == "-" and terms:
                out = {frozenset(term.factors) for term in part}
                terms = [term for term in terms if frozenset(term.factors) not in out]
            else:
                terms += part
        return terms

    def product(self) -> list[Term]:
        """Terms crossed with their main effects, or nested; numbers change nothing."""
        terms = self.crossing()
        while sign := self.take("*", "##", "/"):
            right = self.crossing()
            if not terms or not right:
                if sign == "/" and not terms:
                    raise Untranslatable
                terms = terms or right
            elif self.plain:
                if sign == "/":
                    raise Untranslatable
                terms = crossed(terms, right)
            elif sign == "/":
                whole = Term(tuple(f for term in terms for f in term.factors))
                terms = [*terms, *crossed([whole], right)]
            else:
                terms = [*terms, *right, *crossed(terms, right)]
        return terms

    def crossing(self) -> list[Term]:
        """Interactions alone."""
        terms = self.power()
        while self.take(":", "#", "&", "&&") or self.word("and"):
            right = self.power()
            terms = crossed(terms, right) if terms and right else terms or right
        return terms

    def word(self, text: str) -> bool:
        """Whether a bare word stands here; then go on."""
        found = self.here.kind == "name" and self.here.text == text
        self.next += found
        return found

    def power(self) -> list[Term]:
        """``age^2`` is a polynomial, ``(a + b)^2`` all interactions of two."""
        terms = self.compared(self.atom())
        if self.take("^", "**"):
            degree = self.here.text
            self.next += 1
            if not degree.isdecimal() or not 1 <= int(degree) <= 20 or not terms:
                raise Untranslatable
            if len(terms) == 1 and len(terms[0].factors) == 1 and not terms[0].factors[0].function:
                power = Factor("poly", terms[0].factors[0].column, (int(degree),))
                return [Term((power,))] if int(degree) > 1 else terms
            if int(degree) > MOST_POWER or len(terms) > 20:
                raise Untranslatable
            out = terms
            for _ in range(int(degree) - 1):
                out = list(ordered_terms([*out, *crossed(out, terms)], "formula"))
            return out
        return terms

    def compared(self, terms: list[Term]) -> list[Term]:
        """A column and a value it is compared with."""
        here = self.here
        if here.text == "[" and terms and terms[0].factors[0].function == "C":  # C(m)[1]
            level = self.values()[0]
            return [Term((Factor("I", column_of(terms), ("==", level)),))]
        operator = here.text if here.kind == "sign" and here.text in COMPARISONS else ""
        if (here.kind == "name" and here.text == "in") or here.text == "%in%":
            operator = "in"
        if here.kind == "name" and here.text == "not" and self.read[self.next + 1].text == "in":
            operator = "not in"
            self.next += 1
        if not operator:
            return terms
        self.next += 1
        before = terms
        if compares(terms):  # 18 <= age < 65
            terms = [Term((Factor(None, terms[0].factors[0].column),))]
        value: Argument = self.values() if operator in ("in", "not in") else self.literal()
        found = [Term((Factor("I", column_of(terms), (operator, value)),))]
        return crossed(before, found) if compares(before) else found

    def values(self) -> tuple[Literal, ...]:
        """A list in any brackets, with or without R's c."""
        self.word("c")
        close = _LISTS.get(self.here.text, "")
        if not close:
            raise Untranslatable
        self.next += 1
        found = [self.literal()]
        while self.take(","):
            found.append(self.literal())
        if not self.take(close):
            raise Untranslatable
        return tuple(dict.fromkeys(found))

    def literal(self) -> Literal:
        """A number with its sign, a text, true or false."""
        sign = -1 if self.take("-") else 1
        here = self.here
        self.next += here.kind != "end"
        if here.kind == "number":
            try:
                return sign * number(here.text)
            except ValueError:
                raise Untranslatable from None
        if here.kind == "text":
            return here.text
        if here.kind == "name" and here.text.capitalize() in TRUTH:
            return TRUTH[here.text.capitalize()]
        raise Untranslatable

    def atom(self) -> list[Term]:
        """A column, a function, a number, or a sum in parentheses."""
        here = self.here
        if self.take("+", "-"):  # a sign turns the coefficient and not the model
            return self.atom()
        if self.take("!", "~"):
            return denied(self.power())
        if self.take("("):
            return self.parenthesis()
        self.next += here.kind != "end"
        if here.kind == "number":
            if self.here.text in _FLIPPED and self.here.kind == "sign":
                operator = _FLIPPED[self.here.text]
                self.next += 1
                value = number(here.text)
                return [Term((Factor("I", column_of(self.atom()), (operator, value)),))]
            return []
        if here.kind == "quoted":
            return [Term((Factor(None, here.text),))]
        if here.kind != "name":
            raise Untranslatable
        return self.named(here.text)

    def named(self, name: str) -> list[Term]:
        """A name: of a column, of its table, of a function."""
        while self.here.text == ":" and self.read[self.next + 1].text == ":":  # splines::ns
            self.next += 2
            name = self.here.text
            self.next += 1
        if self.take("$", "@"):  # data$age
            name = self.here.text
            self.next += 1
        if self.take("("):
            return self.call(name)
        if self.here.text == "[" and self.read[self.next + 1].kind == "text":  # df["age"]
            name = self.read[self.next + 1].text
            self.next += 2
            if not self.take("]"):
                raise Untranslatable
        return [Term((stata_factor(name),))]

    def parenthesis(self) -> list[Term]:
        """A sum, or what varies across clusters: ``(1 + d | school)``."""
        inside = _Reader(self.read, self.translation, self.depth + 1, self.plain)
        inside.next = self.next
        terms = inside.compared(inside.sum())
        varying = inside.take("|", "||")
        if varying:
            inside.varying(tuple(f.column for term in terms for f in term.factors))
            terms = []
        if not inside.take(")"):
            raise Untranslatable
        self.next = inside.next
        return terms

    def varying(self, slopes: tuple[str, ...]) -> None:
        """The clusters after a bar."""
        names = []
        while True:
            terms = self.atom()
            names.append(column_of(terms))
            if not self.take("/", "+"):
                break
        self.add_clusters(names, slopes)

    def add_clusters(self, names: Iterable[str], slopes: tuple[str, ...] = ()) -> None:
        """Note them, each once."""
        for name in names:
            if name not in self.translation.clusters:
                self.translation.clusters.append(name)
            if slopes:
                self.translation.slopes[name] = slopes

    def call(self, name: str) -> list[Term]:
        """A function of forwhom's or of another program."""
        parts = self.arguments()
        if name == "I":
            return self.inside(parts[0], plain=True)
        own = FUNCTIONS.get(name) or FUNCTIONS.get(name.casefold())
        ours = own.name if own else None
        if ours is None:
            row = function_elsewhere(name)
            ours = row.ours if row else None
        if ours is None:
            raise Untranslatable
        if ours == "offset":
            return self.offset(parts[0])
        if ours == "interaction":
            terms: list[Term] = []
            for part in parts:
                terms = crossed(terms, self.inside(part)) if terms else self.inside(part)
            return terms
        if ours == "comparison":
            return self.condition(name, parts)
        if ours == "clusters" or (ours == "bs" and texts_of(parts) & {"re", "mrf"}):
            self.add_clusters(column_of(self.inside(part)) for part in parts[:1])
            return []
        if not ours and len(parts) > 1:  # c(a, b)
            return [term for part in parts for term in self.inside(part)]
        return [Term((self.one_column(ours, parts),))]

    def arguments(self) -> list[list[Token]]:
        """The pieces of each argument, up to the closing parenthesis."""
        parts: list[list[Token]] = [[]]
        deep = 0
        while self.here.kind != "end":
            here = self.here
            self.next += 1
            deep += (here.kind == "sign") * ((here.text in _LISTS) - (here.text in _LISTS.values()))
            if deep < 0:
                return parts
            if here.kind == "sign" and here.text == "," and not deep:
                parts.append([])
            else:
                parts[-1].append(here)
        raise Untranslatable

    def inside(self, part: list[Token], plain: bool = False) -> list[Term]:
        """The terms of one argument."""
        reader = _Reader([*part, Token("end", "", 0)], self.translation, self.depth + 1, plain)
        terms = reader.sum()
        if reader.here.kind != "end" or not terms or reader.shifted:
            raise Untranslatable
        return terms

    def offset(self, part: list[Token]) -> list[Term]:
        """``offset(log(n))`` is an exposure."""
        (factor,) = (f for term in self.inside(part) for f in term.factors)
        key = "exposure" if factor.function == "log" else "offset"
        if factor.function not in (None, "log"):
            raise Untranslatable
        self.translation.beside[key] = factor.column
        return []

    def condition(self, name: str, parts: list[list[Token]]) -> list[Term]:
        """``ifelse(age > 40, 1, 0)``, ``between(age, 18, 65)``."""
        if name.rpartition(".")[2] in ("between", "inrange") and len(parts) == 3:
            column = column_of(self.inside(parts[0]))
            low, high = (number(part[0].text) for part in parts[1:] if part[0].kind == "number")
            return [Term((Factor("I", column, (">=", low)), Factor("I", column, ("<=", high))))]
        terms = self.inside(parts[0], plain=True)
        if any(f.function != "I" for term in terms for f in term.factors):
            raise Untranslatable
        values = ["".join(token.text for token in part) for part in parts[1:]]
        if values in ([], ["1", "0"], ["TRUE", "FALSE"], ["True", "False"]):
            return terms
        if values == ["0", "1"]:
            return denied(terms)
        raise Untranslatable

    def one_column(self, ours: str, parts: list[list[Token]]) -> Factor:
        """A function of one column, its arguments as far as they are understood."""
        terms = self.inside(parts[0])
        rest = parts[1:]
        if ours != "C" and any(len(part) == 1 and part[0].kind != "number" for part in rest):
            raise Untranslatable  # of several columns
        if len(terms) != 1 or len(terms[0].factors) != 1:
            raise Untranslatable
        inner = terms[0].factors[0]
        if not ours or (inner.function == "I" and ours == "C"):
            return inner
        if inner.function in ("C", "center", "scale") and ours in ("C", "center", "scale"):
            if (ours == "C") != (inner.function == "C"):
                raise Untranslatable
            if ours == "C":  # relevel(factor(x), ref="b")
                return Factor("C", inner.column, reference_level(parts[1:]) or inner.arguments)
            return inner if ours != "scale" else Factor("scale", inner.column)
        if inner.function is not None:
            raise Untranslatable
        if ours == "C":
            return Factor("C", inner.column, reference_level(parts[1:]))
        row = FUNCTIONS[ours]
        if row.argument is None:
            return Factor(ours, inner.column)
        usual = {"bin": 4, "poly": 2, "bs": 4}[ours]
        if any(token.text in _LISTS for part in rest for token in part):
            raise Untranslatable  # knots and cut points
        asked = [int(t.text) for part in rest for t in part if t.text.isdecimal()]
        degree = min(max(asked[0] if asked else usual, row.least), row.most)
        return Factor(ours, inner.column, (degree,))
