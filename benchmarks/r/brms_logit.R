# brms' sampling time for the paper's data as a logit: Rscript brms_logit.R data.csv
suppressPackageStartupMessages(library(brms))
data <- read.csv(commandArgs(trailingOnly = TRUE)[1])
modifiers <- setdiff(names(data), c("y", "d", "g"))
terms <- paste(modifiers, collapse = " + ")
formula <- as.formula(paste0("y ~ d * (", terms, ") + (1 + d || g)"))
priors <- c(prior(normal(0, 1), class = "b"), prior(normal(0, 1), class = "sd"),
            prior(normal(0, 1.5), class = "Intercept"))
fit <- brm(formula, data = data, family = bernoulli(), prior = priors, chains = 4, cores = 2,
           iter = 2000, warmup = 1000, seed = 1, refresh = 0, silent = 2)
times <- rstan::get_elapsed_time(fit$fit)
# two chains at a time on two cores: the wall time of sampling is the sum over pairs
cat("sampling_seconds", sum(times) / 2, "brms", as.character(packageVersion("brms")), "\n")
