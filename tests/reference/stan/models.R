# Reference posteriors by Stan of the cases in models.py. From the project's folder, after `make test`:
#   .venv/bin/python -m tests.reference.stan.models /tmp/models && \
#     Rscript tests/reference/stan/models.R /tmp/models tests/reference/stan
# A third argument and more name cases. What R needs: see make.R.
library(rstan)
args <- commandArgs(trailingOnly = TRUE)
source_folder <- args[1]
here <- args[2]
cases <- sub("[.]json$", "", list.files(source_folder, "[.]json$"))
if (length(args) > 2) cases <- args[3:length(args)]
options(mc.cores = as.integer(Sys.getenv("CORES", "2")))
source(file.path(here, "summarise.R"))

# target acceptance where 0.95 leaves divergences
careful <- c(heavy = 0.99, horseshoe = 0.999, r2d2 = 0.995, schools = 0.99, sites = 0.99)

draws <- as.integer(Sys.getenv("DRAWS", "5000"))

models <- list()
for (case in cases) {
  asked <- jsonlite::fromJSON(file.path(source_folder, paste0(case, ".json")))
  program <- asked$program
  if (is.null(models[[program]]))
    models[[program]] <- stan_model(file.path(here, paste0(program, ".stan")))
  adapt_delta <- if (case %in% names(careful)) careful[[case]] else 0.95
  fit <- sampling(models[[program]], data = asked$data, chains = 4, warmup = 1000, iter = 1000 + draws,
                  seed = 2026, refresh = 0,
                  control = list(adapt_delta = adapt_delta, max_treedepth = 13))
  seconds <- max(rowSums(get_elapsed_time(fit)))
  parameters <- summarise(fit, asked$keep)
  rhat <- max(sapply(parameters, function(row) row$rhat))
  result <- list(
    model = asked$model, data = asked$checksum,
    made = list(date = format(Sys.Date()), R = R.version.string,
                rstan = as.character(packageVersion("rstan")), stan = stan_version(),
                chains = 4, warmup = 1000, draws = draws, adapt_delta = adapt_delta,
                seconds = seconds, rhat = rhat, divergences = get_num_divergent(fit),
                treedepth = get_num_max_treedepth(fit)),
    parameters = parameters)
  write(jsonlite::toJSON(result, auto_unbox = TRUE, digits = I(6), pretty = TRUE),
        file.path(here, paste0(case, ".json")))
  cat(case, "seconds", seconds, "R-hat", rhat, "divergences", get_num_divergent(fit), "\n")
}
