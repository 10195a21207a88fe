// Whether an exception covers only its workload, its checks and its fields.
import type { PodSpec } from '../../../api/types/core-v1.ts'
import { pods } from '../../../client/resources.ts'
import { inParallel } from '../../in-parallel.ts'
import { ProofNamespace } from '../../proof-namespace.ts'
import { podObject } from '../../proof-pods.ts'
import { strategicPatch } from '../../request.ts'
import { ExceptionRoom, refusedBy } from './exception-room.ts'
import { otherWorkloads, podOfOther } from './other-workloads.ts'

const second = 'd8-second'

/** With a volume and an init container, which another workload may lack or have otherwise. */
function wholeSpec(room: ExceptionRoom): PodSpec {
  const spec = room.hostSpec('covered')
  const initContainers = spec.containers.map(container => ({ ...container, name: 'setup' }))
  return { ...spec, initContainers, volumes: [{ name: 'own', emptyDir: {} }] }
}

/** Others than the workload of the exception are refused. */
export async function tryOtherWorkloads(room: ExceptionRoom, signal: AbortSignal): Promise<void> {
  const { context, namespace } = room
  const { attempts, transport } = context
  await namespace.account(second, signal)
  const spec = wholeSpec(room)
  await room.except('covered', spec, {}, signal)
  await attempts.accepted('the workload of an exception', transport, room.tryPod(spec), signal)
  await inParallel(otherWorkloads(second), other =>
    attempts.refused(
      `the workload of an exception with ${other.name}`,
      transport,
      { ...room.tryPod(spec), body: podOfOther('d8', spec, other) },
      refusedBy,
      signal,
    ),
  )
}

/** An exception covers its own namespace alone. */
export async function tryElsewhere(room: ExceptionRoom, signal: AbortSignal): Promise<void> {
  const { attempts, transport } = room.context
  await using other = await ProofNamespace.create(room.context, 'D8', signal)
  await other.account('d8', signal)
  const question = new ExceptionRoom(room.context, other).tryPod(wholeSpec(room))
  await attempts.refused('the workload of an exception in another namespace', transport, question, refusedBy, signal)
}

/** The same for a workload that shares the node's processes and comes onto its network too. */
export async function tryOtherNamespaces(room: ExceptionRoom, signal: AbortSignal): Promise<void> {
  const { attempts, transport } = room.context
  const processes = { hostNetwork: false, hostPID: true }
  await room.except('processes', room.hostSpec('processes', processes), {}, signal)
  const both = room.hostSpec('processes', { ...processes, hostNetwork: true })
  await attempts.refused("the workload of an exception with the node's network too", transport, room.tryPod(both), refusedBy, signal)
}

/** An exception lifts only the checks and the fields that it names. */
export async function tryNarrowExceptions(room: ExceptionRoom, signal: AbortSignal): Promise<void> {
  const { attempts, transport } = room.context
  const asRoot = room.hostSpec('as-root', { securityContext: { runAsUser: 0, seccompProfile: { type: 'RuntimeDefault' } } })
  await room.except('one-check', asRoot, {}, signal)
  await attempts.refused('a workload that breaks a rule beside the excepted one', transport, room.tryPod(asRoot), refusedBy, signal)

  const withPort = (hostNetwork: boolean) => {
    const { containers, ...rest } = room.hostSpec('similar', { hostNetwork })
    return { ...rest, containers: containers.map(one => ({ ...one, ports: [{ containerPort: 8080, hostPort: 8080 }] })) }
  }
  await room.except('similar', withPort(true), {}, signal)
  await attempts.refused('a workload that breaks a rule whose name begins alike', transport, room.tryPod(withPort(true)), refusedBy, signal)

  const twoFields = (image: string) => room.hostSpec(image, { hostPID: true })
  await room.except('one-field', twoFields('one-field'), { fields: ['spec.hostNetwork'] }, signal)
  await attempts.refused('a workload with one excepted field of two', transport, room.tryPod(twoFields('one-field')), refusedBy, signal)
  await room.except('both-fields', twoFields('both-fields'), { fields: ['spec.hostNetwork', 'spec.hostPID'] }, signal)
  await attempts.accepted('a workload with both fields excepted', transport, room.tryPod(twoFields('both-fields')), signal)

  const prefix = room.hostSpec('prefix')
  await room.except('prefix', prefix, { fields: ['spec.host'] }, signal)
  await attempts.refused('a workload whose field begins like an excepted one', transport, room.tryPod(prefix), refusedBy, signal)
}

/** Ephemeral containers come later than the decision about the workload. */
export async function tryEphemeralContainer(room: ExceptionRoom, signal: AbortSignal): Promise<void> {
  const { context, namespace } = room
  const { attempts, client, transport } = context
  const spec = room.hostSpec('debugged', { hostNetwork: false })
  const [main] = spec.containers
  if (main === undefined) throw new Error('the workload has no container')
  const root = { ...main.securityContext, runAsUser: 0 }
  const broken = { ...spec, containers: [{ ...main, securityContext: root }] }
  await room.except('debugged', broken, { checks: ['runAsUser'] }, signal)
  await client.create(pods, namespace.name, podObject('debugged', broken), signal)
  const path = namespace.core('pods/debugged/ephemeralcontainers?dryRun=All')
  const debuggedBy = (securityContext: object) => {
    const ephemeralContainers = [{ name: 'debug', image: main.image, securityContext }]
    return { method: 'PATCH', path, body: { spec: { ephemeralContainers } }, contentType: strategicPatch } as const
  }
  const harmless = { ...main.securityContext, runAsUser: 65532, runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } }
  await attempts.accepted('an ephemeral container in a pod with an exception', transport, debuggedBy(harmless), signal)
  const asRoot = debuggedBy({ ...harmless, runAsUser: 0 })
  await attempts.refused('an ephemeral container that breaks the excepted rule', transport, asRoot, refusedBy, signal)
}
