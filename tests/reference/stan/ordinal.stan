// Cumulative logit: P(y >= j) = inv_logit(mu - c_j), c_1 = 0, positive gaps between thresholds.
data {
  int<lower=1> n;
  int<lower=1> k;
  int<lower=1> groups;
  int<lower=3> levels;
  int<lower=1, upper=levels> y[n];
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
  vector<lower=0>[levels - 2] gaps;
  vector[groups] raw_b;
  vector[groups] raw_theta;
}
transformed parameters {
  vector[groups] theta = lambda[1] + zg * lambda[2:] + sigma_theta * raw_theta;
}
model {
  vector[levels - 1] c;
  vector[n] mu = alpha + z * delta + sigma_b * raw_b[g] + d .* theta[g];
  c[1] = 0;
  for (j in 2:(levels - 1)) c[j] = c[j - 1] + gaps[j - 1];
  alpha ~ normal(0, 1.5);
  delta ~ normal(0, 1);
  lambda ~ normal(0, 1);
  sigma_b ~ normal(0, 1);
  sigma_theta ~ normal(0, 1);
  gaps ~ student_t(3, 0, 2.5);
  raw_b ~ std_normal();
  raw_theta ~ std_normal();
  y ~ ordered_logistic(mu, c);
}
