// Bernoulli-logit: group baselines and group effects, both varying around their prediction.
data {
  int<lower=1> n;
  int<lower=1> k;          // modifier columns
  int<lower=1> groups;
  int<lower=0, upper=1> y[n];
  vector[n] d;
  matrix[n, k] z;
  int<lower=1, upper=groups> g[n];
  matrix[groups, k] zg;
}
parameters {
  real alpha;
  vector[k] delta;
  vector[k + 1] lambda;    // the intercept first
  real<lower=0> sigma_b;
  real<lower=0> sigma_theta;
  vector[groups] raw_b;
  vector[groups] raw_theta;
}
transformed parameters {
  vector[groups] theta = lambda[1] + zg * lambda[2:] + sigma_theta * raw_theta;
}
model {
  alpha ~ normal(0, 1.5);
  delta ~ normal(0, 1);
  lambda ~ normal(0, 1);
  sigma_b ~ normal(0, 1);
  sigma_theta ~ normal(0, 1);
  raw_b ~ std_normal();
  raw_theta ~ std_normal();
  y ~ bernoulli_logit(alpha + z * delta + sigma_b * raw_b[g] + d .* theta[g]);
}
