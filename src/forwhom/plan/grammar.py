"""The grammar of formulas: text to tokens to terms.

    sum      = product ("+" product)*
    product  = crossing ("*" crossing)*          a*b is a + b + a:b
    crossing = atom (":" atom)*
    atom     = name | function "(" name ["," [argument "="] number] ")" | "(" sum ")"
             | "C(" name ["," "ref" "=" value] ")" | "I(" name comparison ")"
    comparison = ("==" | "!=" | "<" | "<=" | ">" | ">=") value | ["not"] "in" "[" value, ... "]"
    value    = ["+" | "-"] number | text in quotes | "True" | "False"

The parser descends recursively, but never deeper than ``MAX_DEPTH``.

Tests: tests/plan/test_formula.py
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from forwhom.errors import PlanError, nearest
from forwhom.plan.literals import COMPARISONS, TRUTH, Argument, Literal, literal_text, quoted_text
from forwhom.plan.literals import number as read_number
from forwhom.plan.terms import (
    ALLOWED,
    FUNCTIONS,
    MAX_CHARACTERS,
    MAX_DEPTH,
    MAX_PRODUCTS,
    MAX_TERMS,
    Factor,
    Term,
    continues,
    ordered_terms,
)

_NUMBER = re.compile(r"[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]+)?")
_SIGNS = ("**", "##", "&&", "||", "==", "!=", "<=", ">=", "%in%")  # longer than one character
_INTERCEPT = "the intercept is always in the model and cannot be added or taken out; leave it out"


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a formula.

    ``kind`` is "name", "quoted" (a name in back-quotes), "number", "text", "sign" or "end".
    """

    kind: str
    text: str
    at: int


def parse_text(text: str, what: str) -> tuple[Term, ...]:
    """Parse a formula into terms; ``what`` is its argument's name. Raises :class:`PlanError`.

    >>> [term.label for term in parse_text("a*b", "modifiers")]
    ['a', 'b', 'a:b']
    """
    if len(text) > MAX_CHARACTERS:
        raise PlanError(
            f"{what}: the formula is longer than {MAX_CHARACTERS:,} characters. "
            "Give the names as a list."
        )
    if not text.strip():
        return ()
    return _Parser(text, what).parse()


def tokens(text: str) -> Iterator[Token]:
    """The pieces of a formula, the last of kind "end"."""
    at = 0
    while at < len(text):
        character = text[at]
        start = at
        if character.isspace():
            at += 1
        elif character == "`":
            name, at = _back_quoted(text, at)
            yield Token("quoted", name, start)
        elif character in "'\"":
            held, at = quoted_text(text, at)
            yield Token("text", held, start)
        elif character.isidentifier():
            while at < len(text) and continues(text[at]):
                at += 1
            yield Token("name", text[start:at], start)
        elif match := _NUMBER.match(text, at):
            at = match.end()
            while at < len(text) and continues(text[at]):  # 2016vote: reported whole
                at += 1
            yield Token("number", text[start:at], start)
        else:
            at += next((len(sign) for sign in _SIGNS if text.startswith(sign, at)), 1)
            yield Token("sign", text[start:at], start)
    yield Token("end", "", len(text))


def _back_quoted(text: str, start: int) -> tuple[str, int]:
    """The name in back-quotes at ``start`` and where it ends; unclosed, the end is the text's."""
    pieces = []
    at = start + 1
    while (close := text.find("`", at)) >= 0:
        pieces.append(text[at:close])
        if not text.startswith("``", close):
            return "`".join(pieces), close + 1
        at = close + 2
    raise PlanError("a back-quote is opened and not closed. Close it: `my column`.")


