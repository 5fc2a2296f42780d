"""Formula to terms, and every formula that is refused, with the words it is refused in."""

from __future__ import annotations

import time

import numpy as np
import pytest

from forwhom.errors import PlanError
from forwhom.plan.formula import (
    FUNCTIONS,
    Factor,
    Formula,
    Term,
    parse_formula,
    plain_names,
    quoted,
)

TERMS = [
    ("a", ["a"]),
    ("a + b", ["a", "b"]),
    ("a+b\n + c", ["a", "b", "c"]),
    ("a*b", ["a", "b", "a:b"]),
    ("a:b", ["a:b"]),
    ("a:b + a", ["a", "a:b"]),
    ("a + a", ["a"]),
    ("a*a", ["a"]),
    ("a:a", ["a"]),
    ("a:b + b:a", ["a:b"]),
    ("b + a*b", ["b", "a", "a:b"]),
    ("a*b*c", ["a", "b", "c", "a:b", "a:c", "b:c", "a:b:c"]),
    ("(a + b)*c", ["a", "b", "c", "a:c", "b:c"]),
    ("(a + b):c", ["a:c", "b:c"]),
    ("a:(b + c)*d", ["d", "a:b", "a:c", "a:b:d", "a:c:d"]),
    ("(a + b)*(c + d)", ["a", "b", "c", "d", "a:c", "a:d", "b:c", "b:d"]),
    ("((a))", ["a"]),
    ("a*b + c", ["a", "b", "c", "a:b"]),
    ("C(x)*z", ["C(x)", "z", "C(x):z"]),
    ("center(x) + scale(x) + log(x)", ["center(x)", "scale(x)", "log(x)"]),
    ("bin(x, 4)", ["bin(x, 4)"]),
    ("bin (x,4)", ["bin(x, 4)"]),
    ("bin(x, bins=4)", ["bin(x, 4)"]),
    ("poly(x, degree=2)", ["poly(x, 2)"]),
    ("bs(x, 4)", ["bs(x, df=4)"]),
    ("bs(x, df=4) + bs(x, 4)", ["bs(x, df=4)"]),
    ("bin + log", ["bin", "log"]),
    ("`my col` + b", ["my col", "b"]),
    ("log(`my col`):b", ["log(my col):b"]),
    ("`a``b`", ["a`b"]),
    ("`a:b`:c", ["a:b:c"]),
    ("a.b + _c + d2", ["a.b", "_c", "d2"]),
    ("größe*年齢 + उम्र + возраст", ["größe", "年齢", "उम्र", "возраст", "größe:年齢"]),
    ("I(x == 1)", ["I(x == 1)"]),
    ("I( x>=65 )*z", ["I(x >= 65)", "z", "I(x >= 65):z"]),
    ("I(x >= 65.0) + I(x >= 65)", ["I(x >= 65)"]),
    ("I(x < -0.5)", ["I(x < -0.5)"]),
    ("I(x != +1e-3)", ["I(x != 0.001)"]),
    ("I(x == 'a')", ['I(x == "a")']),
    ("""I(x == "it's")""", ["""I(x == "it's")"""]),
    (r"""I(x == 'a "b" \\ \'c\'\n\u0041')""", [r"""I(x == "a \"b\" \\ 'c'\nA")"""]),
    (r"I(x == 'C:\data')", [r'I(x == "C:\\data")']),
    ("I(x == True) + I(y == False)", ["I(x == True)", "I(y == False)"]),
    ("I(`my col` in ['N', \"S\",1, 'N',])", ['I(my col in ["N", "S", 1])']),
    ("I(x not in [1, 2.5])", ["I(x not in [1, 2.5])"]),
    ("I(x == 1580000000000000003)", ["I(x == 1580000000000000003)"]),
    ("I(in in [1]) + I(not not in [1])", ["I(in in [1])", "I(not not in [1])"]),
    ("I + I(I <= 2)", ["I", "I(I <= 2)"]),
    ('C(x, ref="Russia")', ['C(x, ref="Russia")']),
    ("C(x, ref=1):z + C(`a b`, ref='(')", ['C(a b, ref="(")', "C(x, ref=1):z"]),
    ("I(x == 'a:b)')*z", ['I(x == "a:b)")', "z", 'I(x == "a:b)"):z']),
    ("class + import + None", ["class", "import", "None"]),
    ("", []),
    ("  \n", []),
]


