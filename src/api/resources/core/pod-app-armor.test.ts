import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AppArmorProfile, Pod } from '../../types/core-v1.ts'
import { syncAppArmor } from './pod-app-armor.ts'

const key = 'container.apparmor.security.beta.kubernetes.io/web'
const warning = `metadata.annotations[${key}]: deprecated since v1.30; use the "appArmorProfile" field instead`

interface Row {
  readonly name: string
  readonly annotation?: string
  readonly ofContainer?: AppArmorProfile
  readonly ofPod?: AppArmorProfile
  readonly os?: string
  readonly expected: { readonly annotation?: string; readonly profile?: AppArmorProfile; readonly warnings?: number }
}

const rows: readonly Row[] = [
  { name: 'leaves a pod without profiles alone', expected: {} },
  {
    name: 'writes the annotation of a field',
    ofContainer: { type: 'RuntimeDefault' },
    expected: { annotation: 'runtime/default', profile: { type: 'RuntimeDefault' } },
  },
  {
    name: 'writes the annotation of the pod’s field',
    ofPod: { type: 'Localhost', localhostProfile: 'p' },
    expected: { annotation: 'localhost/p' },
  },
  {
    name: 'fills in the field of an annotation',
    annotation: 'localhost/p',
    expected: { annotation: 'localhost/p', profile: { type: 'Localhost', localhostProfile: 'p' }, warnings: 1 },
  },
  {
    name: 'needs no field where the pod says the same',
    annotation: 'unconfined',
    ofPod: { type: 'Unconfined' },
    expected: { annotation: 'unconfined' },
  },
  { name: 'leaves an annotation that is wrong to validation', annotation: 'mine', expected: { annotation: 'mine', warnings: 1 } },
  { name: 'leaves a Windows pod alone', ofPod: { type: 'Unconfined' }, os: 'windows', expected: {} },
]
for (const { name, annotation, ofContainer, ofPod, os, expected } of rows) {
  test(`syncAppArmor() ${name}`, () => {
    const pod: Pod = {
      metadata: annotation === undefined ? {} : { annotations: { [key]: annotation } },
      spec: {
        containers: [{ name: 'web', ...(ofContainer === undefined ? {} : { securityContext: { appArmorProfile: ofContainer } }) }],
        ...(ofPod === undefined ? {} : { securityContext: { appArmorProfile: ofPod } }),
        ...(os === undefined ? {} : { os: { name: os } }),
      },
    }
    const warnings: string[] = []
    syncAppArmor(pod, text => warnings.push(text))
    assert.equal(pod.metadata.annotations?.[key], expected.annotation)
    assert.deepEqual(pod.spec.containers[0]?.securityContext?.appArmorProfile, expected.profile)
    assert.deepEqual(warnings, Array(expected.warnings ?? 0).fill(warning))
  })
}
