// Who may make exceptions, and whether the failure of a compensating proof ends them.
import { endExceptions } from '../../compensation.ts'
import { connectWith, mergePatch } from '../../request.ts'
import { type ExceptionRoom, refusedBy } from './exception-room.ts'

const tenant = 'd8-tenant'
/** Ids that no proof has. */
const failing = 'Z98'
const holding = 'Z99'

/** All rights in a namespace are not enough. */
export async function tryTenant(room: ExceptionRoom, signal: AbortSignal): Promise<void> {
  const { context, namespace, path } = room
  const { attempts, transport, endpoint } = context
  const spec = room.hostSpec('tenant')
  await room.except('tenant', spec, {}, signal)
  await namespace.account(tenant, signal)
  await namespace.grant(tenant, [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }], signal)
  await using account = connectWith(endpoint, { token: await namespace.token(tenant, {}, signal) })
  const digest = `sha256:${'0'.repeat(64)}`
  const making = { method: 'POST', path: `${path}?dryRun=All`, body: { metadata: { name: 'own' }, spec: room.complete(digest) } } as const
  const body = { spec: { reason: 'longer' } }
  const changing = { method: 'PATCH', path: `${path}/tenant?dryRun=All`, body, contentType: mergePatch } as const
  const ways = [
    ['an exception made', making],
    ['an exception changed', changing],
  ] as const
  const refusal = { names: 'may not make exceptions from Pod Security' }
  for (const [what, question] of ways) {
    await attempts.accepted(`${what} by an administrator`, transport, question, signal)
    await attempts.refused(`${what} with all rights in the namespace`, account, question, refusal, signal)
  }
}

/** The failure of a compensating proof ends its exceptions and no others. */
export async function tryCompensation(room: ExceptionRoom, signal: AbortSignal): Promise<void> {
  const { attempts, client, clock, transport } = room.context
  const [ended, kept] = [room.hostSpec('compensated'), room.hostSpec('kept')]
  await room.except('compensated', ended, { compensatingProofs: [failing] }, signal)
  await room.except('kept', kept, { compensatingProofs: [holding] }, signal)
  await attempts.accepted('the workload of a compensated exception', transport, room.tryPod(ended), signal)
  await endExceptions(client, [{ id: failing, outcome: { held: false, found: ['proof D8'] } }], clock.now(), signal)
  await attempts.refused('the workload of an exception whose compensating proof failed', transport, room.tryPod(ended), refusedBy, signal)
  await attempts.accepted('the workload of an exception whose compensating proof did not fail', transport, room.tryPod(kept), signal)
}
