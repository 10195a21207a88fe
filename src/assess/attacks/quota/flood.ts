// A flood of one namespace: of many creations at once exactly the allowed number is stored, and the neighbour stays usable.

import { configMaps } from '../../../client/resources.ts'
import type { ProofContext } from '../../proof.ts'
import type { ProofNamespace } from '../../proof-namespace.ts'
import { harmlessSpec } from '../../proof-pods.ts'
import { mergePatch, request, succeeded } from '../../request.ts'
import { quotaAccount, quotaPod } from './compute.ts'

/**
 * Number of objects of each kind. Together they stay below the limit of streams per connection; a stream above it could be reset and never
 * reach the quota.
 */
export const floods = 100
/** How many of each the flooded quota still allows. */
export const room = 10

/** Returns what was found. */
export async function flood(
  { client, transport, attempts }: ProofContext,
  flooded: ProofNamespace,
  neighbour: ProofNamespace,
  signal: AbortSignal,
): Promise<string[]> {
  const found: string[] = []
  await flooded.account(quotaAccount, signal)
  const used = (await client.listAll(configMaps, { namespace: flooded.name }, signal)).length
  const hard = { pods: String(room), configmaps: String(used + room) }
  const own = { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'flood' }, spec: { hard } }
  const made = await request(transport, { method: 'POST', path: flooded.core('resourcequotas'), body: own }, signal)
  if (!succeeded(made)) found.push(`a quota cannot be created: ${made.message}`)
  const map = (name: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } })
  const post = (namespace: ProofNamespace, plural: string, body: unknown) =>
    request(transport, { method: 'POST', path: namespace.core(plural), body }, signal)
  const names = Array.from({ length: floods }, (_, index) => `c7-${index}`)
  const [maps, pods, others] = await Promise.all([
    Promise.all(names.map(name => post(flooded, 'configmaps', map(name)))),
    Promise.all(names.map(name => post(flooded, 'pods', quotaPod(name, harmlessSpec({ serviceAccountName: quotaAccount })).body))),
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
  const body = { metadata: { annotations: { c7: 'still writable' } } }
  const path = flooded.core(`configmaps/${maps.findIndex(succeeded) < 0 ? 'kube-root-ca.crt' : `c7-${maps.findIndex(succeeded)}`}`)
  await attempts.accepted('a change in a full namespace', transport, { method: 'PATCH', path, body, contentType: mergePatch }, signal)
  return found
}
