"""The verbs, one module a step: normalize, resolve, reconcile, plan, guard. Pure: no I/O, no clock, no randomness."""
