import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type FieldError, formatFieldError } from '../../field-error.ts'
import { validatePodAnnotations } from './pod-annotations.ts'

function validate(annotations: Record<string, string>): string[] {
  const errors: FieldError[] = []
  validatePodAnnotations(annotations, { containers: [{ name: 'web' }] }, 'a', errors)
  return errors.map(formatFieldError)
}

describe('validatePodAnnotations()', () => {
  test('reports seccomp before AppArmor, the pod first', () => {
    const errors = validate({
      'container.apparmor.security.beta.kubernetes.io/web': 'x\u0001é',
      'container.seccomp.security.alpha.kubernetes.io/web': 'bad',
      'seccomp.security.alpha.kubernetes.io/pod': 'worse',
      'container.apparmor.security.beta.kubernetes.io/db': 'unconfined',
    })
    assert.deepEqual(errors, [
      'a.seccomp.security.alpha.kubernetes.io/pod: Invalid value: "worse": must be a valid seccomp profile',
      'a.container.seccomp.security.alpha.kubernetes.io/web: Invalid value: "bad": must be a valid seccomp profile',
      'a[container.apparmor.security.beta.kubernetes.io/web]: Invalid value: "x\\x01é": invalid AppArmor profile name: "x\\x01é"',
      'a[container.apparmor.security.beta.kubernetes.io/db]: Invalid value: "db": container not found',
    ])
  })

  const cost = 'controller.kubernetes.io/pod-deletion-cost'
  const costs: readonly (readonly [cost: string, valid: boolean])[] = [
    ['0', true],
    ['2147483647', true],
    ['-0', true],
    ['-0000000000012', true],
    ['-2147483648', true],
    ['2147483648', false],
    ['-2147483649', false],
    ['01', false],
    ['+1', false],
    ['1.0', false],
    ['', false],
  ]
  for (const [text, valid] of costs) {
    test(`a deletion cost ${JSON.stringify(text)} is ${valid ? 'accepted' : 'rejected'}`, () => {
      assert.deepEqual(validate({ [cost]: text }), valid ? [] : [`a[${cost}]: Invalid value: "${text}": must be a 32bit integer`])
    })
  }
})
