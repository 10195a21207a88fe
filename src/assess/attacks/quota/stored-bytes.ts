// The bound of a namespace's bytes in the store: new objects, growing ones, by each write; what shrinks is accepted.

import { resourceQuotas } from '../../../client/resources.ts'
import type { ProofContext } from '../../proof.ts'
import type { ProofNamespace } from '../../proof-namespace.ts'
import { applyPatch, jsonPatch, mergePatch, type ProofRequest } from '../../request.ts'
import { storedBytesName } from './quota-room.ts'

const kib = 1024
/** Much more than the objects of a new namespace. */
const bound = 512 * kib
const name = 'bytes'

/** The namespace must be new. */
export async function boundBytes(
  { attempts, client, transport }: ProofContext,
  namespace: ProofNamespace,
  signal: AbortSignal,
): Promise<void> {
  await client.create(resourceQuotas, namespace.name, { metadata: { name }, spec: { hard: { [storedBytesName]: String(bound) } } }, signal)
  const map = (own: string, bytes: number) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: own },
    data: { a: 'x'.repeat(bytes) },
  })
  const path = namespace.core('configmaps')
  const fill: ProofRequest = { method: 'POST', path, body: map('filled', 300 * kib) }
  await attempts.accepted('bytes: an object that fits', transport, fill, signal)
  const names = `exceeded quota: ${name}, requested: ${storedBytesName}=`
  const more = map('filled', 600 * kib)
  const excesses: readonly (ProofRequest & { readonly how: string })[] = [
    { how: 'another object', method: 'POST', path, body: map('second', 300 * kib) },
    { how: 'an update', method: 'PUT', path: `${path}/filled`, body: more },
    { how: 'a merge patch', method: 'PATCH', path: `${path}/filled`, body: { data: more.data }, contentType: mergePatch },
    {
      how: 'a JSON patch',
      method: 'PATCH',
      path: `${path}/filled`,
      body: [{ op: 'add', path: '/data/b', value: more.data.a }],
      contentType: jsonPatch,
    },
    {
      how: 'server-side apply',
      method: 'PATCH',
      path: `${path}/second?fieldManager=bulkhead-prove`,
      body: map('second', 300 * kib),
      contentType: applyPatch,
    },
  ]
  for (const { how, ...question } of excesses)
    await attempts.refused(`bytes above the bound by ${how}`, transport, question, { names }, signal)
  await attempts.accepted(
    'bytes: an update that shrinks',
    transport,
    { method: 'PUT', path: `${path}/filled`, body: map('filled', 200 * kib) },
    signal,
  )
  await attempts.accepted(
    'bytes: another object, after others shrank',
    transport,
    { method: 'POST', path, body: map('third', 200 * kib) },
    signal,
  )
}
