// Gaussian rows, group effects with Student-t tails around their prediction.
data {
  int<lower=1> n;
  int<lower=1> k;
  int<lower=1> groups;
  vector[n] y;
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
  real<lower=0> sigma;
  real<lower=0> nu;
  vector[groups] raw_b;
  vector[groups] u;
}
transformed parameters {
  vector[groups] theta = lambda[1] + zg * lambda[2:] + u;
  vector[groups] b = sigma_b * raw_b;
}
model {
  alpha ~ normal(0, 2);
  delta ~ normal(0, 1);
  lambda ~ normal(0, 1);
  sigma_b ~ normal(0, 1);
  sigma_theta ~ normal(0, 1);
  sigma ~ normal(0, 2);
  nu ~ gamma(2, 0.1);
  raw_b ~ std_normal();
  u ~ student_t(nu, 0, sigma_theta);
  y ~ normal(alpha + z * delta + b[g] + d .* theta[g], sigma);
}
