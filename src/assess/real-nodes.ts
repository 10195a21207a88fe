// Nodes that run containers, and pods of attacks that run on one of them until they end.
import { nodeDomainLabel } from '../api/pods/trust-domain.ts'
import type { Node, Pod, PodSpec } from '../api/types/core-v1.ts'
import { nodes, pods } from '../client/resources.ts'
import { inParallel } from './in-parallel.ts'
import type { ProofContext } from './proof.ts'
import type { ProofNamespace } from './proof-namespace.ts'
import { podObject } from './proof-pods.ts'
import { request } from './request.ts'
import { within } from './until.ts'

const waitMs = 120_000
const pollMs = 200

export interface RealNodes {
  /** Names of those that take the pods of a new namespace. */
  readonly usable: readonly string[]
  /** Real ones that do not: cordoned, not ready, or of a trust domain. */
  readonly others: readonly string[]
}

export async function realNodes({ client }: ProofContext, signal: AbortSignal): Promise<RealNodes> {
  const real = (await client.listAll(nodes, {}, signal)).filter(({ status }) =>
    status?.nodeInfo?.containerRuntimeVersion?.startsWith('containerd://'),
  )
  const nameOf = ({ metadata }: Node): string => metadata.name ?? ''
  return { usable: real.filter(isUsable).map(nameOf), others: real.filter(node => !isUsable(node)).map(nameOf) }
}

function isUsable({ metadata, spec, status }: Node): boolean {
  const ready = status?.conditions?.some(condition => condition.type === 'Ready' && condition.status === 'True') === true
  const tainted = spec?.taints?.some(({ effect }) => effect !== 'PreferNoSchedule') === true
  return ready && spec?.unschedulable !== true && !tainted && metadata.labels?.[nodeDomainLabel] === undefined
}

export interface Ended {
  readonly phase: string
  /** By name of the container; also of init containers. */
  readonly logs: ReadonlyMap<string, string>
}

/** Runs a pod on a node until it has ended, or for two minutes. */
export async function runToEnd(
  { client, clock, transport }: ProofContext,
  namespace: ProofNamespace,
  name: string,
  node: string,
  spec: PodSpec,
  signal: AbortSignal,
): Promise<Ended> {
  const placed: PodSpec = {
    ...spec,
    schedulerName: 'default-scheduler',
    restartPolicy: 'Never',
    nodeSelector: { 'kubernetes.io/hostname': node },
  }
  await client.create(pods, namespace.name, podObject(name, placed), signal)
  let pod: Pod | undefined
  const over = async () => {
    pod = await client.get(pods, namespace.name, name, signal)
    return isOver(pod) ? true : undefined
  }
  await within(waitMs, clock, over, signal, pollMs)
  const containers = [...(spec.initContainers ?? []), ...spec.containers].map(container => container.name)
  const logs = await inParallel(containers, async (container): Promise<[string, string]> => {
    const path = namespace.core(`pods/${name}/log?container=${container}`)
    return [container, (await request(transport, { method: 'GET', path }, signal)).text]
  })
  return { phase: pod?.status?.phase ?? 'Pending', logs: new Map(logs) }
}

const isOver = ({ status }: Pod): boolean => status?.phase === 'Succeeded' || status?.phase === 'Failed'
