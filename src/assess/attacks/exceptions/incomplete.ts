// Exceptions from Pod Security that lack one thing.

export interface IncompleteException {
  readonly name: string
  /** Replaces fields of a complete one. */
  readonly spec: Readonly<Record<string, unknown>>
  /** Named by the refusal. */
  readonly field: string
}

export const incompleteExceptions: readonly IncompleteException[] = [
  { name: 'without an owner', spec: { owner: undefined }, field: 'spec.owner' },
  { name: 'with an owner of blanks', spec: { owner: ' ' }, field: 'spec.owner' },
  { name: 'without a reason', spec: { reason: undefined }, field: 'spec.reason' },
  { name: 'with a reason of blanks', spec: { reason: ' ' }, field: 'spec.reason' },
  { name: 'with a reason of more than 1024 characters', spec: { reason: 'x'.repeat(1025) }, field: 'spec.reason' },
  { name: 'with an owner of more than 1024 characters', spec: { owner: 'x'.repeat(1025) }, field: 'spec.owner' },
  { name: 'without an expiry', spec: { expires: undefined }, field: 'spec.expires' },
  { name: 'with an expiry of null', spec: { expires: null }, field: 'spec.expires' },
  { name: 'without a check', spec: { checks: [] }, field: 'spec.checks' },
  { name: 'for every check', spec: { checks: ['*'] }, field: 'spec.checks[0]' },
  { name: 'for every workload', spec: { templateDigest: '*' }, field: 'spec.templateDigest' },
  { name: 'for a part of a digest', spec: { templateDigest: 'sha256:01234567' }, field: 'spec.templateDigest' },
  { name: 'for an empty field', spec: { fields: [''] }, field: 'spec.fields[0]' },
]
