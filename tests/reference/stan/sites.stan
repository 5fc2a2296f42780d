// Two-arm binomial meta-analysis: sites' baselines and effects around a regression on z.
data {
  int<lower=1> n;
  int<lower=1> sites;
  int<lower=0> y[n];
  int<lower=1> trials[n];
  int<lower=1, upper=sites> s[n];
  vector[n] d;
  vector[sites] z;
  real z_new;
}
parameters {
  real alpha;
  real delta;
  vector[2] lambda;
  real<lower=0> sigma_b;
  real<lower=0> sigma_theta;
  vector[sites] raw_v;
  vector[sites] raw_theta;
}
transformed parameters {
  vector[sites] theta = lambda[1] + lambda[2] * z + sigma_theta * raw_theta;
  vector[sites] v = sigma_b * raw_v;
}
model {
  alpha ~ normal(0, 1.5);
  delta ~ normal(0, 1);
  lambda ~ normal(0, 1);
  sigma_b ~ normal(0, 1);
  sigma_theta ~ normal(0, 1);
  raw_v ~ std_normal();
  raw_theta ~ std_normal();
  y ~ binomial_logit(trials, alpha + delta * z[s] + v[s] + d .* theta[s]);
}
generated quantities {
  real theta_new = normal_rng(lambda[1] + lambda[2] * z_new, sigma_theta);
  real risk_new;
  {
    real untreated = alpha + normal_rng(delta * z_new, sigma_b);
    risk_new = inv_logit(untreated + theta_new) - inv_logit(untreated);
  }
}
