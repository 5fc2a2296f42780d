// Gaussian with two arms against one reference arm, each with its own modifiers and spread.
data {
  int<lower=1> n;
  int<lower=1> k;
  int<lower=1> k2;
  int<lower=1> groups;
  vector[n] y;
  vector[n] d;
  vector[n] d2;
  matrix[n, k] z;
  int<lower=1, upper=groups> g[n];
  matrix[groups, k] zg;
  matrix[groups, k2] zg2;
}
parameters {
  real alpha;
  vector[k] delta;
  vector[k + 1] lambda;
  vector[k2 + 1] lambda2;
  real<lower=0> sigma_b;
  real<lower=0> sigma_theta;
  real<lower=0> sigma_theta2;
  real<lower=0> sigma;
  vector[groups] raw_b;
  vector[groups] raw_theta;
  vector[groups] raw_theta2;
}
transformed parameters {
  vector[groups] theta = lambda[1] + zg * lambda[2:] + sigma_theta * raw_theta;
  vector[groups] theta2 = lambda2[1] + zg2 * lambda2[2:] + sigma_theta2 * raw_theta2;
  vector[groups] b = sigma_b * raw_b;
}
model {
  alpha ~ normal(0, 2);
  delta ~ normal(0, 1);
  lambda ~ normal(0, 1);
  lambda2 ~ normal(0, 1);
  sigma_b ~ normal(0, 1);
  sigma_theta ~ normal(0, 1);
  sigma_theta2 ~ normal(0, 1);
  sigma ~ normal(0, 2);
  raw_b ~ std_normal();
  raw_theta ~ std_normal();
  raw_theta2 ~ std_normal();
  y ~ normal(alpha + z * delta + b[g] + d .* theta[g] + d2 .* theta2[g], sigma);
}
