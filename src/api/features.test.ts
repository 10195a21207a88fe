import assert from 'node:assert/strict'
import { test } from 'node:test'
import { noFeatures, readFeatures } from './features.ts'
import { optionalResources } from './resources/index.ts'

const alpha = 'admissionregistration.k8s.io/v1alpha1'
const read = (featureGates: Record<string, boolean> = {}, runtimeConfig: Record<string, boolean> = {}) =>
  readFeatures({ featureGates, runtimeConfig })

test('readFeatures() has everything off by default', () => {
  assert.deepEqual(read(), noFeatures)
  assert.deepEqual(read({ MutatingAdmissionPolicy: false }, { [alpha]: false }), noFeatures)
})

test('readFeatures() serves a group version without its feature, and requires the group version of a feature', () => {
  assert.deepEqual(read({}, { [alpha]: true }), { groupVersions: [alpha], mutatingAdmissionPolicy: false })
  assert.deepEqual(read({ MutatingAdmissionPolicy: true }, { [alpha]: true }), { groupVersions: [alpha], mutatingAdmissionPolicy: true })
  assert.throws(
    () => read({ MutatingAdmissionPolicy: true }),
    /needs its kinds: give runtimeConfig admissionregistration\.k8s\.io\/v1alpha1=true too/,
  )
})

test('readFeatures() names unknown features', () => {
  assert.throws(() => read({ Nothing: true }), /featureGates: unknown "Nothing"; known are MutatingAdmissionPolicy/)
  assert.throws(() => read({}, { 'batch/v2': false }), /runtimeConfig: unknown "batch\/v2"; known are admissionregistration/)
})

test('readFeatures() knows all group versions that have kinds', () => {
  for (const name of optionalResources.keys()) assert.deepEqual(read({}, { [name]: true }).groupVersions, [name])
})
