// Objects at and beyond the bounds of a LimitRange.
import { limitRanges, resourceQuotas } from '../../../client/resources.ts'
import { inParallel } from '../../in-parallel.ts'
import type { ProofContext } from '../../proof.ts'
import type { ProofNamespace } from '../../proof-namespace.ts'
import type { ProofRequest } from '../../request.ts'
import { type LimitRoom, type LimitWrite, limitAccount } from './bounds.ts'

/** The namespace must be new. */
export async function tryBounds(context: ProofContext, namespace: ProofNamespace, room: LimitRoom, signal: AbortSignal): Promise<void> {
  const { attempts, transport } = context
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
  await client.create(limitRanges, namespace, { metadata: { name: 'c8' }, spec: { limits: [...limits] } }, signal)
}

function questionOf(namespace: ProofNamespace, { name: _name, method = 'POST', path, ...rest }: LimitWrite, query: string): ProofRequest {
  return { ...rest, method, path: `${namespace.core(path)}${query}` }
}
