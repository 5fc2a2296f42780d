"""Prior texts to priors and words, and every prior that is refused."""

from __future__ import annotations

import pytest

from forwhom.errors import PlanError
from forwhom.families import FAMILIES
from forwhom.plan import INTERCEPT
from forwhom.plan.priors import (
    DISTRIBUTIONS,
    SHRINKING,
    Distribution,
    Prior,
    parse_prior,
    parse_priors,
    prior_keys,
)

PRIORS = [
    ("normal(0, 0.5)", "normal(0, 0.5)", "normal, mean 0, sd 0.5"),
    ("  normal ( -1.5,2 ) ", "normal(-1.5, 2)", "normal, mean -1.5, sd 2"),
    ("normal(1e-12, 1E3)", "normal(1e-12, 1000)", "normal, mean 1e-12, sd 1000"),
    ("normal(+.5, 2.)", "normal(0.5, 2)", "normal, mean 0.5, sd 2"),
    ("normal(0, 1e300)", "normal(0, 1e+300)", "normal, mean 0, sd 1e+300"),
    (
        "student_t(3, 0, 2.5)",
        "student_t(3, 0, 2.5)",
        "Student-t, 3 degrees of freedom, centre 0, scale 2.5",
    ),
    ("half_normal(1)", "half_normal(1)", "half-normal, scale 1"),
    (
        "half_student_t(3, 2.5)",
        "half_student_t(3, 2.5)",
        "half Student-t, 3 degrees of freedom, scale 2.5",
    ),
    ("half_cauchy(2)", "half_cauchy(2)", "half-Cauchy, scale 2"),
    ("exponential(0.1)", "exponential(0.1)", "exponential, rate 0.1"),
    ("flat", "flat", "flat: every value equally likely"),
    ("flat()", "flat", "flat: every value equally likely"),
    ("gamma(2, 0.1)", "gamma(2, 0.1)", "gamma, shape 2, rate 0.1"),
    ("lkj(2)", "lkj(2)", "LKJ, shape 2 (at 1 all correlations are equally likely)"),
    (
        "learnt(0.5)",
        "learnt(0.5)",
        "normal around zero, with an sd that is learnt, half-normal of scale 0.5",
    ),
    (
        "horseshoe(0.1, 2, 4)",
        "horseshoe(0.1, 2, 4)",
        "regularised horseshoe, global scale 0.1, slab scale 2, slab degrees of freedom 4",
    ),
    ("r2d2(0.5, 2)", "r2d2(0.5, 2)", "R2D2, mean R2 0.5, precision 2"),
]


@pytest.mark.parametrize(("source", "text", "words"), PRIORS)
def test_text_and_words(source: str, text: str, words: str) -> None:
    prior = parse_prior(source, "lambda")
    assert (prior.text, prior.words, str(prior)) == (text, words, text)
    assert parse_prior(prior.text, "lambda") == prior
    assert parse_prior(prior, "lambda") is prior


def test_every_distribution_is_in_the_table_above() -> None:
    assert {parse_prior(source, "x").distribution for source, _, _ in PRIORS} == set(DISTRIBUTIONS)


USAGES = (
    "normal(m, s), student_t(df, m, s), half_normal(s), half_student_t(df, s), half_cauchy(s), "
    "exponential(rate), gamma(shape, rate), flat, lkj(shape), learnt(s), "
    "horseshoe(s, slab, df), r2d2(mean, precision)"
)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("norml(0, 1)", "the prior for lambda, 'norml(0, 1)': 'norml' is not a known distribution. "
         f"Did you mean 'normal'? Known: {USAGES}."),
        ("HalfNormal(1)", "Did you mean 'half_normal'?"),
        ("cauchy(0, 1)", "'cauchy' is not a known distribution."),
        ("normal(0)", "normal(m, s) takes 2 numbers, got 1."),
        ("normal", "normal(m, s) takes 2 numbers, got 0."),
        ("half_normal(0, 1)", "half_normal(s) takes 1 number, got 2."),
        ("flat(1)", "flat takes no numbers, got 1."),
        ("normal(0, 0)", "in normal(m, s), s must be positive and finite; got 0."),
        ("normal(0, -1)", "s must be positive and finite; got -1."),
        ("student_t(0, 0, 1)", "in student_t(df, m, s), df must be positive and finite; got 0."),
        ("exponential(1e999)", "rate must be positive and finite; got inf."),
        ("normal(1e999, 1)", "in normal(m, s), m must be a finite number; got inf."),
        ("learnt(-1)", "in learnt(s), s must be positive and finite; got -1."),
        ("horseshoe(1)", "horseshoe(s, slab, df) takes 3 numbers, got 1."),
        ("horseshoe(1, 0, 4)", "in horseshoe(s, slab, df), slab must be positive and finite; got"),
        ("horseshoe(1, 2, -4)", "df must be positive and finite; got -4."),
        ("r2d2(1, 2)", "in r2d2(mean, precision), mean must be below 1; got 1."),
        ("r2d2(0, 2)", "in r2d2(mean, precision), mean must be positive and finite; got 0."),
        ("r2d2(0.5, 0)", "precision must be positive and finite; got 0."),
        ("lkj(0)", "in lkj(shape), shape must be positive and finite; got 0."),
        ("normal(nan, 1)", "does not read as a distribution with plain numbers. Write one of: "
         + USAGES),
        ("normal(0, sd(y))", "does not read as a distribution"),
        ("normal(0,, 1)", "does not read as a distribution"),
        ("normal(0, 1", "does not read as a distribution"),
        ("normal(m=0, s=1)", "does not read as a distribution"),
        ("__import__('os')", "does not read as a distribution"),
        ("", "does not read as a distribution"),
        ("(" * 1000, "is too long to be one"),
        (0.5, f"is text such as 'normal(0, 1)', not 0.5. Known: {USAGES}."),
        (None, "not None"),
    ],
)  # fmt: skip
def test_refused(source: object, message: str) -> None:
    with pytest.raises(PlanError) as caught:
        parse_prior(source, "lambda")
    assert message in str(caught.value)
    assert "the prior for lambda" in str(caught.value)