@pytest.mark.parametrize(("text", "labels"), TERMS)
def test_terms(text: str, labels: list[str]) -> None:
    formula = parse_formula(text, "modifiers")
    assert [term.label for term in formula.terms] == labels
    assert bool(formula) is bool(labels)
    assert parse_formula(formula.text, "modifiers") == formula


@pytest.mark.parametrize(
    "text",
    [
        *("a*b", "a*b*c", "(a + b)*c", "(a + b):c", "(a + b)*(c + d)", "b + a*b"),
        *("a:b + b:a + c", "a:(b + c)*d", "d + a:b:c + b*c", "(a + b*c)*d"),
    ],
)
def test_terms_and_their_order_are_formulaics(text: str) -> None:
    formulaic = pytest.importorskip("formulaic", reason="the test extra brings formulaic")
    theirs = [frozenset(map(str, t.factors)) for t in formulaic.Formula(text) if str(t) != "1"]
    ours = [
        frozenset(f.label for f in term.factors) for term in parse_formula(text, "modifiers").terms
    ]
    assert ours == theirs


def test_factor_holds_function_column_and_arguments() -> None:
    (term,) = parse_formula("bs(age, df=4)", "controls").terms
    assert term == Term((Factor("bs", "age", (4,)),))


def test_label_is_for_people_and_text_for_formulas() -> None:
    factor = Factor("bin", "my age (years)", (4,))
    assert factor.label == "bin(my age (years), 4)"
    assert factor.text == "bin(`my age (years)`, 4)"
    assert Term((factor, Factor(None, "b"))).text == "bin(`my age (years)`, 4):b"


def test_columns_come_once_in_order() -> None:
    assert parse_formula("b*a + log(b) + c", "modifiers").columns == ("b", "a", "c")


AWKWARD = [
    "my col",
    "sex (f/m)",
    "bin(age, 4)",
    "a:b",
    "a*b",
    "2016",
    "a`b",
    "`",
    "-",
    "größe",
    " ",
]


def test_names_in_a_list_are_literal() -> None:
    formula = parse_formula(AWKWARD, "modifiers")
    assert formula.columns == tuple(AWKWARD)
    assert all(term.factors[0].function is None for term in formula.terms)
    assert parse_formula(formula.text, "modifiers") == formula


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (None, ""),
        ([], ""),
        (("a", "b"), "a + b"),
        (["a", "a"], "a"),
        (np.array(["a", "b c"]), "a + `b c`"),
        (["a", Factor("log", "b")], "a + log(b)"),
        ([Term((Factor(None, "a"), Factor(None, "b"))), "c"], "c + a:b"),
        (Factor(None, "a"), "a"),
        (Formula((Term((Factor(None, "a"), Factor(None, "a"))),)), "a"),
    ],
)
def test_other_sources(source: object, text: str) -> None:
    assert parse_formula(source, "modifiers").text == text


@pytest.mark.parametrize("name", list(FUNCTIONS))
def test_every_function_is_read_as_its_example_shows(name: str) -> None:
    row = FUNCTIONS[name]
    formula = parse_formula(row.example, "modifiers")
    assert formula.text == row.example
    assert formula.terms[0].factors[0].function == name
    assert row.words


LIST = "Allowed: a, a + b, a*b, a:b, (a + b)*c, C(x), center(x), scale(x), bin(x, 4), log(x), "
DEEP = "(" * 1000 + "a" + ")" * 1000

