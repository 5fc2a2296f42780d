// Counts with exposure: Poisson, or negative binomial where overdispersed = 1.
data {
  int<lower=1> n;
  int<lower=1> k;
  int<lower=1> groups;
  int<lower=0, upper=1> overdispersed;
  int<lower=0> y[n];
  vector[n] log_exposure;
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
  real<lower=0> shape[overdispersed];
  vector[groups] raw_b;
  vector[groups] raw_theta;
}
transformed parameters {
  vector[groups] theta = lambda[1] + zg * lambda[2:] + sigma_theta * raw_theta;
}
model {
  vector[n] eta = alpha + z * delta + sigma_b * raw_b[g] + d .* theta[g] + log_exposure;
  alpha ~ normal(0, 2);
  delta ~ normal(0, 1);
  lambda ~ normal(0, 1);
  sigma_b ~ normal(0, 1);
  sigma_theta ~ normal(0, 1);
  raw_b ~ std_normal();
  raw_theta ~ std_normal();
  if (overdispersed == 1) {
    shape[1] ~ gamma(2, 0.1);
    y ~ neg_binomial_2_log(eta, shape[1]);
  } else {
    y ~ poisson_log(eta);
  }
}
