# Mean, sd, quantiles, Monte Carlo standard errors, effective sample size and R-hat by parameter.
summarise <- function(fit, parameters) {
  table <- summary(fit, pars = parameters, probs = c(0.025, 0.5, 0.975))$summary
  draws <- as.matrix(fit, pars = parameters)
  out <- lapply(rownames(table), function(name) {
    row <- table[name, ]
    x <- draws[, name]
    ess <- row[["n_eff"]]
    kurtosis <- mean((x - mean(x))^4) / var(x)^2
    # chains that swing around the mean know it better than the sd; draws are chain after chain
    ess_sd <- min(ess, ess_bulk(matrix((x - mean(x))^2, ncol = fit@sim$chains)))
    list(mean = row[["mean"]], sd = row[["sd"]], q2.5 = row[["2.5%"]], q50 = row[["50%"]],
         q97.5 = row[["97.5%"]], mcse_mean = row[["se_mean"]],
         mcse_sd = row[["sd"]] * sqrt(max(kurtosis - 1, 0.1) / (4 * ess_sd)), ess = ess,
         rhat = row[["Rhat"]])
  })
  setNames(out, rownames(table))
}
