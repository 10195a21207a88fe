// A pod from before its namespace became stricter: it stays, and takes no new image by any write.
import type { Pod, PodSpec } from '../../../api/types/core-v1.ts'
import { parseJson } from '../../../base/json.ts'
import type { ProofContext } from '../../proof.ts'
import type { ProofNamespace } from '../../proof-namespace.ts'
import { applyPatch, jsonPatch, mergePatch, type ProofRequest, request, strategicPatch, succeeded } from '../../request.ts'
import { create, enforceLabel, podAccount, podBody } from './levelled-namespace.ts'
import { ephemeralWith, specWith } from './pod-of-breach.ts'
import { rules } from './rules.ts'

const name = 'older'
const [harmless] = specWith({}).containers
const image = 'example.invalid/other'

/** The namespace has the label for `baseline`; the attack raises it to `restricted`. */
export async function raisedLevel(context: ProofContext, namespace: ProofNamespace, signal: AbortSignal): Promise<void> {
  const { attempts, transport } = context
  const container = (own: string, more: object = {}) => ({ ...harmless, name: own, ...more })
  const spec = specWith({
    containers: [container('main', { securityContext: { ...harmless?.securityContext, runAsUser: 0 } })],
    initContainers: [container('init'), container('sidecar', { restartPolicy: 'Always' })],
  })
  const pod = podBody(name, { spec })
  await create(context, namespace.core('pods'), pod, signal)
  const labels = { metadata: { labels: { [enforceLabel]: 'restricted' } } }
  const raise = { method: 'PATCH', path: `/api/v1/namespaces/${namespace.name}`, body: labels, contentType: mergePatch } as const
  await attempts.accepted('raising the level of a namespace', transport, raise, signal)

  await tryTenant(context, namespace, signal)
  const path = `${namespace.core('pods')}/${name}`
  const refusal = {
    names: 'violates PodSecurity "restricted:latest": ',
    causes: { reasons: [rules.runAsUser.reason], field: 'containers[0].securityContext.runAsUser' },
  }
  const read = await request(transport, { method: 'GET', path }, signal)
  if (!succeeded(read)) throw new Error(`GET ${path}: ${read.status} ${read.message}`)
  // As stored: other fields of a pod cannot change.
  const stored = parseJson(read.text) as Pod
  // Without a version: its status may change meanwhile.
  const { resourceVersion: _, ...metadata } = stored.metadata
  const withImage = stored.spec.containers.map(own => ({ ...own, image }))
  const ways: readonly (Omit<ProofRequest, 'path'> & { readonly name: string })[] = [
    { name: 'update', method: 'PUT', body: { ...stored, metadata, spec: { ...stored.spec, containers: withImage } } },
    {
      name: 'JSON patch',
      method: 'PATCH',
      body: [{ op: 'replace', path: '/spec/containers/0/image', value: image }],
      contentType: jsonPatch,
    },
    {
      name: 'strategic merge patch of a sidecar',
      method: 'PATCH',
      body: { spec: { initContainers: [{ name: 'sidecar', image }] } },
      contentType: strategicPatch,
    },
    {
      name: 'merge patch',
      method: 'PATCH',
      body: { spec: { containers: withImage } },
      contentType: mergePatch,
    },
    {
      name: 'server-side apply',
      method: 'PATCH',
      body: { apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec: { containers: [{ name: 'main', image }] } },
      contentType: applyPatch,
    },
  ]
  for (const { name: way, ...question } of ways) {
    const query = question.contentType === applyPatch ? '?fieldManager=bulkhead-prove&force=true&dryRun=All' : '?dryRun=All'
    await attempts.refused(
      `new image by ${way} after the level was raised`,
      transport,
      { ...question, path: `${path}${query}` },
      refusal,
      signal,
    )
  }
  const ephemeral = { spec: { ephemeralContainers: [ephemeralWith('debugger', {})] } }
  await attempts.refused(
    'ephemeral container after the level was raised',
    transport,
    { method: 'PATCH', path: `${path}/ephemeralcontainers?dryRun=All`, body: ephemeral, contentType: strategicPatch },
    refusal,
    signal,
  )
  await attempts.accepted(
    'a label after the level was raised',
    transport,
    { method: 'PATCH', path: `${path}?dryRun=All`, body: { metadata: { labels: { still: 'here' } } }, contentType: mergePatch },
    signal,
  )
}

/** The rules are for everybody who writes: also for an account of the cluster's own kind of names. */
async function tryTenant({ attempts, transport }: ProofContext, namespace: ProofNamespace, signal: AbortSignal): Promise<void> {
  await namespace.grant(podAccount, [{ verbs: ['create'], apiGroups: [''], resources: ['pods'] }], signal)
  const headers = { 'impersonate-user': `system:serviceaccount:${namespace.name}:${podAccount}` }
  const question = (spec: PodSpec): ProofRequest => ({
    ...{ method: 'POST', path: namespace.core('pods?dryRun=All'), headers },
    body: podBody('tenant', { spec }),
  })
  await attempts.accepted('a harmless pod by an account', transport, question(specWith({})), signal)
  const names = 'violates PodSecurity "restricted:latest": '
  await attempts.refused(
    'a pod on the network of the node by an account',
    transport,
    question(specWith({ hostNetwork: true })),
    { names },
    signal,
  )
}
