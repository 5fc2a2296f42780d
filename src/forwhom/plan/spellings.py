"""What R, Stata, brms, patsy and others call things, and forwhom's word for it: one table each.

Nothing here is accepted in place of forwhom's own words: the messages of formulas, keywords,
families, flags and plan files say them.

Tests: tests/plan/test_plan.py, tests/cases/test_28_formula_habits.py
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Spelling:
    """A word of another program.

    Attributes:
        ours: forwhom's own words, each with its value: an empty value stands for the one given.
            None where forwhom has no place for it.
        words: how to say it, a sentence or the rest of one.
    """

    ours: tuple[tuple[str, str], ...] | None
    words: str


def _rows(key: str, names: str, words: str, value: str = "") -> dict[str, Spelling]:
    return {name: Spelling(((key, value),), words) for name in names.split()}


def _choice(key: str, value: str, names: str) -> dict[str, Spelling]:
    return _rows(key, names, f'forwhom calls it "{value}"', value)


def _absent(names: str, words: str) -> dict[str, Spelling]:
    return {name: Spelling(None, words) for name in names.split()}


_TUNING = "leave it out: forwhom tunes itself, and says how far its draws can be relied on"

KEYWORDS: dict[str, Spelling] = {
    **_rows("outcome", "y yvar dv response dependent dependent_var depvar target endog lhs "
            "outcome_var outcomes outcome_column y_col", "forwhom calls it outcome"),
    **_rows("treatment", "d t treat treated trt dose_var dvar treatments treatment_var arm arms "
            "condition intervention treatment_column t_col exposure_var x_treat assignment",
            "forwhom calls it treatment"),
    **_rows("treatment", "w", "forwhom calls what is given treatment (W in grf), and what W is in "
            "econml controls"),
    **_rows("modifiers", "x moderators moderator effect_modifiers effect_modifier hetero "
            "heterogeneity subgroups subgroup interactions interaction z features xvars predictors "
            "exog cate_features moderated_by", "forwhom calls what changes the effect modifiers, "
            "and what explains the outcome alone controls"),
    **_rows("controls", "covariates covariate covars control_variables confounders confounder "
            "adjust adjustment xformla common_causes covs", "forwhom calls it controls"),
    **_rows("clusters", "cluster id ids subject unit re random random_effects ranef varying panel "
            "panel_id idvar cluster_id clustervar fe fixed_effects absorb random_formula ranint "
            "re_formula block blocks", "forwhom calls it clusters"),
    **_rows("groups", "group by over strata stratum grouping group_by cells segments segment "
            "groupby",
            "forwhom calls it groups; tables are averaged by a column after the fit, as in "
            'fit.average(by="x")'),
    **_rows("weights", "weight wt wts pweights pweight iweights aweights aweight sample_weight "
            "sample_weights survey_weights sampling_weights probability_weights w_col",
            "forwhom calls it weights"),
    **dict.fromkeys(
        ("fweight", "fweights", "freq_weights", "frequency_weights"),
        Spelling((("weights", ""), ("weights_kind", "frequency")),
                 'forwhom calls it weights, with weights_kind="frequency"'),
    ),
    **_rows("family", "families dist distribution likelihood model_family error_distribution "
            "objective outcome_type", "forwhom calls it family"),
    **_rows("link", "link_function linkfun", "forwhom calls it link"),
    **_rows("trials", "n n_trials ntrials trial size total denominator", "forwhom calls it trials"),
    **_rows("event", "status censored cens censoring event_col failure died dead delta",
            "forwhom calls it event: the column that is 1 where the time ended in the event"),
    **_rows("outcome", "time duration survival_time time_col", "a time is the outcome, with "
            'family="weibull", "exponential" or "piecewise_exponential"'),
    **_rows("std_error", "se sei stderr std_err standard_error standard_errors vi_se std_errors",
            "forwhom calls it std_error"),
    **_rows("exposure", "time_at_risk risk person_years at_risk log_exposure population",
            "forwhom calls it exposure"),
    **_rows("reference", "ref base baseline_level control control_group reference_level ref_level "
            "control_level control_name control_value base_level", "forwhom calls it reference"),
    **_rows("reference_category", "ref_category base_outcome baseoutcome refcat",
            "forwhom calls it reference_category"),
    **_rows("bins", "nbins n_bins bin cuts cut_points quantiles", "forwhom calls it bins"),
    **_rows("breaks", "knots cutpoints intervals", "forwhom calls it breaks"),
    **_rows("priors", "prior set_prior stanvars prior_spec", "forwhom calls it priors: a mapping "
            'of parameter to text, as in priors={"lambda": "normal(0, 0.5)"}'),
    **_rows("draws", "iter iterations n_iter niter samples sample n_samples num_samples n_draws "
            "ndraws num_draws iter_sampling posterior_samples mcmc_samples draws_per_chain n_sims "
            "sims num_trees", "forwhom calls it draws, the number of posterior draws in all"),
    **_rows("seed", "random_seed random_state rng rng_seed rngseed prng_seed set_seed",
            "forwhom calls it seed"),
    **_rows("level", "ci ci_level conf conf_level confidence confidence_level prob cred_level "
            "credible hdi_prob cred_mass interval_level coverage level_ci ci_prob",
            "forwhom calls it level, between 0 and 1"),
    **_rows("method", "algorithm sampler engine inference estimator estimation solver mcmc "
            "nuts_sampler", "forwhom calls it method"),
    **_rows("data", "df dataset dta dataframe data_frame frame file filename path table d_frame "
            "newdata data_path tbl input", "forwhom calls it data"),
    **_rows("spread", "effect_distribution random_distribution", "forwhom calls it spread"),
    **_rows("correlated", "correlation cor correlate corr", "forwhom calls it correlated: True or "
            "False"),
    **_rows("treatment_type", "treat_type type_treatment", "forwhom calls it treatment_type"),
    **_rows("plan", "config configuration spec specification", "forwhom calls it plan"),
    **_absent("chains n_chains num_chains nchains", "leave it out: draws= is the number of "
              "posterior draws in all, and forwhom sees to their chains"),
    **_absent("warmup n_warmup num_warmup tune burnin burn_in burn iter_warmup adapt thin thinning "
              "target_accept adapt_delta max_treedepth max_depth step_size stepsize control_args "
              "init inits initvals init_vals start jitter nuts_kwargs control_list tol tolerance "
              "max_iter maxiter optimizer quadrature nagq", _TUNING),
    **_absent("cores n_cores ncores n_jobs num_cores threads n_threads threads_per_chain workers "
              "parallel backend device gpu chain_method nthreads num_threads parallel_chains "
              "mc_cores", "leave it out: forwhom uses the machine as it needs it"),
    **_absent("verbose refresh silent quiet progressbar progress_bar show_progress trace disp",
              "leave it out: a fit in Python prints nothing; progress= takes a function that is "
              "called with the name of each stage"),
    **_absent("na_action missing_values dropna na_rm", "leave it out: rows with a missing value "
              "in a used column are left out and counted"),
    **_absent("subset where filter rows if_ query condition_rows",
              "leave it out, and give data that hold those rows only"),
    **_absent("vcov vce robust se_type cov_type hc standard_errors_type",
              "leave it out: intervals come from the posterior; groupings of the rows are "
              'named in clusters="x"'),
    **_absent("formula f bf model equation fml fmla form", "forwhom takes no formula with '~': say "
              'outcome="y", treatment="d", modifiers="a*b", controls="c"'),
    **_absent("alpha sig_level significance", "forwhom calls it level: 0.95 where alpha is 0.05"),
    **_absent("intercept fit_intercept add_constant const constant noconstant",
              "leave it out: the intercept is always in the model"),
    **_absent("name names title label labels", "leave it out: names are given to figures and "
              'tables after the fit, as in fit.plot.effects(labels={"x": "Age"})'),
}  # fmt: skip

_GAUSSIAN = 'forwhom calls it "gaussian"'
_BERNOULLI = 'an outcome of 0 and 1 is "bernoulli", with link "logit", "probit" or "cloglog"'
_ORDINAL = 'ordered categories are "ordinal", with link "logit" or "probit"'
_SURVIVAL = 'times to an event are "weibull", "exponential" or "piecewise_exponential"'
_NO_ZEROS = "forwhom has no zero inflation: counts far more spread than their mean are"


def _families(family: str, names: str, words: str, link: str = "") -> dict[str, Spelling]:
    ours = (("family", family), *((("link", link),) if link else ()))
    return {name: Spelling(ours, words) for name in names.split()}


FAMILIES_ELSEWHERE: dict[str, Spelling] = {
    **_families("gaussian", "normal gauss ols lm linear regress reg identity wls least_squares glm "
                "linear_regression norm regression gls rlm feols reghdfe continuous numeric "
                "mixed lmer metric", _GAUSSIAN),
    **_families("student", "t student_t studentt robust robust_regression", 'forwhom calls it '
                '"student"'),
    **_families("lognormal", "log_normal lnorm loggaussian log_gaussian", 'forwhom calls it '
                '"lognormal"'),
    **_families("gamma", "inverse_gaussian tweedie inversegaussian positive",
                'positive outcomes are "gamma" or "lognormal"'),
    **_families("bernoulli", "logit logistic logistic_regression binary binomial_logit logreg lpm "
                "quasibinomial dichotomous clogit bool boolean glmer classification", _BERNOULLI),
    **_families("bernoulli", "probit binary_probit probit_regression", _BERNOULLI, "probit"),
    **_families("bernoulli", "cloglog complementary_log_log", _BERNOULLI, "cloglog"),
    **_families("ordinal", "cumulative ologit polr ordered ordered_logit ordered_logistic clm "
                "proportional_odds cumulative_logit cumulative_link sratio cratio acat likert clmm "
                "ordered_categorical", _ORDINAL),
    **_families("ordinal", "oprobit ordered_probit cumulative_probit", _ORDINAL, "probit"),
    **_families("categorical", "multinomial mlogit multinom softmax nominal multinomial_logit "
                "multiclass unordered mprobit", 'unordered categories are "categorical"'),
    **_families("poisson", "count counts quasi_count fepois ppml", 'counts are "poisson" or '
                '"negative_binomial"'),
    **_families("negative_binomial", "negbinomial nbinom nb negbin negbin2 neg_binomial "
                "neg_binomial_2 neg_bin nbinom1 nbinom2 nb1 nb2 nbreg negativebinomial glm_nb "
                "quasipoisson quasi gpoisson generalized_poisson overdispersed geometric",
                'counts far more spread than their mean are "negative_binomial"'),
    **_families("negative_binomial", "zip zinb zero_inflated_poisson zero_inflated_negbinomial "
                "zero_inflated hurdle hurdle_poisson hurdle_negbinomial zeroinfl zero_inflation "
                "zeroinflated", f'{_NO_ZEROS} "negative_binomial"'),
    **_families("beta", "betareg beta_regression fractional proportion", 'shares between 0 and 1, '
                'both left out, are "beta", with both "ordered_beta"'),
    **_families("ordered_beta", "zoib zero_one_inflated_beta zero_inflated_beta ordbeta ordbetareg "
                "slider", 'shares from 0 to 1 with both ends are "ordered_beta"'),
    **_families("weibull", "survival aft time_to_event survreg streg duration tte", _SURVIVAL),
    **_families("piecewise_exponential", "cox coxph cox_ph proportional_hazards stcox phreg coxreg "
                "hazard survival_cox", 'a hazard without a set shape is "piecewise_exponential"'),
    **_families("binomial", "betabinomial beta_binomial aggregated_binomial successes",
                'successes of several trials are "binomial", with trials="n"'),
}  # fmt: skip

WORDS_ELSEWHERE: dict[str, dict[str, Spelling]] = {
    "family": FAMILIES_ELSEWHERE,
    "method": {
        **_choice("method", "nuts", "mcmc hmc stan sampling cmdstan cmdstanr rstan pymc numpyro "
                  "jags bugs gibbs nutpie blackjax no_u_turn"),
        **_choice("method", "auto", "vi advi laplace inla map mle ml reml meanfield pathfinder "
                  "bayes ols lm optimizing variational default fast em"),
        **_choice("method", "quadrature", "gauss_hermite agq ghq gh nagq adaptive_quadrature "
                  "mvaghermite"),
        **_choice("method", "exact", "analytic analytical closed_form conjugate"),
    },
    "spread": {
        **_choice("spread", "student", "t student_t heavy heavy_tailed robust"),
        **_choice("spread", "normal", "gaussian gauss random true"),
        **_choice("spread", "none", "fixed no zero false off"),
    },
    "weights_kind": {
        **_choice("weights_kind", "sampling", "pweight pweights probability survey sample design "
                  "inverse_probability ipw aweight analytic importance iweight"),
        **_choice("weights_kind", "frequency", "fweight fweights freq frequencies count counts "
                  "replication"),
    },
    "treatment_type": {
        **_choice("treatment_type", "dose", "continuous numeric number linear metric scale"),
        **_choice("treatment_type", "arms", "categorical factor multi multiple multivalued "
                  "discrete levels nominal text"),
        **_choice("treatment_type", "binary", "bool boolean dummy 0/1 indicator two"),
    },
}  # fmt: skip

_CALL = re.compile(r"""(?:\w+\.)*(\w+)\s*\(\s*(?:link\s*=\s*)?["']?(\w*)["']?\s*\)""")


def plain_word(text: str) -> str:
    """A word without its case, blanks and hyphens: how the tables are looked up.

    >>> plain_word("Negative Binomial"), plain_word("log-normal")
    ('negative_binomial', 'log_normal')
    """
    return re.sub(r"[\s\-_.]+", "_", text.strip().casefold()).strip("_")


def word_elsewhere(key: str, value: str, known: Iterable[str]) -> Spelling | None:
    """forwhom's word for a value of a keyword, or None.

    >>> word_elsewhere("family", "normal", ["gaussian"]).ours
    (('family', 'gaussian'),)
    >>> word_elsewhere("family", 'binomial(link="probit")', ["bernoulli", "binomial"]).ours
    (('family', 'bernoulli'), ('link', 'probit'))
    """
    table = WORDS_ELSEWHERE.get(key, {})
    own = {plain_word(word): word for word in known}
    match = _CALL.fullmatch(value.strip())
    name, link = (match[1], match[2]) if match and key == "family" else (value, "")
    word = plain_word(name)
    if match and key == "family" and word == "binomial":
        word = "logit"
    found = table.get(word)
    if word in own:
        found = Spelling(((key, own[word]),), "")
    if found is None or found.ours is None or not link:
        return found
    if found.ours[0][1] == "gaussian" and link == "identity":
        return found
    return Spelling((found.ours[0], ("link", link)), found.words)


def keyword_elsewhere(key: str) -> Spelling | None:
    """forwhom's word for a keyword, or None.

    >>> keyword_elsewhere("random_seed").words
    'forwhom calls it seed'
    """
    return KEYWORDS.get(plain_word(key)) or KEYWORDS.get(key)
