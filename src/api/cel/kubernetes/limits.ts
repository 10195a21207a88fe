import { maxWork } from '../environment.ts'

// Limits of cost and size, which are Kubernetes' own: an expression that runs there must run here, and one that is stopped there is stopped here.

/** Cost of one evaluation. */
export const perCallLimit = 1_000_000
/** Cost of all evaluations of one policy binding, or of one custom resource, for one request. */
export const requestBudget = 10_000_000
/** Work of the same, which upstream does not count: that of two evaluations of the most work. */
export const requestWork = 2 * maxWork
/** Cost of all match conditions of one webhook or policy for one request. */
export const matchConditionsBudget = 2_500_000
/** Bytes of the message that an expression may make. */
export const maxMessageBytes = 5 * 1024
/** Bytes of a request that sizes are estimated by. */
export const maxRequestBytes = 3 * 1024 * 1024
