import assert from 'node:assert/strict'
import { test } from 'node:test'
import { applyJsonPatch } from '../../api/patch/json-patch.ts'
import { pod as podResource } from '../../api/resources/core/pod.ts'
import { ApiError } from '../../api/status.ts'
import type { Container, Pod, PodSpec } from '../../api/types/core-v1.ts'
import { readerOf } from '../admission.fixture.ts'
import type { AdmissionRequest } from '../admission.ts'
import { createAdmission } from '../chain.ts'
import { createPlugin } from '../plugin-definition.ts'
import { podSecurity } from '../plugins/pod-security.ts'
import { changeObject } from '../request-change.ts'

const safe = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } }
const container = (name: string, securityContext: Container['securityContext'] = safe): Container => ({
  name,
  image: `${name}:1`,
  securityContext,
})
const goodSpec: PodSpec = {
  securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
  containers: [container('app')],
}
const podOf = (spec: PodSpec): Pod => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace: 'team' }, spec }) as Pod

/** The refusal of a pod that a webhook changed after it was sent. */
async function refused(
  sent: PodSpec,
  mutation: (spec: PodSpec) => void,
): Promise<{ message: string; annotations: Record<string, string> }> {
  const object = structuredClone(podOf(sent))
  const annotations: Record<string, string> = {}
  const request: AdmissionRequest = {
    ...{ operation: 'CREATE', resource: podResource, subresource: '', namespace: 'team', name: 'p', object, oldObject: undefined },
    ...{ user: { name: 'ann', groups: [] }, dryRun: false, warn: () => undefined },
    annotate: (key, value) => {
      annotations[key] = value
    },
  }
  const reader = readerOf({ namespaces: [{ metadata: { name: 'team' } }] })
  const options = { reader, profile: 'secure', now: () => 0 } as const
  const admission = createAdmission([
    {
      name: 'Changes',
      handles: () => true,
      mutate: async asked => {
        const wanted = structuredClone(object)
        if (wanted.spec) mutation(wanted.spec)
        changeObject(asked, object, { by: 'admission webhook "injects"', version: podResource, wanted, fields: 'Ignore' })
      },
    },
    createPlugin(podSecurity, options),
  ])
  const { signal } = new AbortController()
  await admission.mutate(request, signal)
  try {
    await admission.validate(request, signal)
  } catch (err) {
    assert.ok(err instanceof ApiError)
    return { message: err.message, annotations }
  }
  throw new Error('it was admitted')
}

const advised = (message: string): unknown[] | undefined => {
  const text = /would pass: (\[.*\])$/.exec(message)?.[1]
  return text === undefined ? undefined : JSON.parse(text)
}

test('a field that a webhook added is not part of the advised patch', async () => {
  const { message, annotations } = await refused(goodSpec, spec => {
    spec.hostNetwork = true
  })
  assert.match(
    message,
    /hostNetwork=true.*; this is not the Pod that was sent: admission webhook "injects" changed it, and no patch of what was sent is known to pass$/,
  )
  assert.equal(annotations['admission.bulkhead.dev/patch'], undefined)
})

test('if the sent object is at fault, the patch applies to it and suffices', async () => {
  const sent = { ...goodSpec, hostPID: true, containers: [container('app')] }
  const { message } = await refused(sent, spec => {
    spec.containers.push(container('sidecar'))
    spec.volumes = [{ name: 'x', emptyDir: {} }]
  })
  const patch = advised(message)
  assert.deepEqual(patch, [{ op: 'remove', path: '/spec/hostPID' }])
  assert.equal((applyJsonPatch(podOf(sent), patch) as Pod).spec?.hostPID, undefined)
})

test('one patch of the pod fixes both sent and added fields', async () => {
  const { message } = await refused({ ...goodSpec, securityContext: { seccompProfile: { type: 'RuntimeDefault' } } }, spec => {
    spec.containers.push(container('sidecar'))
  })
  assert.deepEqual(advised(message), [{ op: 'add', path: '/spec/securityContext/runAsNonRoot', value: true }])
})

test('a patch whose target moved during the change is not promised to pass', async () => {
  const { message } = await refused({ ...goodSpec, containers: [container('app', { ...safe, privileged: true })] }, spec => {
    spec.containers.unshift(container('first'))
  })
  assert.equal(advised(message), undefined)
  assert.match(message, /this is not the Pod that was sent/)
})

test('without a change the patch is one of the object', async () => {
  assert.deepEqual(advised((await refused({ ...goodSpec, hostNetwork: true }, () => undefined)).message), [
    { op: 'remove', path: '/spec/hostNetwork' },
  ])
})
