import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defineResource } from '../api/resources/resource.ts'
import { forbidden } from '../api/status.ts'
import { createRegistry } from '../base/metrics/metrics.ts'
import type { AdmissionRequest } from './admission.ts'
import { createAdmission } from './chain.ts'
import { measuredAdmission } from './step-metrics.ts'

const resource = defineResource({ group: '', version: 'v1', kind: 'ConfigMap', plural: 'configmaps', namespaced: true })
const request = (name: string): AdmissionRequest => ({
  ...{ operation: 'CREATE', resource, subresource: '', namespace: 'default', name, object: { metadata: { name } }, oldObject: undefined },
  ...{ user: { name: 'ann', groups: [] }, dryRun: false, warn: () => undefined, annotate: () => undefined },
})

test('measuredAdmission() measures both steps, also if they wait or refuse', async () => {
  const registry = createRegistry()
  let time = 0
  const clock = { now: () => time, monotonic: () => time, sleep: async () => undefined }
  const { signal } = new AbortController()
  const refusal = forbidden({ group: '', plural: 'configmaps' }, 'a', 'no')
  const admission = measuredAdmission(
    createAdmission([
      {
        name: 'P',
        handles: () => true,
        async mutate() {
          time += 200
        },
        validate: async ({ name }) => (name === 'bad' ? { allowed: false, error: refusal } : { allowed: true }),
      },
    ]),
    registry,
    clock,
  )
  await admission.mutate(request('good'), signal)
  await admission.validate(request('good'), signal)
  await assert.rejects(admission.validate(request('bad'), signal))
  const text = await registry.metrics()
  const bucket = (type: string, rejected: boolean, le: string, count: number) =>
    assert.ok(
      text.includes(
        `apiserver_admission_step_admission_duration_seconds_bucket{type="${type}",operation="CREATE",rejected="${rejected}",le="${le}"} ${count}\n`,
      ),
      text,
    )
  bucket('admit', false, '0.1', 0)
  bucket('admit', false, '0.5', 1)
  bucket('validate', false, '0.005', 1)
  bucket('validate', true, '+Inf', 1)
})
