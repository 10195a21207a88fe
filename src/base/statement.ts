// The form of a report of proofs: an in-toto statement with a test result. The signer signs nothing else as evidence.
export const statementV1 = 'https://in-toto.io/Statement/v1'
export const testResultV01 = 'https://in-toto.io/attestation/test-result/v0.1'
/** The field of the predicate with the details of a report, named as in-toto's extension fields. */
export const evidenceField = 'https://bulkhead.dev/evidence/v1'
/** In base64 it fits into a frame of the signer's protocol. */
export const maxStatementBytes = 720 * 1024
