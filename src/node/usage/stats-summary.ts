// The kubelet's page `/stats/summary` (k8s.io/kubelet/pkg/apis/stats/v1alpha1): usage of the node, its pods and containers, and the room in
// claims' volumes. What is not measured is left out. Pure.
import type { NodeUsage } from '../../api/nodes/node-protocol.ts'
import { claimNameOf } from '../../api/pods/claim-name.ts'
import type { Pod } from '../../api/types/core-v1.ts'
import { formatTime } from '../../base/clock.ts'
import type { ContainerTotals, Sample } from './usage-sampler.ts'
import type { VolumeStats } from './volume-metrics.ts'

export interface SummaryInput {
  readonly nodeName: string
  readonly usage: NodeUsage
  /** With the totals of `usage`; undefined if the last sample failed. */
  readonly last: Sample | undefined
  readonly pods: readonly Pod[]
  readonly volumes: Iterable<VolumeStats>
  readonly now: number
}

interface Measured {
  readonly at: number
  readonly cpuNanocores?: number
  readonly cpuNanoseconds: number
  readonly memoryBytes: number
}

interface MeasuredPod {
  readonly at: number
  readonly containers: readonly ContainerTotals[]
  /** Of all containers of the node, by pod and name. */
  readonly rates: ReadonlyMap<string, number>
}

export function statsSummary({ nodeName, usage, last, pods, volumes, now }: SummaryInput): unknown {
  const rooms = new Map([...volumes].map(room => [`${room.namespace}/${room.claim}`, room] as const))
  const rates = new Map(usage.containers.map(({ podUid, name, cpuNanocores }) => [`${podUid}/${name}`, cpuNanocores] as const))
  const node = last === undefined ? {} : figures({ at: last.at, ...rate(usage.node?.cpuNanocores), ...last.machine })
  const measured = Map.groupBy(last?.containers.values() ?? [], ({ podUid }) => podUid)
  const at = last?.at ?? now
  const measuredOf = ({ metadata }: Pod) => ({ at, containers: measured.get(metadata.uid ?? '') ?? [], rates })
  return { node: { nodeName, ...node }, pods: pods.map(pod => ofPod(pod, measuredOf(pod), rooms, now)) }
}

function ofPod(pod: Pod, { at, containers: measured, rates }: MeasuredPod, rooms: ReadonlyMap<string, VolumeStats>, now: number): unknown {
  const { metadata, spec, status } = pod
  const { name = '', namespace = '', uid = '' } = metadata
  const containers = measured.map(one => ({ name: one.name, ...figures({ at, ...rate(rates.get(`${uid}/${one.name}`)), ...one }) }))
  const sum = (of: (one: (typeof measured)[number]) => number): number => measured.reduce((total, one) => total + of(one), 0)
  const rated = measured.map(one => rates.get(`${uid}/${one.name}`))
  const cores = rated.includes(undefined) ? undefined : rated.reduce<number>((total, one) => total + (one ?? 0), 0)
  const totals = { cpuNanoseconds: sum(one => one.cpuNanoseconds), memoryBytes: sum(one => one.memoryBytes) }
  const volume = (spec.volumes ?? []).flatMap(each => {
    const claim = claimNameOf(pod, each)
    const room = claim === undefined ? undefined : rooms.get(`${namespace}/${claim}`)
    return room === undefined ? [] : [{ ...roomFigures(room, now), name: each.name, pvcRef: { name: claim, namespace } }]
  })
  return {
    podRef: { name, namespace, uid },
    ...(status?.startTime === undefined ? {} : { startTime: status.startTime }),
    containers,
    ...(measured.length === 0 ? {} : figures({ at, ...rate(cores), ...totals })),
    ...(volume.length === 0 ? {} : { volume }),
  }
}

const rate = (cpuNanocores: number | undefined): Pick<Measured, 'cpuNanocores'> => (cpuNanocores === undefined ? {} : { cpuNanocores })

function figures({ at, cpuNanocores, cpuNanoseconds, memoryBytes }: Measured) {
  const time = formatTime(at)
  return {
    cpu: { time, ...(cpuNanocores === undefined ? {} : { usageNanoCores: cpuNanocores }), usageCoreNanoSeconds: cpuNanoseconds },
    memory: { time, workingSetBytes: memoryBytes },
  }
}

function roomFigures({ usage }: VolumeStats, now: number) {
  const bytes = usage.find(({ unit }) => unit === 'BYTES')
  const inodes = usage.find(({ unit }) => unit === 'INODES')
  return {
    time: formatTime(now),
    ...defined({ availableBytes: bytes?.available, capacityBytes: bytes?.total, usedBytes: bytes?.used }),
    ...defined({ inodesFree: inodes?.available, inodes: inodes?.total, inodesUsed: inodes?.used }),
  }
}

const defined = (values: Readonly<Record<string, number | undefined>>): Record<string, number> =>
  Object.fromEntries(Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])))
