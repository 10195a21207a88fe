import { configMaps, resourceQuotas } from '../../client/resources.ts'
import { outcomeOf, type Proof } from '../proof.ts'
import { ProofNamespace } from '../proof-namespace.ts'
import { harmlessSpec, podObject } from '../proof-pods.ts'
import { mergePatch, request, succeeded } from '../request.ts'

/**
 * Number of objects of each kind. Together they stay below the limit of streams per connection; a stream above it could be reset and never
 * reach the quota.
 */
const floods = 100
/** How many of each the flooded quota still allows. */
const room = 10

export const resourceQuota: Proof = {
  id: 'C7',
  title: 'ResourceQuota',
  why: 'Without limits, one tenant can fill the store and the nodes of all',
  attack: 'Flood a new namespace with more objects at once than its quota allows',
  expected: 'A new namespace has a quota; exactly the allowed number is stored, and another namespace stays usable',
  whenRed:
    'See whether ResourceQuota or NamespaceDefaults were switched off (`bulkhead status`), and what `kubectl get clusterdefaults cluster -o yaml` grants',
  async prove(context, signal) {
    const { client, transport } = context
    await using flooded = await ProofNamespace.create(context, 'C7', signal)
    await using neighbour = await ProofNamespace.create(context, 'C7', signal)
    const found: string[] = []
    const { items } = await client.list(resourceQuotas, { namespace: flooded.name }, signal)
    const bounded = new Set(items.flatMap(({ spec }) => Object.keys(spec?.hard ?? {})))
    for (const name of ['pods', 'configmaps', 'secrets', 'requests.cpu', 'requests.memory'])
      if (!bounded.has(name)) found.push(`a new namespace has no limit for ${name}`)
    await flooded.account('c7', signal)
    const used = (await client.listAll(configMaps, { namespace: flooded.name }, signal)).length
    const hard = { pods: String(room), configmaps: String(used + room) }
    const own = { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'flood' }, spec: { hard } }
    const made = await request(transport, { method: 'POST', path: flooded.core('resourcequotas'), body: own }, signal)
    if (!succeeded(made)) found.push(`a quota cannot be created: ${made.message}`)
    const map = (name: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } })
    const post = (namespace: ProofNamespace, plural: string, body: object) =>
      request(transport, { method: 'POST', path: namespace.core(plural), body }, signal)
    const names = Array.from({ length: floods }, (_, index) => `c7-${index}`)
    const [maps, pods, others] = await Promise.all([
      Promise.all(names.map(name => post(flooded, 'configmaps', map(name)))),
      Promise.all(names.map(name => post(flooded, 'pods', podObject(name, harmlessSpec({ serviceAccountName: 'c7' }))))),
      Promise.all(names.slice(0, room).map(name => post(neighbour, 'configmaps', map(name)))),
    ])
    for (const [what, answers] of [
      ['ConfigMaps', maps],
      ['pods', pods],
    ] as const) {
      const stored = answers.filter(succeeded).length
      if (stored !== room) found.push(`${stored} of ${floods} ${what} were stored, expected ${room}`)
      const strange = answers.find(answer => !succeeded(answer) && !(answer.status === 403 && answer.message.includes('exceeded quota')))
      if (strange !== undefined) found.push(`${what} beyond the quota: answered ${strange.status} (${strange.message}), expected 403`)
    }
    const kept = others.filter(succeeded).length
    if (kept !== room) found.push(`another namespace could create only ${kept} of ${room} objects during the flood`)
    const patch = { metadata: { annotations: { c7: 'still writable' } } }
    const full = await request(
      transport,
      { method: 'PATCH', path: flooded.core('configmaps/kube-root-ca.crt'), body: patch, contentType: mergePatch },
      signal,
    )
    if (full.status === 403) found.push(`a full namespace refuses changes: ${full.message}`)
    return outcomeOf(
      found,
      `${bounded.size} limits in a new namespace; of ${2 * floods} concurrent creates exactly ${2 * room} stored, and all ${room} of another namespace`,
    )
  },
}