def test_prior_made_by_hand_is_checked() -> None:
    with pytest.raises(PlanError, match="s must be positive"):
        Prior("half_normal", (-1.0,))


def test_table_of_priors() -> None:
    found = parse_priors(
        {
            "alpha": "normal(0, 1)",
            "lambda": {"Intercept": "normal(0, 1)", "woman": "normal(0, 0.2)"},
            "sigma_theta": "half_student_t(3, 2.5)",
            "sigma": "flat",
        }
    )
    assert found == {
        "alpha": Prior("normal", (0.0, 1.0)),
        "lambda": {"Intercept": Prior("normal", (0.0, 1.0)), "woman": Prior("normal", (0.0, 0.2))},
        "sigma_theta": Prior("half_student_t", (3.0, 2.5)),
        "sigma": Prior("flat"),
    }
    assert parse_priors(None) == {} == parse_priors({})


KEYS = (
    "'alpha', 'beta', 'delta', 'lambda', 'sigma_theta', 'sigma_b', 'nu_theta', 'correlation', "
    "'sigma_spread', 'sigma'"
)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({"lamda": "flat"}, "priors: 'lamda' is not a parameter that takes a prior. Did you mean "
         f"'lambda'? Parameters: {KEYS}."),
        ({"theta": "flat"}, f"Parameters: {KEYS}."),
        ({3: "flat"}, "priors: '3' is not a parameter"),
        ("normal(0, 1)", "priors is a table such as {'lambda': 'normal(0, 0.5)'}, not 'normal"),
        ({"alpha": {"x": "flat"}}, "alpha is one parameter and takes one prior, not a table"),
        ({"sigma": {"x": "flat"}}, "sigma is one parameter"),
        ({"beta": {"age": "normal(0)"}}, "the prior for beta, term 'age', 'normal(0)': normal(m,"),
        ({"beta": {"Intercept": "flat"}}, "beta has no intercept: the outcome equation's"),
        ({"delta": {"Intercept": "flat"}}, "Give its prior as 'alpha'."),
        ({"lambda": {3: "flat"}}, "a prior for lambda names its term with text, not 3."),
        ({"lambda": {"": "flat"}}, "names its term with text, not ''."),
        ({"lambda": {"\ud800": "flat"}}, "names its term with text"),
        ({"sigma": "normal(0, 2)"}, "the prior for sigma, 'normal(0, 2)', does not fit: sigma (the "
         "residual standard deviation) is a positive number. Did you mean 'half_normal(2)'? It "
         "takes: half_normal(s), half_student_t(df, s), half_cauchy(s), exponential(rate), "
         "gamma(shape, rate), flat."),
        ({"sigma_theta": "student_t(3, 0, 2.5)"}, "Did you mean 'half_student_t(3, 2.5)'?"),
        ({"lambda": "half_normal(1)"}, "lambda (the modifier coefficients) is a coefficient of "
         "either sign. It takes: normal(m, s), student_t(df, m, s), flat, learnt(s), "
         "horseshoe(s, slab, df), r2d2(mean, precision)."),
        ({"lambda": {"Intercept": "half_normal(1)"}}, "either sign. It takes: normal(m, s), "
         "student_t(df, m, s), flat."),
        ({"lambda": {"Intercept": "horseshoe(1, 2, 4)"}}, "'horseshoe' is for the coefficients of "
         "modifiers, not for the effect at their zero. It takes: normal(m, s), student_t(df, m, "
         "s), flat."),
        ({"lambda": {"a": "r2d2(0.5, 2)", "b": "flat", "c": "horseshoe(1, 2, 4)"}}, "terms of "
         "lambda are shrunk together, by one prior; 'a' has 'r2d2(0.5, 2)' and 'c' has "
         "'horseshoe(1, 2, 4)'. Give them the same."),
        ({"delta": "r2d2(0.5, 1)"}, "delta (the modifiers' main effects) is a coefficient of "
         "either sign. 'r2d2' is for lambda, the modifier coefficients. It takes: normal(m, s), "
         "student_t(df, m, s), flat."),
        ({"sigma": "horseshoe(1, 2, 4)"}, "'horseshoe' is for lambda, the modifier coefficients."),
        ({"lambda": "lkj(1)"}, "the prior for lambda, 'lkj(1)', does not fit"),
        ({"correlation": "normal(0, 1)"}, "correlation (of a group's baseline and effects) is a "
         "matrix of correlations. It takes: lkj(shape)."),
        ({"nu_theta": "normal(3, 1)"}, "nu_theta (degrees of freedom of Student-t group effects) "
         "is a positive number. Did you mean 'half_normal(1)'?"),
        ({"lambda_d": "flat"}, f"Did you mean 'lambda'? Parameters: {KEYS}."),
        ({"lambda": {"woman": "exponential(1)"}}, "the prior for lambda, term 'woman', 'exp"),
    ],
)  # fmt: skip
def test_tables_refused(source: object, message: str) -> None:
    with pytest.raises(PlanError) as caught:
        parse_priors(source)
    assert message in str(caught.value)


