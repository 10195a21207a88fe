// What an audit event says of a request beyond its fields.

export const decisionAnnotation = 'authorization.k8s.io/decision'
export const reasonAnnotation = 'authorization.k8s.io/reason'
/** The webhook that allowed or denied the request, or what a review asked. */
export const webhookAnnotation = 'authorization.bulkhead.dev/webhook'
/** JSON of `AuthenticatorOpinion[]`, of a 401. */
export const refusalsAnnotation = 'authentication.bulkhead.dev/refusals'
/** JSON of `MissingAccess`, of a 403 of the authorizers. */
export const missingAnnotation = 'authorization.bulkhead.dev/missing'
/** Which bound of the flow control was reached, of a 429. */
export const flowAnnotation = 'flow-control.bulkhead.dev/refused'
