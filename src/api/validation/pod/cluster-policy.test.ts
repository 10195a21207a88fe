import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FieldError } from '../../field-error.ts'
import { allowPrivileged } from './cluster-policy.ts'
import { validateSecurityContext } from './security-context.ts'

test('privileged containers are rejected unless the operator allows them', t => {
  t.after(() => allowPrivileged(true))
  const validate = (): string[] => {
    const errors: FieldError[] = []
    validateSecurityContext({ privileged: true }, true, 'c', errors)
    return errors.map(({ field, message }) => `${field}: ${message}`)
  }
  assert.deepEqual(validate(), [])
  allowPrivileged(false)
  assert.deepEqual(validate(), ['c.privileged: Forbidden: disallowed by cluster policy'])
})
