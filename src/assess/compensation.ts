// Ends exceptions whose compensating proof was tried and does not hold.

import { isReason } from '../api/status.ts'
import type { PodSecurityException } from '../api/types/bulkhead-v1alpha1.ts'
import { formatTime } from '../base/clock.ts'
import type { Client } from '../client/client.ts'
import { podSecurityExceptions } from '../client/resources.ts'
import type { ProofResult } from './run-proofs.ts'

/** On an exception: the proofs whose failure ended it. */
export const endedByAnnotation = 'bulkhead.dev/ended-by-proofs'

export interface EndedException {
  /** `namespace/name`. */
  readonly name: string
  readonly owner: string
  /** Those of its compensating proofs that did not hold. */
  readonly proofs: readonly string[]
}

interface Plan extends EndedException {
  readonly exception: PodSecurityException
}

/** Pure. `now` in milliseconds since the epoch. A skipped proof neither proves nor disproves the control. */
export function exceptionsToEnd(
  exceptions: readonly PodSecurityException[],
  results: readonly Pick<ProofResult, 'id' | 'outcome'>[],
  now: number,
): Plan[] {
  const failed = new Set(
    results.flatMap(({ id, outcome }) => ('held' in outcome && !outcome.held && outcome.tried !== false ? [id, ...id.split('/')] : [])),
  )
  return exceptions.flatMap(exception => {
    const { metadata, spec } = exception
    const proofs = (spec.compensatingProofs ?? []).filter(id => failed.has(id))
    if (proofs.length === 0 || !(now < Date.parse(spec.expires ?? ''))) return []
    return [{ exception, name: `${metadata.namespace}/${metadata.name}`, owner: spec.owner, proofs }]
  })
}

/** Ends each exception: it expires now, and an annotation names the proofs. */
export async function endExceptions(
  client: Client,
  results: readonly Pick<ProofResult, 'id' | 'outcome'>[],
  now: number,
  signal: AbortSignal,
): Promise<EndedException[]> {
  const ended: EndedException[] = []
  for (const { exception, ...facts } of exceptionsToEnd(await client.listAll(podSecurityExceptions, {}, signal), results, now)) {
    const { namespace = '', name = '' } = exception.metadata
    const end = { metadata: { annotations: { [endedByAnnotation]: facts.proofs.join(',') } }, spec: { expires: formatTime(now) } }
    try {
      await client.patch(podSecurityExceptions, namespace, name, end, { type: 'merge' }, signal)
    } catch (err) {
      // Deleted meanwhile, which ends it too.
      if (!isReason(err, 'NotFound')) throw err
      continue
    }
    ended.push(facts)
  }
  return ended
}
