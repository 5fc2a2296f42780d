// Unordered categories, the first the reference: one baseline and one effect per further category.
data {
  int<lower=1> n;
  int<lower=1> k;
  int<lower=1> groups;
  int<lower=3> categories;
  int<lower=1, upper=categories> y[n];
  vector[n] d;
  matrix[n, k] z;
  int<lower=1, upper=groups> g[n];
  matrix[groups, k] zg;
}
parameters {
  vector[categories - 1] alpha;
  vector[k] delta[categories - 1];
  vector[k + 1] lambda[categories - 1];
  vector<lower=0>[categories - 1] sigma_b;
  vector<lower=0>[categories - 1] sigma_theta;
  vector[groups] raw_b[categories - 1];
  vector[groups] raw_theta[categories - 1];
}
transformed parameters {
  vector[groups] theta[categories - 1];
  vector[groups] b[categories - 1];
  for (l in 1:(categories - 1)) {
    theta[l] = lambda[l][1] + zg * lambda[l][2:] + sigma_theta[l] * raw_theta[l];
    b[l] = sigma_b[l] * raw_b[l];
  }
}
model {
  matrix[n, categories] eta = rep_matrix(0, n, categories);
  alpha ~ normal(0, 2.5);
  sigma_b ~ normal(0, 1);
  sigma_theta ~ normal(0, 1);
  for (l in 1:(categories - 1)) {
    eta[, l + 1] = alpha[l] + z * delta[l] + b[l][g] + d .* theta[l][g];
    delta[l] ~ normal(0, 2);
    lambda[l] ~ normal(0, 1);
    raw_b[l] ~ std_normal();
    raw_theta[l] ~ std_normal();
  }
  for (i in 1:n) y[i] ~ categorical_logit(eta[i]');
}
