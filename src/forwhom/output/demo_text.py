"""What the command line says around the embedded example.

Tests: tests/test_demo.py.
"""

OPENING = """\
Example: {title}
Broockman (2013) sent 5,593 United States state legislators one e-mail each that asked for help,
at random from a writer inside the legislator's district (treat_out = 0) or outside it
(treat_out = 1), who can give no vote in return. Does the distance cost an answer, and for whom?

The outcome is 0 or 1, so the model is a logit. Effects are told as differences in the probability
of an answer, in percentage points: -10 is 10 answers fewer per 100 e-mails. The modifiers'
coefficients are on the scale of the model, log odds.
"""
CLOSING = """
What to look at
  * The average effect: how many e-mails lose their answer to distance.
  * The modifiers whose intervals leave out zero. Broockman's question: do Black legislators
    answer for more than votes?
  * The group effects: groups of a handful of rows are pulled towards what the modifiers predict,
    and their intervals are wider. Compare the columns Treated and Control with Low and High."""
FIGURES = """\
  * {modifiers}: each modifier's coefficient as a curve. One that lies to one side of the dashed
    line at zero changes the effect; one astride it may not.
  * {out}/effects.html: every group's effect; point at one for its numbers."""