# Each of these shows the list of what is allowed.
REFUSED = [
    ("a - b", "'-' at character 3 is not part of the formula language: list what to keep"),
    ("my-col", "a name with a hyphen needs back-quotes"),
    ("1 + a", "the intercept is always in the model and cannot be added or taken out"),
    ("0 + a", "the intercept is always in the model"),
    ("a + 2016vote", "needs back-quotes: `2016vote`"),
    ("y ~ a", "the outcome has its own argument"),
    ("(1 | a)", "columns whose baselines vary, as in (1 | x), are named in clusters"),
    ("a | b", "'|' at character 3 is not part of the formula language: columns whose baselines"),
    ("(a + b)^2", "'^' at character 8 is not part of the formula language: powers are poly(x, 2)"),
    ("(a + b)**2", "'**' at character 8"),
    ("a / b", "a/b is a + a:b"),
    (".", "name the columns one by one"),
    ("C(a).b", "a dot stands only inside a name"),
    ("a + 'text'", "text in quotes belongs inside I(x == "),
    ('"a"', "a name with a space in it goes in back-quotes: `my column`"),
    ("a = b", "'=' at character 3"),
    ("a, b", "join terms with +, or give the names as a list"),
    ("a[0]", "'[' at character 2 is not part of the formula language"),
    ("a; b", "';' at character 2"),
    ("x²", "'²' at character 2 is not part of the formula language"),
    ("my col", "'col' at character 4 stands where +, * or : could follow: a name with a space"),
    ("a b + c", "a name with a space in it needs back-quotes"),
    ("a +", "it ends where a name should be"),
    ("+ a", "'+' at character 1 stands where a name should be"),
    ("a ** b", "'**' at character 3"),
    ("a * * b", "'*' at character 5 stands where a name should be"),
    ("()", "')' at character 2 stands where a name should be"),
    ("(a", "it ends where ')' should close a parenthesis"),
    ("(a b)", "'b' at character 4 stands where ')' should close a parenthesis"),
    ("a)", "')' at character 2 stands where +, * or : could follow"),
    ("`log`(x)", "'(' at character 6 stands where"),
    ("(a)(b)", "'(' at character 4 stands where"),
    ("eval(a)", "'eval' is not a function of the formula language, and nothing is run as Python"),
    ("__import__('os').system('ls')", "'__import__' is not a function of the formula language"),
    ("os.system(a)", "'os.system' is not a function of the formula language"),
    ("open(`/etc/passwd`)", "'open' is not a function"),
    ("lambda x: x", "'x' at character 8 stands where"),
    ("I(a + b)", "I compares one column with a value, as in I(x == "),
    ("I(a)", "I compares one column with a value"),
    ("I(1 == a)", "I compares one column with a value"),
    ("I(a == b)", "'b' at character 8 stands where a number or a text should be; text goes in "
     'quotes, as in "b"'),
    ("I(a == )", "')' at character 8 stands where a number or a text should be"),
    ("I(a == 1", "I takes one comparison and nothing else"),
    ("I(a == 1 + b)", "I takes one comparison and nothing else"),
    ("I(18 <= a < 65)", "I compares one column with a value"),
    ("I(a >= 18 & a < 65)", "a product, as in I(x >= 18):I(x < 65)"),
    ("I(a in 1)", "stands where a list should be, as in I(x in "),
    ("I(a in [])", "']' at character 9 stands where a number or a text should be"),
    ("I(a in [1; 2])", "';' at character 10 is not part of the formula language"),
    ("I(a not 1)", "I compares one column with a value"),
    ("I(a == [1])", "'[' at character 8 stands where a number or a text should be"),
    ("I(a == -'b')", "stands where a number or a text should be"),
    ("I(f(a) == 1)", "I compares one column with a value"),
    ("I(a == 1)(b)", "'(' at character 10 stands where"),
    ("a == 1", "'==' at character 3 is not part of the formula language: a comparison stands"),
    ("C(x, 'b')", "C takes a column and, where it is not to be the first, the reference level"),
    ("C(x, ref=b)", "text goes in quotes"),
    ("C(x, ref=1, 2)", "C takes one column"),
    ("C(x, base=1)", "C takes a column and, where"),
    ("bins(x, 4)", "'bins' is not a function of the formula language, and nothing is run as "
     "Python. Did you mean 'bin'?"),
    ("Log(x)", "Did you mean 'log'?"),
    ("log(x + 1)", "log takes one column, as in log(x); make any other quantity a column"),
    ("log(center(x))", "log takes one column"),
    ("log()", "log takes one column"),
    ("log(2)", "log takes one column"),
    ("C(x, Treatment('b'))", 'the reference level, as in C(x, ref="b") or C(x, ref=1)'),
    ("log(x, 2)", "log takes one column"),
    ("bs(x, degree=3)", "'degree' at character 7 stands where a number should be, as in bs(x"),
    ("bs(x, df=", "nothing stands where a number should be"),
    ("bin(x, -4)", "'-' at character 8 stands where a number should be, as in bin(x, 4)"),
    ("bin(x, n)", "'n' at character 8 stands where a number should be"),
    ("bin(x, 4", "bin takes one column"),
    (DEEP, "parentheses are nested more than 50 deep. Write the terms out."),
    ("log(" * 1000 + "a" + ")" * 1000, "log takes one column"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message"), REFUSED, ids=[text[:30] for text, _ in REFUSED])
def test_refused_with_the_list_of_what_is_allowed(text: str, message: str) -> None:
    with pytest.raises(PlanError) as caught:
        parse_formula(text, "modifiers")
    said = str(caught.value)
    assert message in said
    assert LIST in said
    assert said.startswith('modifiers "')


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("bin(x)", "bin takes a column and one whole number, bins, from 2 to 1000, as in bin(x, 4)"
         "; got nothing."),
        ("bin(x, 1)", "got 1."),
        ("bin(x, 4.5)", "got 4.5."),
        ("bin(x, 4, 5)", "got 4, 5."),
        ("poly(x, 0)", "poly takes a column and one whole number, degree, from 1 to 20"),
        ("bs(x, df=2)", "bs takes a column and one whole number, df, from 3 to 100"),
        ("bs(x, df=" + "9" * 5000 + ")", "bs takes a column and one whole number"),
        ("I(x == " + "9" * 5000 + ")", "inf is not a value to compare with"),
        ("don't know", "a quote (') is opened and not closed"),
        ("I(x == 'a", "a quote (') is opened and not closed."),
        ("I(x in [" + ", ".join(map(str, range(1001))) + "])", "a list holds from 1 to 1,000 val"),
        ("`a", "a back-quote is opened and not closed. Close it: `my column`."),
        ("``", "a column name is empty"),
        ("Intercept + a", "'Intercept' cannot be named: the intercept is always in the model."),
        ("a" * 200_000, "the formula is longer than 100,000 characters. Give the names as a list."),
        (":".join("abcdefghijk"), "an interaction has more than 10 variables"),
        (" + ".join(f"a{i}" for i in range(1001)), "more than 1,000 terms once written out"),
        ("*".join("abcdefghij"), "more than 1,000 terms once written out"),
        ("*".join(["(a*b*c*d*e*f*g*h*i)"] * 500), "write out to far more than 1,000 terms"),
    ],
    ids=lambda value: value[:30],
)  # fmt: skip
def test_refused_quickly(text: str, message: str) -> None:
    started = time.perf_counter()
    with pytest.raises(PlanError) as caught:
        parse_formula(text, "controls")
    assert message in str(caught.value)
    assert str(caught.value).startswith("controls")
    assert len(str(caught.value)) < 600
    assert time.perf_counter() - started < 5


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (3, 'modifiers is text such as "a*b + c" or a list of column names, not of type int'),
        ({"a": 1}, "not of type dict"),
        ({"a", "b"}, "not of type set, which has no order"),
        (b"a", "not of type bytes"),
        (["a", 3], "modifiers: a column name is text, not 3 (int)"),
        (["a", None], "modifiers: a column name is text, not None"),
        (["a", ""], "modifiers: a column name is empty"),
        (["\ud800"], "is not valid Unicode"),
        (["Intercept"], "modifiers: 'Intercept' cannot be named"),
        ([f"a{i}" for i in range(1001)], "more than 1,000 terms"),
        (Formula((Term(()),)), "modifiers: a term has no factors"),
    ],
)  # fmt: skip
def test_sources_refused(source: object, message: str) -> None:
    with pytest.raises(PlanError) as caught:
        parse_formula(source, "modifiers")
    assert message in str(caught.value)


