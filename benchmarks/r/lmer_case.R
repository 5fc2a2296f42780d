# Rscript lmer_case.R DATA.csv FORMULA FAMILY
# Answers each line "n" on standard input with the seconds of n fits of one formula: lmer for
# gaussian, glmer otherwise.
arguments <- commandArgs(TRUE)
suppressMessages(library(lme4))
data <- read.csv(arguments[1], stringsAsFactors = TRUE)
formula <- as.formula(arguments[2])
family <- arguments[3]
fit <- function() {
  if (family == "gaussian") {
    suppressMessages(suppressWarnings(lmer(formula, data)))
  } else {
    suppressMessages(suppressWarnings(glmer(formula, data, family = family)))
  }
}
say <- function(...) {
  cat(..., "\n", sep = " ")
  flush(stdout())
}
say("ready", as.character(packageVersion("lme4")))
input <- file("stdin", open = "r")
while (length(line <- readLines(input, n = 1)) > 0) {
  seconds <- vapply(seq_len(as.integer(line)), function(i) {
    start <- as.numeric(Sys.time())
    fit()
    as.numeric(Sys.time()) - start
  }, numeric(1))
  say(format(seconds, digits = 8))
}
