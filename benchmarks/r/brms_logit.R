# brms' sampling time for the paper's data as a logit: Rscript brms_logit.R data.csv
suppressPackageStartupMessages(library(brms))
data <- read.csv(commandArgs(trailingOnly = TRUE)[1])
modifiers <- setdiff(names(data), c("y", "d", "g"))
terms <- paste(modifiers, collapse = " + ")
formula <- as.formula(paste0("y ~ d * (", terms, ") + (1 + d || g)"))
priors <- c(prior(normal(0, 1), class = "b"), prior(normal(0, 1), class = "sd"),
            prior(normal(0, 1.5), class = "Intercept"))
one <- brm(formula, data = data, family = bernoulli(), prior = priors, chains = 4, cores = 1,
           iter = 2000, warmup = 1000, seed = 1, refresh = 0, silent = 2)
# the same sampling again, compiled already: what a user waits for, and what the processor spends
# (rstan counts each chain's warm-up and draws in processor seconds)
again <- function(cores) {
  waited <- system.time(fit <- rstan::sampling(one$fit@stanmodel, data = standata(one),
    chains = 4, cores = cores, iter = 2000, warmup = 1000, seed = 1, refresh = 0))["elapsed"]
  c(waited, sum(rstan::get_elapsed_time(fit)))
}
cat("one_core", again(1), "two_cores", again(2),
    "brms", as.character(packageVersion("brms")), "\n")