def test_a_thousand_terms_are_fine() -> None:
    assert len(parse_formula(" + ".join(f"a{i}" for i in range(1000)), "modifiers").terms) == 1000


def test_factor_checks_itself() -> None:
    for arguments in [(), ("=", 1), ("==",), ("==", None), ("==", float("nan")), ("in", "ab"),
                      ("in", ()), ("<", ("a", "b")), ("==", 1, 2)]:  # fmt: skip
        with pytest.raises(PlanError):
            Factor("I", "x", arguments)  # type: ignore[arg-type]
    with pytest.raises(PlanError, match="not valid Unicode"):
        Factor("C", "x", ("\ud800",))
    with pytest.raises(PlanError, match="'lag' is not a function"):
        Factor("lag", "x")
    with pytest.raises(PlanError, match="the plain column 'x' takes no arguments"):
        Factor(None, "x", (2,))
    with pytest.raises(PlanError, match="log takes one column and nothing else"):
        Factor("log", "x", (2,))


@pytest.mark.parametrize(
    ("source", "names"), [("a + b", ("a", "b")), (["a b", "c"], ("a b", "c")), (None, ())]
)
def test_plain_names(source: object, names: tuple[str, ...]) -> None:
    assert plain_names(source, "groups") == names


@pytest.mark.parametrize("text", ["a*b", "log(a)", "a:b"])
def test_plain_names_refuse_more(text: str) -> None:
    with pytest.raises(PlanError, match=r"groups names columns only, and '.*' is more than a "):
        plain_names(text, "groups")


