// Objects at and beyond the bounds of a LimitRange.
import { limitRanges, resourceQuotas } from '../../../client/resources.ts'
import { inParallel } from '../../in-parallel.ts'
import type { ProofContext } from '../../proof.ts'
import type { ProofNamespace } from '../../proof-namespace.ts'
import type { ProofRequest } from '../../request.ts'
import { claim, type LimitRoom, type LimitWrite, limitAccount } from './bounds.ts'

/** The namespace must be new. */
export async function tryBounds(context: ProofContext, namespace: ProofNamespace, room: LimitRoom, signal: AbortSignal): Promise<void> {
  const { attempts, transport } = context
  for (const write of room.before ?? [])
    await attempts.accepted(`${room.name}: ${write.name}`, transport, questionOf(namespace, write, ''), signal)
  await replaceLimits(context, namespace, room.limits, signal)
  await namespace.account(limitAccount, signal)
  const name = (write: LimitWrite): string => `${room.name}: ${write.name}`
  for (const write of room.stored ?? []) await attempts.accepted(name(write), transport, questionOf(namespace, write, ''), signal)
  await inParallel(room.beyond, write =>
    attempts.refused(name(write), transport, questionOf(namespace, write, '?dryRun=All'), { names: write.message }, signal),
  )
  await inParallel(room.within, write => attempts.accepted(name(write), transport, questionOf(namespace, write, '?dryRun=All'), signal))
}

/** The defaults of new namespaces are the cluster's own affair; here only these limits count. */
export async function replaceLimits(
  { client }: ProofContext,
  { name: namespace }: ProofNamespace,
  limits: LimitRoom['limits'],
  signal: AbortSignal,
): Promise<void> {
  for (const { metadata } of await client.listAll(limitRanges, { namespace }, signal))
    await client.delete(limitRanges, namespace, metadata.name ?? '', {}, signal)
  for (const { metadata } of await client.listAll(resourceQuotas, { namespace }, signal))
    await client.delete(resourceQuotas, namespace, metadata.name ?? '', {}, signal)
  for (const [index, item] of limits.entries())
    await client.create(limitRanges, namespace, { metadata: { name: `c8-${index}` }, spec: { limits: [item] } }, signal)
}

/** A wider bound counts at once, and so does a narrower one. The namespace has had `tryBounds` of claims. */
export async function tryChangedBounds(
  { attempts, client, transport }: ProofContext,
  namespace: ProofNamespace,
  signal: AbortSignal,
): Promise<void> {
  const bound = (storage: string) =>
    client.patch(
      limitRanges,
      namespace.name,
      'c8-0',
      { spec: { limits: [{ type: 'PersistentVolumeClaim', max: { storage } }] } },
      { type: 'merge' },
      signal,
    )
  const large = questionOf(namespace, claim('claim for another bound', '4Mi'), '?dryRun=All')
  await bound('4Mi')
  await attempts.accepted('changed: a claim, with a wider bound', transport, large, signal)
  await bound('1Mi')
  await attempts.refused(
    'changed: the claim, with a narrower bound',
    transport,
    large,
    { names: 'usage per PersistentVolumeClaim is 1Mi' },
    signal,
  )
}

function questionOf(namespace: ProofNamespace, { name: _name, method = 'POST', path, ...rest }: LimitWrite, query: string): ProofRequest {
  return { ...rest, method, path: `${namespace.core(path)}${query}` }
}
