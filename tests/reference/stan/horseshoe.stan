// Gaussian; regularised horseshoe on the modifier coefficients but the intercept.
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
  real average;
  vector[k] raw_lambda;
  vector<lower=0>[k] local;
  real<lower=0> tau;
  real<lower=0> c2;
  real<lower=0> sigma_b;
  real<lower=0> sigma_theta;
  real<lower=0> sigma;
  vector[groups] raw_b;
  vector[groups] raw_theta;
}
transformed parameters {
  vector[k + 1] lambda;
  vector[groups] theta;
  vector[groups] b = sigma_b * raw_b;
  lambda[1] = average;
  lambda[2:] = raw_lambda .* (tau * sqrt(c2 * square(local) ./ (c2 + square(tau) * square(local))));
  theta = average + zg * lambda[2:] + sigma_theta * raw_theta;
}
model {
  alpha ~ normal(0, 2);
  delta ~ normal(0, 1);
  average ~ normal(0, 1);
  raw_lambda ~ std_normal();
  local ~ student_t(1, 0, 1);
  tau ~ student_t(1, 0, 0.1);
  c2 ~ inv_gamma(2, 8);  // df_slab / 2, df_slab * scale_slab^2 / 2
  sigma_b ~ normal(0, 1);
  sigma_theta ~ normal(0, 1);
  sigma ~ normal(0, 2);
  raw_b ~ std_normal();
  raw_theta ~ std_normal();
  y ~ normal(alpha + z * delta + b[g] + d .* theta[g], sigma);
}