@pytest.mark.parametrize(
    ("name", "text"), [("a.b", "a.b"), (".a", "`.a`"), ("a-b", "`a-b`"), ("`", "````")]
)
def test_quoted(name: str, text: str) -> None:
    assert quoted(name) == text


def test_any_text_and_number_comes_back_from_its_formula() -> None:
    rng = np.random.default_rng(1)
    letters = np.array(list("ab \"'\\`\n\t\r[]()=,:#\u2028\x00ä中😀"))
    for _ in range(500):
        text = "".join(rng.choice(letters, rng.integers(0, 8)))
        number = float(rng.normal() * 10.0 ** rng.integers(-20, 20))
        column = "".join(rng.choice(letters[:-1], 3)) + "x"
        factors = (
            Factor("I", column, ("==", text)),
            Factor("C", column, (text,)),
            Factor("I", column, ("not in", (text, number, int(number), True))),
            Factor("I", column, ("<=", number)),
        )
        formula = Formula(tuple(Term((factor,)) for factor in factors))
        again = parse_formula(formula.text, "modifiers")
        assert again == formula
        assert again.text == formula.text


def test_a_comparison_is_a_trait_of_its_own() -> None:
    formula = parse_formula("I(age >= 65)*sex + age:C(sex)", "modifiers")
    assert formula.columns == ("age", "sex")
    assert formula.traits == ("age >= 65", "sex", "age")
    clash = parse_formula("I(age >= 65) + `age >= 65`", "modifiers")
    assert clash.traits == ("I(age >= 65)", "age >= 65")
