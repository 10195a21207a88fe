// `bulkhead why pod/NAME TARGET`: whether network policies allow a connection, by which policy, or which policy would allow it.
import { isIPv4 } from 'node:net'
import { UserError } from '../../base/user-error.ts'
import { evaluateDirection, evaluateFlow, type Flow, type Party } from '../../network/policy/evaluate.ts'
import { explainRefusal, type RefusedEnd } from '../../network/policy/explain-refusal.ts'
import { printable } from '../terminal/printable.ts'
import { label } from './format.ts'
import { formatEnd } from './format-end.ts'
import { type ClusterPolicyState, orUserError, partyName, partyOf, podNamed, portName, readPolicyState } from './policy-state.ts'
import type { WhyContext } from './why.ts'

export interface ConnectionVerdict {
  readonly allowed: boolean
  readonly fromName: string
  readonly toName: string
  readonly protocol: string
  readonly port: number
  /** For each end that is a pod and allows the connection: the policy that allows it; undefined if no policy isolates the pod. */
  readonly allowing: readonly { readonly direction: 'egress' | 'ingress'; readonly pod: string; readonly policy: string | undefined }[]
  readonly refusing: readonly RefusedEnd[]
}

const usage = 'The target must be pod/NAME:PORT, pod/NAMESPACE/NAME:PORT or ADDRESS:PORT, followed by /UDP or /SCTP if it is not TCP'

/** Evaluates policies only, not whether anything listens there or whether a route exists. */
export async function evaluateConnection(context: WhyContext, from: string, target: string): Promise<ConnectionVerdict> {
  const { namespace } = context
  const parsed = /^(?:(?:pods?|po)\/(?:([^/:]+)\/)?([^/:]+)|([\d.]+)):(\d{1,5})(?:\/(tcp|udp|sctp))?$/i.exec(target)
  if (parsed === null) throw new UserError(usage)
  const [, space = namespace, name, address, port = '', protocol = 'TCP'] = parsed
  if (Number(port) < 1 || Number(port) > 65535 || (address !== undefined && !isIPv4(address))) throw new UserError(usage)
  const world = await orUserError(readPolicyState(context))
  const to = name === undefined ? atAddress(world, address ?? '') : partyOf(podNamed(world, space, name))
  const flow = { from: partyOf(podNamed(world, namespace, from)), to, protocol: protocol.toUpperCase(), port: Number(port) }
  return evaluate(flow, world)
}

function evaluate(flow: Flow, world: ClusterPolicyState): ConnectionVerdict {
  const { from, to, protocol, port } = flow
  const { allowed } = evaluateFlow(flow, world)
  const ends = [
    ['egress', from],
    ['ingress', to],
  ] as const
  return {
    allowed,
    fromName: partyName(from),
    toName: partyName(to),
    protocol,
    port,
    allowing: ends.flatMap(([direction, { pod }]) => {
      const verdict = evaluateDirection(direction, flow, world)
      return pod !== undefined && verdict.allowed ? [{ direction, pod: `${pod.namespace}/${pod.name}`, policy: verdict.by }] : []
    }),
    refusing: explainRefusal(flow, world),
  }
}

function atAddress({ pods, services }: ClusterPolicyState, address: string): Party {
  const service = services.get(address)
  if (service !== undefined)
    throw new UserError(
      `${address} is the address of Service "${service}": policies apply to the pods behind it, so name one of them as pod/NAME:PORT`,
    )
  const pod = pods.find(({ spec }) => spec.addresses.includes(address))
  return pod === undefined ? { address } : partyOf(pod, address)
}

export function formatConnectionVerdict({ allowed, fromName, toName, protocol, port, allowing, refusing }: ConnectionVerdict): string {
  return [
    printable(`${allowed ? 'ALLOWED' : 'REFUSED'}: ${fromName} to ${toName}${portName(protocol, port)}`),
    ...(allowed && fromName === toName
      ? [label('itself', 'policies never block connections of a pod to itself')]
      : allowing.map(formatAllowing)),
    ...refusing.flatMap(formatEnd),
  ].join('\n')
}

function formatAllowing({ direction, pod, policy }: ConnectionVerdict['allowing'][number]): string {
  const how = policy === undefined ? 'is open: no NetworkPolicy isolates it' : `is allowed by NetworkPolicy "${policy}"`
  return label(direction, `of pod "${pod}" ${how}`)
}
