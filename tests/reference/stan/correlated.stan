// A group's baseline and effect are correlated; Gaussian, or Bernoulli-logit where gaussian = 0.
data {
  int<lower=1> n;
  int<lower=1> k;
  int<lower=1> groups;
  int<lower=0, upper=1> gaussian;
  vector[n] y;
  int<lower=0, upper=1> happened[n];
  vector[n] d;
  matrix[n, k] z;
  int<lower=1, upper=groups> g[n];
  matrix[groups, k] zg;
}
parameters {
  real alpha;
  vector[k] delta;
  vector[k + 1] lambda;
  real<lower=0> sigma_b;
  real<lower=0> sigma_theta;
  cholesky_factor_corr[2] L;
  real<lower=0> sigma[gaussian];
  matrix[2, groups] raw;
}
transformed parameters {
  real rho = L[2, 1];
  vector[groups] b;
  vector[groups] theta;
  {
    matrix[2, groups] own = diag_pre_multiply([sigma_b, sigma_theta]', L) * raw;
    b = own[1]';
    theta = lambda[1] + zg * lambda[2:] + own[2]';
  }
}
model {
  vector[n] eta = alpha + z * delta + b[g] + d .* theta[g];
  alpha ~ normal(0, 1.5);
  delta ~ normal(0, 1);
  lambda ~ normal(0, 1);
  sigma_b ~ normal(0, 1);
  sigma_theta ~ normal(0, 1);
  L ~ lkj_corr_cholesky(2);
  to_vector(raw) ~ std_normal();
  if (gaussian) {
    sigma[1] ~ normal(0, 2);
    y ~ normal(eta, sigma[1]);
  } else {
    happened ~ bernoulli_logit(eta);
  }
}
