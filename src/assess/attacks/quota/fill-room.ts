// Fills a namespace up to the bounds of its quotas, goes one above each, and compares `status.used` with what the objects add up to.
import type { KubeObject } from '../../../api/object.ts'
import type { ResourceQuota } from '../../../api/types/core-v1.ts'
import { parseJson } from '../../../base/json.ts'
import { limitRanges, resourceQuotas } from '../../../client/resources.ts'
import { inParallel } from '../../in-parallel.ts'
import { billionths } from '../../oracles/quantity.ts'
import { expectedUse, type Inventory } from '../../oracles/quota.ts'
import type { ProofContext } from '../../proof.ts'
import type { ProofNamespace } from '../../proof-namespace.ts'
import { type ProofRequest, request, succeeded } from '../../request.ts'
import { within } from '../../until.ts'
import { quotaAccount } from './compute.ts'
import type { QuotaRoom, QuotaWrite } from './quota-room.ts'

/** How long the published use may lag behind the objects. */
const publishMs = 10_000
const pollMs = 50

/** The namespace must be new. */
export async function fillRoom(context: ProofContext, namespace: ProofNamespace, room: QuotaRoom, signal: AbortSignal): Promise<void> {
  const { attempts, client, transport } = context
  await removeDefaults(context, namespace, signal)
  await namespace.account(quotaAccount, signal)
  for (const [name, spec] of Object.entries(room.quotas))
    await client.create(resourceQuotas, namespace.name, { metadata: { name }, spec }, signal)
  const label = (write: QuotaWrite): string => `${room.name}: ${write.name}`
  for (const write of room.fills)
    await attempts.accepted(`up to the bound, ${label(write)}`, transport, questionOf(namespace, write, false), signal)
  await inParallel(room.excesses, write =>
    attempts.refused(`above the bound, ${label(write)}`, transport, questionOf(namespace, write, true), { names: write.message }, signal),
  )
  await inParallel(room.twins, write =>
    attempts.accepted(`within the bound, ${label(write)}`, transport, questionOf(namespace, write, true), signal),
  )
}

/** The defaults of new namespaces are the cluster's own affair; here only the quotas of the attack count. */
async function removeDefaults({ client }: ProofContext, { name: namespace }: ProofNamespace, signal: AbortSignal): Promise<void> {
  for (const { metadata } of await client.listAll(resourceQuotas, { namespace }, signal))
    await client.delete(resourceQuotas, namespace, metadata.name ?? '', {}, signal)
  for (const { metadata } of await client.listAll(limitRanges, { namespace }, signal))
    await client.delete(limitRanges, namespace, metadata.name ?? '', {}, signal)
}

function questionOf(namespace: ProofNamespace, write: QuotaWrite, dryRun: boolean): ProofRequest {
  const { name: _name, method = 'POST', groupVersion = 'v1', path, ...rest } = write
  return { ...rest, method, path: `${pathOf(namespace, groupVersion, path)}${dryRun ? '?dryRun=All' : ''}` }
}

const pathOf = (namespace: ProofNamespace, groupVersion: string, path: string): string =>
  groupVersion === 'v1' ? namespace.core(path) : namespace.group(groupVersion, path)

/** Of a namespace that was filled. Its use is published some time after the writes. */
export async function comparePublished(
  context: ProofContext,
  namespace: ProofNamespace,
  room: QuotaRoom,
  signal: AbortSignal,
): Promise<void> {
  const { attempts, clock } = context
  // Where attempts have failed already, there is nothing to wait for.
  const waitMs = attempts.found.length > 0 ? 0 : publishMs
  let differences: readonly string[] = []
  const isPublished = async () => {
    differences = await differencesOf(context, namespace, room, signal)
    return differences.length === 0 ? true : undefined
  }
  await within(waitMs, clock, isPublished, signal, pollMs)
  attempts.record({
    name: `${room.name}: status.used of each quota`,
    sent: `GET ${namespace.core('resourcequotas')}`,
    expected: 'the sum of the objects',
    answered: differences.length === 0 ? 'the sum of the objects' : differences.join(', '),
    held: differences.length === 0,
  })
}

async function differencesOf(
  { client, transport }: ProofContext,
  namespace: ProofNamespace,
  room: QuotaRoom,
  signal: AbortSignal,
): Promise<string[]> {
  const quotas = await client.listAll(resourceQuotas, { namespace: namespace.name }, signal)
  const lists = await inParallel(room.counted, async ([groupVersion, plural]): Promise<[string, readonly KubeObject[]]> => {
    const path = pathOf(namespace, groupVersion, plural)
    const answer = await request(transport, { method: 'GET', path }, signal)
    if (!succeeded(answer)) throw new Error(`GET ${path}: ${answer.status} ${answer.message}`)
    const [group = ''] = groupVersion.includes('/') ? groupVersion.split('/') : []
    return [group === '' ? plural : `${plural}.${group}`, (parseJson(answer.text) as { readonly items: readonly KubeObject[] }).items]
  })
  const inventory: Inventory = Object.fromEntries(lists)
  return quotas.flatMap(quota => differencesIn(quota, inventory))
}

function differencesIn(quota: ResourceQuota, inventory: Inventory): string[] {
  const used = quota.status?.used ?? {}
  return [...expectedUse(quota, inventory)].flatMap(([name, amount]) => {
    const published = used[name]
    if (published !== undefined && billionths(published) === amount) return []
    return [`${quota.metadata.name} says ${name}=${published ?? 'nothing'}, the objects add up to ${amount} billionths`]
  })
}