@pytest.mark.parametrize("family", list(FAMILIES))
def test_every_family_parameter_takes_a_prior(family: str) -> None:
    keys = prior_keys(family)
    for parameter in FAMILIES[family].parameters:
        name = parameter.name
        assert keys[name].kinds == (("scale",) if parameter.positive else ("coefficient",))
        fitting = (
            Prior("exponential", (1.0,)) if parameter.positive else Prior("normal", (0.0, 2.0))
        )
        assert parse_priors({name: fitting.text}, keys) == {name: fitting}
        parse_priors({name: parameter.prior}, keys)  # the default itself fits


def some(row: Distribution) -> Prior:
    """A prior of that distribution."""
    return Prior(row.name, tuple(0.5 for _ in row.parameters))


@pytest.mark.parametrize("distribution", list(DISTRIBUTIONS))
def test_every_distribution_fits_some_parameter(distribution: str) -> None:
    row = DISTRIBUTIONS[distribution]
    prior, fits = some(row), set(row.fits)
    accepted = {
        "lambda": fits & {"coefficient", "shrinkage"},
        "delta": fits & {"coefficient"},
        "sigma_theta": fits & {"scale"},
        "correlation": fits & {"correlation"},
    }
    for key, fit in accepted.items():
        if fit:
            assert parse_priors({key: prior.text}) == {key: prior}
        else:
            with pytest.raises(PlanError, match="does not fit"):
                parse_priors({key: prior.text})
    assert any(accepted.values())


def test_distributions_that_shrink_are_for_lambda_but_its_intercept() -> None:
    assert SHRINKING == ("learnt", "horseshoe", "r2d2")
    keys = prior_keys("gaussian", ["ad", "mailer"])
    for name in SHRINKING:
        prior = some(DISTRIBUTIONS[name])
        for key in ("lambda", "lambda_ad"):
            assert parse_priors({key: prior.text}, keys) == {key: prior}
            assert parse_priors({key: {"age": prior.text}}, keys) == {key: {"age": prior}}
            with pytest.raises(PlanError, match="not for the effect at their zero"):
                parse_priors({key: {INTERCEPT: prior.text}}, keys)


def test_keys_of_treatments_and_clusters() -> None:
    alone = prior_keys("gaussian", ["ad"], ["state"])
    several = prior_keys("gaussian", ["ad", "the mailer"], ["state"])
    own = ("lambda_ad", "sigma_theta_ad", "lambda_the mailer", "sigma_theta_the mailer")
    assert set(several) - set(alone) == set(own)
    assert set(alone) - set(prior_keys("gaussian")) == {"sigma_state", "sigma_theta_state"}
    assert several["lambda_ad"].words == "the modifier coefficients of 'ad'"
    found = parse_priors(
        {
            "lambda_the mailer": {INTERCEPT: "flat", "age": "normal(0, 1)"},
            "sigma_theta_ad": "half_normal(1)",
            "sigma_state": "exponential(1)",
        },
        several,
    )
    assert found["lambda_the mailer"] == {
        "Intercept": Prior("flat"),
        "age": Prior("normal", (0, 1)),
    }
    for key in ("sigma_theta_ad", "sigma_state", "sigma_theta_state"):
        with pytest.raises(PlanError, match=f"{key} is one parameter"):
            parse_priors({key: {"age": "flat"}}, several)
        with pytest.raises(PlanError, match=r"Did you mean 'half_normal\(2\)'"):
            parse_priors({key: "normal(0, 2)"}, several)


def test_every_key_is_listed_however_many() -> None:
    keys = prior_keys("ordered_beta", [f"arm {i}" for i in range(20)], ["state", "wave"])
    with pytest.raises(PlanError) as caught:
        parse_priors({"zzz": "flat"}, keys)
    assert all(f"'{key}'" in str(caught.value) for key in keys)
    assert " more" not in str(caught.value)
