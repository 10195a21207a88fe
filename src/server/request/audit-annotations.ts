// Annotations of audit events.

export const decisionAnnotation = 'authorization.k8s.io/decision'
export const reasonAnnotation = 'authorization.k8s.io/reason'
/** The webhook that allowed or denied the request, or the access that a review was about. */
export const webhookAnnotation = 'authorization.bulkhead.dev/webhook'
/** For a 401: JSON of `AuthenticatorOpinion[]`. */
export const refusalsAnnotation = 'authentication.bulkhead.dev/refusals'
/** For a 403 of the authorizers: JSON of `MissingAccess`. */
export const missingAnnotation = 'authorization.bulkhead.dev/missing'
/** For a 429: which limit of flow control was reached. */
export const flowAnnotation = 'flow-control.bulkhead.dev/refused'
