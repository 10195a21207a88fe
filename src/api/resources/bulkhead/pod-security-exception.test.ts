import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PodSecurityException, PodSecurityExceptionSpec } from '../../types/bulkhead-v1alpha1.ts'
import { podSecurityException } from './pod-security-exception.ts'

const good: PodSecurityExceptionSpec = {
  templateDigest: `sha256:${'a'.repeat(64)}`,
  checks: ['hostNamespaces'],
  owner: 'team-print',
  reason: 'the driver needs it',
  expires: '2027-01-31T00:00:00Z',
}
const validate = (more: Partial<PodSecurityExceptionSpec>) =>
  podSecurityException
    .validate?.({ metadata: { name: 'a' }, spec: { ...good, ...more } } satisfies PodSecurityException)
    ?.map(({ field }) => field)

const rows: readonly [name: string, more: Partial<PodSecurityExceptionSpec>, fields: string[]][] = [
  ['takes a whole one', {}, []],
  ['takes fields', { fields: ['spec.hostNetwork'] }, []],
  ['refuses an invalid digest', { templateDigest: 'sha256:x' }, ['spec.templateDigest']],
  ['refuses no check', { checks: [] }, ['spec.checks']],
  ['refuses an unknown check', { checks: ['hostPorts', 'everything'] }, ['spec.checks[1]']],
  ['refuses an empty field', { fields: [''] }, ['spec.fields[0]']],
  ['refuses too many fields', { fields: Array.from({ length: 101 }, (_, index) => `spec.a${index}`) }, ['spec.fields']],
  ['refuses no owner', { owner: ' ' }, ['spec.owner']],
  ['refuses no reason', { reason: '' }, ['spec.reason']],
  ['refuses a reason beyond the bound', { reason: 'x'.repeat(1025) }, ['spec.reason']],
  ['takes proofs', { compensatingProofs: ['C9', 'S5/A9'] }, []],
  ['refuses an unknown proof', { compensatingProofs: ['C9', 'all'] }, ['spec.compensatingProofs[1]']],
  ['refuses too many proofs', { compensatingProofs: Array.from({ length: 21 }, (_, index) => `C${index}`) }, ['spec.compensatingProofs']],
  ['refuses one without an end', { expires: null }, ['spec.expires']],
]
for (const [name, more, fields] of rows) test(`podSecurityException ${name}`, () => assert.deepEqual(validate(more), fields))
