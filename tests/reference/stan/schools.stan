// Effects with known standard errors around one mean.
data {
  int<lower=1> schools;
  vector[schools] effect;
  vector<lower=0>[schools] std_error;
}
parameters {
  real mu;
  real<lower=0> tau;
  vector[schools] raw;
}
transformed parameters {
  vector[schools] theta = mu + tau * raw;
}
model {
  mu ~ normal(0, 20);
  tau ~ normal(0, 10);
  raw ~ std_normal();
  effect ~ normal(theta, std_error);
}
generated quantities {
  real theta_new = normal_rng(mu, tau);
}
