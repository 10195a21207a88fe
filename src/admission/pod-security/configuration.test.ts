import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UserError } from '../../base/user-error.ts'
import { admissionSettings } from '../admission-settings.ts'
import { defaultPolicy, readPodSecurity } from './configuration.ts'
import { formatLevelVersion, modes } from './policy.ts'

const kind = { apiVersion: 'pod-security.admission.config.k8s.io/v1', kind: 'PodSecurityConfiguration' }
const levels = (profile: 'secure' | 'upstream', defaults?: object) => {
  const policy = defaultPolicy(profile, defaults === undefined ? undefined : readPodSecurity({ ...kind, defaults }, 'x'))
  return modes.map(mode => formatLevelVersion(policy[mode]))
}

test('defaultPolicy() uses the file, and the profile for missing values', () => {
  assert.deepEqual(levels('secure'), ['restricted:latest', 'restricted:latest', 'restricted:latest'])
  assert.deepEqual(levels('upstream'), ['privileged:latest', 'privileged:latest', 'privileged:latest'])
  const file = { enforce: 'baseline', 'enforce-version': 'v1.24', warn: 'restricted' }
  assert.deepEqual(levels('upstream', file), ['baseline:v1.24', 'privileged:latest', 'restricted:latest'])
  assert.deepEqual(levels('secure', { audit: 'baseline' }), ['restricted:latest', 'baseline:latest', 'restricted:latest'])
})

test('defaultPolicy() of the secure profile is not weakened by a file', () => {
  for (const file of [{ enforce: 'baseline' }, { enforce: 'privileged' }, { enforce: 'restricted', 'enforce-version': 'v1.7' }])
    assert.throws(
      () => levels('secure', file),
      err => err instanceof UserError && /secure profile "restricted:latest"/.test(err.message),
    )
})

test('admissionSettings() validates the levels before anything starts', () => {
  const configuration = {
    ...{ apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AdmissionConfiguration' },
    plugins: [{ name: 'PodSecurity', configuration: { ...kind, defaults: { enforce: 'privileged' } } }],
  }
  assert.throws(() => admissionSettings('secure', { configuration }), UserError)
  assert.equal(admissionSettings('upstream', { configuration }).configuration.podSecurity?.defaults.enforce?.level, 'privileged')
})

test('readPodSecurity() reads exemptions, and keeps the system exempt', () => {
  const { exemptions } = readPodSecurity({ ...kind, exemptions: { usernames: ['u'], namespaces: ['n'], runtimeClasses: ['r'] } }, 'x')
  assert.deepEqual([...exemptions.usernames], ['u'])
  assert.deepEqual([...exemptions.namespaces], ['kube-system', 'n'])
  assert.deepEqual([...exemptions.runtimeClasses], ['r'])
  assert.deepEqual([...readPodSecurity(kind, 'x').exemptions.namespaces], ['kube-system'])
})

const bad: readonly { readonly name: string; readonly value: Record<string, unknown>; readonly why: RegExp }[] = [
  { name: 'another kind', value: { ...kind, kind: 'X' }, why: /x\.kind must be .*, got "X"/ },
  {
    name: 'an invalid level',
    value: { ...kind, defaults: { enforce: 'strict' } },
    why: /x\.defaults\.enforce must be one of privileged, baseline, restricted, got "strict"$/,
  },
  {
    name: 'an invalid version',
    value: { ...kind, defaults: { warn: 'baseline', 'warn-version': '1.2' } },
    why: /x\.defaults\.warn-version must be "latest" or "v1\.x", got "1\.2"/,
  },
  { name: 'an unknown field', value: { ...kind, defaults: { enforced: 'restricted' } }, why: /unknown field "enforced"/ },
  { name: 'an unknown exemption', value: { ...kind, exemptions: { groups: [] } }, why: /unknown field "groups"/ },
  {
    name: 'a name that is not a string',
    value: { ...kind, exemptions: { usernames: [1] } },
    why: /x\.exemptions\.usernames\[0\] must be a text, got 1/,
  },
]
for (const { name, value, why } of bad) {
  test(`readPodSecurity() refuses ${name}`, () => {
    assert.throws(
      () => readPodSecurity(value, 'x'),
      err => err instanceof UserError && why.test(err.message),
    )
  })
}
