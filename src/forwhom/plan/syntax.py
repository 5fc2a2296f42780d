"""Functions and signs of other formula languages, and forwhom's words for them.

Tests: tests/plan/test_agreement.py
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FunctionElsewhere:
    """A function of another formula language.

    Attributes:
        ours: the function of forwhom that does it; "" for the column itself; "clusters",
            "offset", "comparison", "power" for what is said in another way; None for nothing.
        words: a sentence that says so.
    """

    ours: str | None
    words: str


_MAKE = "Make it a column of the data first, and name that."

_FUNCTIONS: tuple[tuple[str | None, str, str], ...] = (
    (
        "C",
        'Levels are C(x), or with another reference C(x, ref="b").',
        "factor as.factor as_factor asfactor ordered as.ordered as_ordered categorical category "
        "cat dummy dummies get_dummies i treatment relevel fct_relevel levels as.character "
        "as_character str",
    ),
    ("log", "The natural logarithm is log(x).", "ln loge log_e"),
    (
        "log",
        "The natural logarithm is log(x), the same up to a constant factor.",
        "log10 log2",
    ),
    (
        None,
        f"forwhom computes log(x) of one column and no other arithmetic. {_MAKE}",
        "log1p sqrt exp expm1 abs square sin cos tan round floor ceiling ceil trunc cumsum lag "
        "lead diff shift l rank min max sum mean pmin pmax plogis qlogis logit probit is.na "
        "isna isnull na nan substr paste rowsums rowmeans div minmax q eval poly_raw exec",
    ),
    (
        "bs",
        "A smooth curve is bs(x, df=4), a cubic B-spline.",
        "s te ti t2 ns rcs cr cc cs tp ps spline splines smooth mkspline lo loess lowess gam gp "
        "f_smooth nsp bspline pspline pb hs_spline",
    ),
    ("poly", "A polynomial is poly(x, 2).", "pol polynomial poly2 quadratic"),
    (
        "bin",
        'Quantile bins are bin(x, 4); cut points for the groups are bins={"x": [20, 40]}.',
        "cut cut2 cut_number cut_interval qcut ntile xtile quantile binned tiles findinterval",
    ),
    ("center", "Minus its mean is center(x).", "demean demeaned mc mean_center cent centre c_"),
    (
        "scale",
        "Minus its mean, divided by two standard deviations, is scale(x).",
        "standardize standardise std zscore z_score stdize z rescale arm_rescale",
    ),
    (
        "",
        "A column is named by itself: x.",
        "as.numeric as_numeric numeric as.integer as.double as.logical as.vector c identity int "
        "float bool unlist num mo cont continuous linear asis as_is",
    ),
    (
        "comparison",
        'A comparison is I(x == 1), I(x >= 65) or I(x in ["a", "b"]).',
        "ifelse if_else case_when where iif cond indicator recode isin between inlist inrange",
    ),
    (
        "clusters",
        'Columns whose baselines vary are named in clusters="x", effects that vary across them '
        'also in cluster_effects="x".',
        "cluster re random frailty strata strat fe absorb mm ar icar bym group_by ranef vc id "
        "areg egen car",
    ),
    (
        "offset",
        'An offset is the keyword offset="x", a time or size at risk exposure="x".',
        "offset exposure",
    ),
    (
        None,
        'The outcome is one column; successes of several trials are outcome="x", trials="n", '
        'family="binomial".',
        "cbind trials",
    ),
    (
        None,
        'A time and its event are outcome="time", event="died", with family="weibull", '
        '"exponential" or "piecewise_exponential".',
        "surv cens",
    ),
    ("interaction", "An interaction is x:z.", "interaction inter"),
)

FUNCTIONS_ELSEWHERE: dict[str, FunctionElsewhere] = {
    name: FunctionElsewhere(ours, words)
    for ours, words, names in _FUNCTIONS
    for name in names.split()
}


def function_elsewhere(name: str) -> FunctionElsewhere | None:
    """A function by its name, whatever its case and the module before it.

    >>> function_elsewhere("np.log").ours, function_elsewhere("as.factor").ours
    ('log', 'C')
    """
    folded = name.casefold()
    own = {"c": "C", "center": "center", "scale": "scale", "bin": "bin"}
    own |= {word: word for word in ("log", "poly", "bs")}
    found = FUNCTIONS_ELSEWHERE.get(folded)
    if found is None and "." in folded:
        last = folded.rpartition(".")[2]
        found = FUNCTIONS_ELSEWHERE.get(last)
        if last in own:
            found = FunctionElsewhere(own[last], f"It is {own[last]}().")
    return found


_POWER = "powers are poly(x, 2), interactions a*b or a:b"
SIGNS_ELSEWHERE = {
    "-": "list what to keep instead of what to leave out; a name with a hyphen needs back-quotes",
    "~": "give the right-hand side alone: the outcome has its own argument",
    "|": 'columns whose baselines vary, as in (1 | x), are named in clusters="x" or groups="x"',
    "||": 'columns whose baselines vary, as in (1 || x), are named in clusters="x" or groups="x"',
    "^": _POWER,
    "**": _POWER,
    "/": "write the terms out: a/b is a + a:b",
    "%in%": 'a comparison with several values is I(x in ["a", "b"])',
    "%": "write the terms out, as in a + a:b",
    "#": "an interaction is a:b, with its main effects a*b",
    "##": "an interaction with its main effects is a*b",
    "&": "an interaction is a:b",
    "&&": "an interaction is a:b",
    ".": "a dot stands only inside a name; name the columns one by one",
    "'": 'text in quotes belongs inside I(x == "a") or C(x, ref="a"); a name with a space in it '
    "goes in back-quotes: `my column`",
    "=": "a name before '=' belongs inside a function, as in bs(x, df=4)",
    ",": "join terms with +, or give the names as a list",
    "!": 'what does not hold is I(x != "a")',
    "[": "a level is told from the others by I(x == 1)",
    "$": "name the column alone, without its table",
    "@": "name the column alone, without its table",
}
SIGNS_ELSEWHERE['"'] = SIGNS_ELSEWHERE["'"]
SIGNS_ELSEWHERE |= dict.fromkeys(
    ("==", "!=", "<", "<=", ">", ">="), "a comparison stands inside I( ), as in I(x >= 65)"
)
