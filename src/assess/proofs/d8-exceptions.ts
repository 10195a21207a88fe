import { formatTime } from '../../base/clock.ts'
import { podSecurityExceptions } from '../../client/resources.ts'
import { ExceptionRoom, hourMs, refusedBy } from '../attacks/exceptions/exception-room.ts'
import { incompleteExceptions } from '../attacks/exceptions/incomplete.ts'
import {
  tryElsewhere,
  tryEphemeralContainer,
  tryNarrowExceptions,
  tryOtherNamespaces,
  tryOtherWorkloads,
} from '../attacks/exceptions/try-coverage.ts'
import { tryCompensation, tryTenant } from '../attacks/exceptions/try-rights.ts'
import { inParallel } from '../in-parallel.ts'
import { outcomeOf, type Proof } from '../proof.ts'
import { ProofNamespace } from '../proof-namespace.ts'
import { request, succeeded } from '../request.ts'
import { within } from '../until.ts'

const second = 1000
/** Lifetime of an exception, and how long after its expiry attempts continue, because the clocks may differ by some seconds. */
const shortLifeMs = 2 * second
const graceMs = 20 * second

export const exceptions: Proof = {
  id: 'D8',
  title: 'exceptions end',
  why: 'An exception without an owner or an expiry is a hole that everybody forgets',
  attack:
    'Create exceptions that lack one thing, and as a tenant; use one for workloads that differ in one thing, for other checks and fields, in an ephemeral container, expired, while it expires, and after its compensating proof failed',
  expected:
    'Each exception has owner, reason and expiry, is made by an administrator of the cluster, lifts named checks and fields of one workload, and admits nothing after its end',
  whenRed: 'List the exceptions (`kubectl get podsecurityexceptions -A`), and delete those without owner, reason or expiry',
  async prove(context, signal) {
    const { attempts, transport } = context
    await using namespace = await ProofNamespace.create(context, 'D8', signal)
    await namespace.account('d8', signal)
    const room = new ExceptionRoom(context, namespace)
    const spec = room.hostSpec('one')
    await attempts.refused("a pod on the host's network without an exception", transport, room.tryPod(spec), refusedBy, signal)
    const digest = await room.digestOf(spec, signal)
    if (digest === undefined) return outcomeOf(['no refusal contains the digest that an exception needs'], '')
    await tryIncomplete(room, digest, signal)
    await tryOtherWorkloads(room, signal)
    await tryElsewhere(room, signal)
    await tryOtherNamespaces(room, signal)
    await tryNarrowExceptions(room, signal)
    await tryEphemeralContainer(room, signal)
    await tryTenant(room, signal)
    await tryCompensation(room, signal)
    await tryExpiry(room, digest, signal)
    return outcomeOf([], `${attempts.all.length} attempts: exceptions are whole, narrow, made by administrators, and end`)
  },
}

async function tryIncomplete(room: ExceptionRoom, digest: string, signal: AbortSignal): Promise<void> {
  const { attempts, transport } = room.context
  const create = (spec: object) =>
    ({ method: 'POST', path: `${room.path}?dryRun=All`, body: { metadata: { name: 'incomplete' }, spec } }) as const
  await attempts.accepted('a complete exception', transport, create(room.complete(digest)), signal)
  await inParallel(incompleteExceptions, ({ name, spec, field }) =>
    attempts.refused(
      `an exception ${name}`,
      transport,
      create({ ...room.complete(digest), ...spec }),
      { status: 422, names: field },
      signal,
    ),
  )
}

async function tryExpiry(room: ExceptionRoom, digest: string, signal: AbortSignal): Promise<void> {
  const { attempts, client, clock, transport } = room.context
  const spec = room.hostSpec('one')
  await room.exceptDigest('ended', digest, { expires: formatTime(clock.now() - hourMs) }, signal)
  await attempts.refused('a pod with an expired exception', transport, room.tryPod(spec), refusedBy, signal)
  await room.exceptDigest('holds', digest, {}, signal)
  await attempts.accepted('a pod with an exception', transport, room.tryPod(spec), signal)
  const expires = formatTime(clock.now() + shortLifeMs)
  await client.patch(podSecurityExceptions, room.namespace.name, 'holds', { spec: { expires } }, { type: 'merge' }, signal)
  const isRefused = async () => (succeeded(await request(transport, room.tryPod(spec), signal)) ? undefined : true)
  await within(Date.parse(expires) + graceMs - clock.now(), clock, isRefused, signal)
  await attempts.refused(`a pod with an exception that expired at ${expires}`, transport, room.tryPod(spec), refusedBy, signal)
}
