/** The user agent of all requests of proofs: by it their records in the audit log are recognized. */
export const proofAgent = 'bulkhead-prove'
