// Bernoulli-logit with clusters crossed with the groups; effects = 1: clusters' effects vary too.
data {
  int<lower=1> n;
  int<lower=1> k;
  int<lower=1> groups;
  int<lower=1> clusters;
  int<lower=0, upper=1> effects;
  int<lower=0, upper=1> y[n];
  vector[n] d;
  matrix[n, k] z;
  int<lower=1, upper=groups> g[n];
  int<lower=1, upper=clusters> cluster[n];
  matrix[groups, k] zg;
}
parameters {
  real alpha;
  vector[k] delta;
  vector[k + 1] lambda;
  real<lower=0> sigma_b;
  real<lower=0> sigma_theta;
  real<lower=0> sigma_c;
  real<lower=0> sigma_w[effects];
  vector[groups] raw_b;
  vector[groups] raw_theta;
  vector[clusters] raw_c;
  vector[effects ? clusters : 0] raw_w;
}
transformed parameters {
  vector[groups] theta = lambda[1] + zg * lambda[2:] + sigma_theta * raw_theta;
  vector[groups] b = sigma_b * raw_b;
  vector[clusters] c = sigma_c * raw_c;
  vector[effects ? clusters : 0] w;
  if (effects) w = sigma_w[1] * raw_w;
}
model {
  vector[n] eta = alpha + z * delta + b[g] + c[cluster] + d .* theta[g];
  if (effects) eta += d .* w[cluster];
  alpha ~ normal(0, 1.5);
  delta ~ normal(0, 1);
  lambda ~ normal(0, 1);
  sigma_b ~ normal(0, 1);
  sigma_theta ~ normal(0, 1);
  sigma_c ~ normal(0, 1);
  sigma_w ~ normal(0, 1);
  raw_b ~ std_normal();
  raw_theta ~ std_normal();
  raw_c ~ std_normal();
  raw_w ~ std_normal();
  y ~ bernoulli_logit(eta);
}
