import { maxWork } from '../environment.ts'

// Kubernetes' limits of cost and size: an expression that runs there must run here, and one that is stopped there is stopped here.

/** Cost of one evaluation. */
export const perCallLimit = 1_000_000
/** Cost of all evaluations of one policy binding, or of one custom resource, for one request. */
export const requestBudget = 10_000_000
/** Work limit for the same, which upstream lacks: twice that of one evaluation. */
export const requestWork = 2 * maxWork
/** Cost of all match conditions of one webhook or policy for one request. */
export const matchConditionsBudget = 2_500_000
/** Bytes of a message that an expression computes. */
export const maxMessageBytes = 5 * 1024
/** Bytes of a request, on which size estimates are based. */
export const maxRequestBytes = 3 * 1024 * 1024
