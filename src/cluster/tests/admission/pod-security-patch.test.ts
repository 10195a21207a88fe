// The patch in a refusal applies to what the client sent, not to what the server made of it, and with it the object passes.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { applyJsonPatch } from '../../../api/patch/json-patch.ts'
import { admin, restrictedPod, SecuredApi } from '../secured-api.testing.ts'

const pods = '/api/v1/namespaces/default/pods?dryRun=All'
const key = 'container.apparmor.security.beta.kubernetes.io/c'

const api = await SecuredApi.open()
await api.create('/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'default' } })
after(() => api[Symbol.asyncDispose]())

const unconfined = { appArmorProfile: { type: 'Unconfined' } }
const hostProcess = { windowsOptions: { hostProcess: true } }
const own = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } }
const ofPod = { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } }
const annotated = (value: string, container: object = {}) => {
  const { metadata, spec } = restrictedPod('p', {}, container)
  return { metadata: { ...metadata, annotations: { [key]: value } }, spec }
}

const cases = [
  { name: 'an AppArmor profile in the field of a container', pod: restrictedPod('p', {}, { securityContext: { ...own, ...unconfined } }) },
  { name: 'an AppArmor profile in the field of the pod', pod: restrictedPod('p', { securityContext: { ...ofPod, ...unconfined } }) },
  { name: 'an AppArmor profile in the annotation', pod: annotated('unconfined') },
  {
    name: 'an AppArmor profile in the annotation of a container without a security context',
    pod: annotated('unconfined', { securityContext: undefined }),
  },
  {
    name: 'an allowed AppArmor profile beside a capability',
    pod: annotated('runtime/default', { securityContext: { ...own, capabilities: { drop: ['ALL'], add: ['NET_RAW'] } } }),
  },
  { name: 'HostProcess of the pod', pod: restrictedPod('p', { hostNetwork: true, securityContext: { ...ofPod, ...hostProcess } }) },
  { name: 'HostProcess of a container', pod: restrictedPod('p', { hostNetwork: true }, { securityContext: { ...own, ...hostProcess } }) },
]
for (const { name, pod } of cases) {
  test(`a pod with ${name} passes with the patch of its refusal`, async () => {
    const sent: unknown = JSON.parse(JSON.stringify(pod))
    const refused = await api.request(admin, 'POST', pods, sent)
    assert.equal(refused.status, 403, refused.text)
    const patch: unknown = JSON.parse(/would pass: (\[.*\])$/.exec(refused.json.message)?.[1] ?? 'null')
    const passed = await api.request(admin, 'POST', pods, applyJsonPatch(sent, patch))
    assert.equal(passed.status, 201, passed.text)
  })
}
