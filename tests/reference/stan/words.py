"""The models of ``models.py`` in words, as the stored posteriors carry them."""

from __future__ import annotations


def line(text: str) -> str:
    return " ".join(text.split())


CROSSED = line("""
y ~ bernoulli(inv_logit(eta)); eta = alpha + Z delta + b_g + c_k{w} + d (lambda_1 + Z lambda +
u_g), Z = (a, m); b_g ~ normal(0, sigma_b), u_g ~ normal(0, sigma_theta), c_k ~ normal(0,
sigma_c){ww}, all independent; k = rater, g = the combination of a and m. Priors: alpha normal(0,
1.5), delta normal(0, 1), lambda normal(0, 1) with the intercept, every sd half_normal(1). theta_g
= lambda_1 + Z_g lambda + u_g, without the cluster's part; b, c and w are the deviations
themselves.
""")

CATEGORICAL = line("""
y ~ categorical(softmax(0, eta_1, eta_2)) over bus (reference), car (l = 1), train (l = 2); eta_l
= alpha_l + Z delta_l + b_lg + d (lambda_l1 + Z lambda_l + u_lg), Z = (a, m); b_lg ~ normal(0,
sigma_b_l), u_lg ~ normal(0, sigma_theta_l), all independent. Priors: alpha normal(0, 2.5), delta
normal(0, 2), lambda normal(0, 1) with the intercept, every sd half_normal(1). delta[l,j],
lambda[l,j], theta[l,g] and b[l,g] have the category first; b is the deviation itself.
""")

CORRELATED = line("""
{y}; eta = alpha + Z delta + b_g + d (lambda_1 + Z lambda + u_g), Z = (a, m); (b_g, u_g) ~
multi_normal(0, diag(sigma_b, sigma_theta) R diag(sigma_b, sigma_theta)), R ~ LKJ(2), rho =
R[1,2]. Priors: alpha normal(0, 1.5), delta normal(0, 1), lambda normal(0, 1) with the intercept,
sigma_b and sigma_theta half_normal(1){more}. b is the deviation itself.
""")

ARMS = line("""
y ~ normal(eta, sigma); eta = alpha + Z delta + b_g + [arm = letter] theta_1g + [arm = visit]
theta_2g, Z = (a, m); theta_1g = lambda_1 + Z lambda + u_1g, {second}; b_g ~ normal(0, sigma_b),
u_jg ~ normal(0, sigma_theta_j), all independent. Reference arm: none. Groups: the combinations of
a and m. Priors: alpha normal(0, 2), delta normal(0, 1), lambda normal(0, 1) with the intercepts,
every sd half_normal(1), sigma half_normal(2). lambda2, sigma_theta2, theta2 are visit's; b is the
deviation itself.
""")

SITES = line("""
y_sa ~ binomial(trials_sa, inv_logit(alpha + b_s + d theta_s)); b_s = delta z_s + v_s, theta_s =
lambda_1 + lambda_2 z_s + u_s, v_s ~ normal(0, sigma_b), u_s ~ normal(0, sigma_theta),
independent. Priors: alpha normal(0, 1.5), delta normal(0, 1), lambda normal(0, 1) with the
intercept, sigma_b and sigma_theta half_normal(1). theta_new, risk_new: a new site with z =
{z_new} and its own new v and u: its effect, and P(y = 1 | d = 1) - P(y = 1 | d = 0). v is the
deviation itself.
""")

SCHOOLS = line("""
effect_j ~ normal(theta_j, std_error_j), std_error known; theta_j ~ normal(mu, tau). Priors: mu
normal(0, 20), tau half_normal(10). theta_new ~ normal(mu, tau): a new school.
""")

HEAVY = line("""
y ~ normal(eta, sigma); eta = alpha + Z delta + b_g + d (lambda_1 + Z lambda + u_g), Z = (a, m);
b_g ~ normal(0, sigma_b), u_g ~ student_t(nu, 0, sigma_theta), independent; sigma_theta is the t's
scale, not its sd. Priors: alpha normal(0, 2), delta normal(0, 1), lambda normal(0, 1) with the
intercept, sigma_b and sigma_theta half_normal(1), sigma half_normal(2), nu gamma(2, 0.1) on all
positive numbers. b is the deviation itself.
""")

SHRUNK = line("""
y ~ normal(eta, sigma); eta = alpha + Z delta + b_g + d (lambda_1 + Z lambda_2.. + u_g), Z = (x1,
..., x12), g = unit; b_g ~ normal(0, sigma_b), u_g ~ normal(0, sigma_theta), independent. Priors:
alpha normal(0, 2), delta normal(0, 1), lambda_1 (the intercept) normal(0, 1), sigma_b and
sigma_theta half_normal(1), sigma half_normal(2).
""")

HORSESHOE = line("""
lambda_j, j = 2..13: regularised horseshoe (Piironen & Vehtari 2017, EJS 11(2)): lambda_j ~
normal(0, tau l~_j), l~_j^2 = c^2 l_j^2 / (c^2 + tau^2 l_j^2), l_j ~ half_student_t(1, 1), tau ~
half_student_t(1, 0.1) (df_global = 1, scale_global = 0.1, not multiplied by sigma), c^2 ~
inv_gamma(df_slab / 2, df_slab scale_slab^2 / 2), df_slab = 4, scale_slab = 2. The predictors are
neither centred nor scaled.
""")

R2D2 = line("""
lambda_j, j = 2..13: R2D2 (Zhang et al. 2022, JASA 117): lambda_j ~ normal(0, sqrt(phi_j tau2)),
tau2 = sigma^2 R2 / (1 - R2), R2 ~ beta(mean_R2 prec_R2, (1 - mean_R2) prec_R2), mean_R2 = 0.5,
prec_R2 = 2, phi ~ dirichlet(0.5, ..., 0.5). The predictors are neither centred nor scaled.
""")