class _Parser:
    """One pass over one formula."""

    def __init__(self, text: str, what: str) -> None:
        self.text, self.what = text, what
        self.depth = self.products = self.next = 0
        try:
            self.tokens = list(tokens(text))
        except PlanError as error:
            raise self.error(str(error)) from None

    def parse(self) -> tuple[Term, ...]:
        terms = self.sum()
        if self.here.kind != "end":
            raise self.unexpected("where +, * or : could follow")
        return terms

    @property
    def here(self) -> Token:
        return self.tokens[self.next]

    def take(self, sign: str) -> bool:
        found = self.here.kind == "sign" and self.here.text == sign
        self.next += found
        return found

    def sum(self) -> tuple[Term, ...]:
        terms = list(self.product())
        while self.take("+"):
            terms += self.product()
        return ordered_terms(terms, self.what)

    def product(self) -> tuple[Term, ...]:
        terms = self.crossing()
        while self.take("*"):
            right = self.crossing()
            terms = ordered_terms((*terms, *right, *self.crossed(terms, right)), self.what)
        return terms

    def crossing(self) -> tuple[Term, ...]:
        terms = self.atom()
        while self.take(":"):
            terms = self.crossed(terms, self.atom())
        return terms

    def crossed(self, left: tuple[Term, ...], right: tuple[Term, ...]) -> tuple[Term, ...]:
        self.products += len(left) * len(right)
        if self.products > MAX_PRODUCTS:
            raise self.error(
                f"its products write out to far more than {MAX_TERMS:,} terms or repeat each "
                "other. Use fewer interactions."
            )
        return ordered_terms((Term(a.factors + b.factors) for a in left for b in right), self.what)

    def atom(self) -> tuple[Term, ...]:
        token = self.here
        if self.take("("):
            self.depth += 1
            if self.depth > MAX_DEPTH:
                raise self.error(
                    f"parentheses are nested more than {MAX_DEPTH} deep. Write the terms out. "
                    + ALLOWED
                )
            terms = self.sum()
            if not self.take(")"):
                raise self.unexpected("where ')' should close a parenthesis")
            self.depth -= 1
            return terms
        if token.kind not in ("name", "quoted"):
            raise self.unexpected("where a name should be")
        self.next += 1
        if token.kind == "name" and self.take("("):
            factor = self.call(token)
        else:
            factor = self.factor(None, token.text, ())
        return (Term((factor,)),)

    def call(self, function: Token) -> Factor:
        row = FUNCTIONS.get(function.text)
        if row is None:
            raise self.error(
                f"'{function.text}' is not a function of the formula language, and nothing is run "
                f"as Python.{self.function_words(function.text)} {ALLOWED}"
            )
        if row.name == "I":
            return self.comparison()
        column = self.here
        one_column = (
            f"{row.name} takes one column, as in {row.example}; make any other quantity a column "
            f"of the data first. {ALLOWED}"
        )
        if column.kind not in ("name", "quoted"):
            raise self.error(one_column)
        self.next += 1
        arguments: list[Argument] = []
        if row.name == "C" and self.take(","):
            arguments.append(self.reference())
        while row.argument and self.take(","):
            arguments.append(self.argument(row.argument, row.example))
        if not self.take(")"):
            raise self.error(one_column)
        return self.factor(row.name, column.text, tuple(arguments))

    @staticmethod
    def function_words(name: str) -> str:
        """forwhom's word for a function of other programs, or the nearest of its own."""
        from forwhom.plan.syntax import function_elsewhere  # only a mistake pays for it

        found = None if name.casefold() in FUNCTIONS else function_elsewhere(name)
        return f" {found.words}" if found else nearest(name, FUNCTIONS)

    def reference(self) -> Literal:
        """``ref="Russia"``, the level that the others of ``C`` are held against."""
        token = self.here
        if token.kind == "name" and token.text == "ref":
            self.next += 1
            if self.take("="):
                return self.literal()
            self.next -= 1
        raise self.error(
            "C takes a column and, where it is not to be the first, the reference level, as in "
            f'C(x, ref="b") or C(x, ref=1). {ALLOWED}'
        )

    def comparison(self) -> Factor:
        """What stands in ``I( )``: one column, compared with a value or a list of values."""
        column = self.here
        example = 'as in I(x == "a"), I(x >= 65) or I(x in ["a", "b"])'
        if column.kind not in ("name", "quoted"):
            raise self.error(f"I compares one column with a value, {example}. {ALLOWED}")
        self.next += 1
        operator = self.here.text if self.here.kind in ("name", "sign") else ""
        self.next += self.here.kind != "end"
        if operator == "not" and self.here.kind == "name" and self.here.text == "in":
            operator = "not in"
            self.next += 1
        value: Argument
        if operator in ("in", "not in"):
            value = self.values()
        elif operator in COMPARISONS:
            value = self.literal()
        else:
            raise self.error(f"I compares one column with a value, {example}. {ALLOWED}")
        if not self.take(")"):
            raise self.error(
                f"I takes one comparison and nothing else, {example}; two of them that must both "
                f"hold are a product, as in I(x >= 18):I(x < 65). {ALLOWED}"
            )
        return self.factor("I", column.text, (operator, value))

    def values(self) -> tuple[Literal, ...]:
        """A list in brackets."""
        if not self.take("["):
            raise self.unexpected('where a list should be, as in I(x in ["a", "b"])')
        found = [self.literal()]
        while self.take(","):
            if self.here.text == "]":
                break
            found.append(self.literal())
        if not self.take("]"):
            raise self.unexpected('where a list should go on, as in I(x in ["a", "b"])')
        return tuple(found)

    def literal(self) -> Literal:
        """A number with its sign, a text in quotes, True or False."""
        sign = -1 if self.take("-") else 1
        signed = sign < 0 or self.take("+")
        token = self.here
        self.next += token.kind != "end"
        if token.kind == "number" and _NUMBER.fullmatch(token.text):
            return sign * read_number(token.text)
        if not signed:
            if token.kind == "text":
                return token.text
            if token.kind == "name" and token.text in TRUTH:
                return TRUTH[token.text]
        found = f"'{token.text}' at character {token.at + 1}" if token.text else "nothing"
        hint = ""
        if token.kind in ("name", "quoted"):
            hint = f"; text goes in quotes, as in {literal_text(token.text)}"
        raise self.error(f"{found} stands where a number or a text should be{hint}. {ALLOWED}")

    def argument(self, name: str, example: str) -> int | float:
        token = self.here
        self.next += token.kind != "end"
        if token.kind == "name" and token.text == name and self.take("="):
            token = self.here
            self.next += token.kind != "end"
        if token.kind != "number" or not _NUMBER.fullmatch(token.text):
            found = f"'{token.text}' at character {token.at + 1}" if token.text else "nothing"
            raise self.error(f"{found} stands where a number should be, as in {example}. {ALLOWED}")
        whole = token.text.isdecimal() and len(token.text) < 20
        return read_number(token.text) if whole else float(token.text)

    def factor(self, function: str | None, column: str, arguments: tuple[Argument, ...]) -> Factor:
        try:
            return Factor(function, column, arguments)
        except PlanError as error:
            raise self.error(str(error)) from None

    def unexpected(self, place: str) -> PlanError:
        from forwhom.plan.syntax import SIGNS_ELSEWHERE  # only a mistake pays for it

        token = self.here
        if token.kind == "end":
            return self.error(f"it ends {place}. {ALLOWED}")
        found = f"'{token.text}' at character {token.at + 1} stands {place}"
        if token.kind == "number":
            bar = SIGNS_ELSEWHERE["|"] if "|" in self.text else _INTERCEPT
            hint = (
                bar
                if token.text in ("0", "1")
                else f"a name that starts with a digit needs back-quotes: `{token.text}`"
            )
        elif token.kind == "sign" and not (token.text in "+*:()" and len(token.text) == 1):
            hint = SIGNS_ELSEWHERE.get(token.text, "names with signs in them need back-quotes")
            found = (
                f"'{token.text}' at character {token.at + 1} is not part of the formula language"
            )
        elif token.kind == "text":
            hint = SIGNS_ELSEWHERE['"']
        elif token.kind in ("name", "quoted"):
            hint = "a name with a space in it needs back-quotes"
        else:
            hint = ""
        return self.error(f"{found}{f': {hint}' if hint else ''}. {ALLOWED}")

    def error(self, message: str) -> PlanError:
        shown = self.text if len(self.text) <= 60 else self.text[:57] + "..."
        return PlanError(f'{self.what} "{shown}": {message}')
