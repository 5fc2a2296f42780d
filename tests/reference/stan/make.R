# Reference posteriors by Stan. Run from the project's folder, after `make test` has made .venv:
#   .venv/bin/python -m tests.reference.stan.export /tmp/reference && \
#     Rscript tests/reference/stan/make.R /tmp/reference tests/reference/stan
# Debian: r-cran-rstan r-base-dev libboost-dev (and BH's include/boost linked to /usr/include/boost).
library(rstan)
args <- commandArgs(trailingOnly = TRUE)
source_folder <- args[1]
here <- args[2]
only <- if (length(args) > 2) args[3:length(args)] else c("logit", "ordinal", "poisson", "negative_binomial")
options(mc.cores = 2)
source(file.path(here, "summarise.R"))

models <- list()
for (case in only) {
  data <- read.csv(file.path(source_folder, paste0(case, ".csv")))
  groups <- read.csv(file.path(source_folder, paste0(case, "_groups.csv")))
  modifiers <- setdiff(names(groups), "g")
  input <- list(n = nrow(data), k = length(modifiers), groups = nrow(groups), y = data$y,
                d = data$d, z = as.matrix(data[modifiers]), g = data$g,
                zg = as.matrix(groups[modifiers]))
  parameters <- c("alpha", "delta", "lambda", "sigma_b", "sigma_theta", "theta")
  program <- case
  if (case == "ordinal") {
    input$levels <- max(data$y)
    parameters <- c(parameters, "gaps")
  }
  if (case %in% c("poisson", "negative_binomial")) {
    program <- "count"
    input$overdispersed <- as.integer(case == "negative_binomial")
    input$log_exposure <- log(data$exposure)
    if (input$overdispersed) parameters <- c(parameters, "shape")
  }
  if (is.null(models[[program]]))
    models[[program]] <- stan_model(file.path(here, paste0(program, ".stan")))
  fit <- sampling(models[[program]], data = input, chains = 4, warmup = 1000, iter = 6000,
                  seed = 2026, refresh = 0, control = list(adapt_delta = 0.95))
  seconds <- max(rowSums(get_elapsed_time(fit)))
  result <- list(
    made = list(date = format(Sys.Date()), R = R.version.string,
                rstan = as.character(packageVersion("rstan")), stan = stan_version(),
                chains = 4, warmup = 1000, draws = 5000, adapt_delta = 0.95, seconds = seconds,
                divergences = get_num_divergent(fit)),
    parameters = summarise(fit, parameters))
  write(jsonlite::toJSON(result, auto_unbox = TRUE, digits = 6, pretty = TRUE),
        file.path(here, paste0(case, ".json")))
  cat(case, "seconds", seconds, "divergences", get_num_divergent(fit), "\n")
}
