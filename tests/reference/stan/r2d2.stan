// Gaussian; R2D2 on the modifier coefficients but the intercept.
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
  real<lower=0, upper=1> R2;
  simplex[k] phi;
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
  lambda[2:] = raw_lambda .* sqrt(phi * (R2 / (1 - R2))) * sigma;
  theta = average + zg * lambda[2:] + sigma_theta * raw_theta;
}
model {
  alpha ~ normal(0, 2);
  delta ~ normal(0, 1);
  average ~ normal(0, 1);
  raw_lambda ~ std_normal();
  R2 ~ beta(1, 1);  // mean 0.5, precision 2
  phi ~ dirichlet(rep_vector(0.5, k));
  sigma_b ~ normal(0, 1);
  sigma_theta ~ normal(0, 1);
  sigma ~ normal(0, 2);
  raw_b ~ std_normal();
  raw_theta ~ std_normal();
  y ~ normal(alpha + z * delta + b[g] + d .* theta[g], sigma);
}
