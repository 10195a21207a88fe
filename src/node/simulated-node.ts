// A node without a machine: its pods pass admission, scheduling and status as on a real one, and are marked as simulated.

import type { ServerHttp2Session } from 'node:http2'
import type { Node } from '../api/types/core-v1.ts'
import { keyFinalizer } from '../api/volumes/local-volume-names.ts'
import type { Clock } from '../base/clock.ts'
import { formatTime } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import { Informer } from '../client/cache/informer.ts'
import { Client } from '../client/client.ts'
import { nodes } from '../client/resources.ts'
import type { Transport } from '../client/transport/transport.ts'
import { fakeHost } from './fake/fake-host.ts'
import { FakeRuntime } from './fake/fake-runtime.ts'
import { busyboxImage } from './images/builtin-images.ts'
import { nodeMirrors } from './images/node-mirrors.ts'
import { PullRecords } from './images/pull-records.ts'
import { followLocalVolumes } from './local-volumes/follow-local-volumes.ts'
import type { MachineFacts } from './machine/machine-facts.ts'
import { createNodeRuntime } from './node-runtime.ts'
import { noLinks } from './pod/pod-network.ts'
import type { NodeSupport } from './pod/pod-support.ts'
import { type NodeFacts, simulatedMark } from './registration/node-object.ts'
import { NodeRegistrar } from './registration/node-registrar.ts'
import { answerNodeRequest, type NodeRequestOptions } from './streams/node-requests.ts'
import type { PodWriter } from './worker/pod-node.ts'
import { podWriter } from './worker/pod-writer.ts'

export interface SimulatedNodeOptions {
  /** Needs the identity of the node, or one that may write nodes and pod status. */
  readonly transport: Transport
  readonly name: string
  readonly clock: Clock
  readonly log: Logger
  readonly random: () => number
  readonly cpus?: number
  readonly memoryBytes?: number
  /** Range of its pods' addresses, an IPv4 CIDR. Default: the podCIDR that the control plane assigns to its Node; pods wait for it. */
  readonly podRange?: string
  /** Of the cluster's own registry, as in image references. */
  readonly registryHosts?: readonly string[]
  /** Returns its runtime, which may have containers from before and stays open. Default: a new one, as after a start of the machine. */
  readonly runtimeFor?: (podRange: Promise<string>) => FakeRuntime
  /** Milliseconds that sandbox, pull and start take; default: those of a real node. */
  readonly delays?: { readonly sandbox?: number; readonly pull?: number; readonly start?: number }
  /** Called once the node is registered and accepts pods. `serve` answers requests of an API server in this process. */
  readonly onReady?: (node: { readonly requests: NodeRequestOptions }) => void
}

const simulatedPolicies = {
  enforced: false,
  reason: 'SimulatedNode',
  message: 'a simulated node carries no traffic: there is nothing to enforce',
} as const
/** Simulated too. */
const support: NodeSupport = { supplementalGroupsPolicy: true, appArmor: true, seLinux: false }
const simulatedDiskBytes = 100 * 2 ** 30
const simulatedEncryption = 'simulated'
const realistic = { sandbox: 130, pull: 800, start: 70 }

/** Runs until the signal; then the node reports NotReady and drops its pods. */
export async function runSimulatedNode(options: SimulatedNodeOptions, signal: AbortSignal): Promise<void> {
  const { transport, name, clock, log, random, delays = realistic } = options
  const client = new Client(transport)
  const given = Promise.withResolvers<string>()
  await using stack = new AsyncDisposableStack()
  const podRange = options.podRange === undefined ? given.promise : Promise.resolve(options.podRange)
  const runtime = options.runtimeFor?.(podRange) ?? stack.use(new FakeRuntime({ clock, delays, podRange }))
  runtime.addImage(busyboxImage)
  const { version, name: runtimeName } = await runtime.version()
  const node: NodeFacts = { name, facts: simulatedFacts(options), runtimeVersion: `${runtimeName}://${version}`, simulated: true, support }
  const registrar = new NodeRegistrar({
    client,
    node,
    health: async () => ({
      pressure: { memory: false, disk: false, pids: false },
      problems: [],
      images: await runtime.listImages(),
      policies: simulatedPolicies,
      volumes: { has: { bytes: simulatedDiskBytes, encryption: simulatedEncryption }, refused: [] },
    }),
    clock,
    log,
  })
  await registrar.register(signal)
  const { registryHosts = [] } = options
  // Nothing is pulled, so only images that the cluster's registry has from others concern it.
  const mirrors = registryHosts.length === 0 ? undefined : nodeMirrors({ client, clock, log, random })
  const nodeRuntime = createNodeRuntime({
    client,
    node,
    runtime,
    host: fakeHost,
    links: noLinks,
    writer: markingWriter(podWriter(client), clock),
    cluster: { servers: [], domain: 'cluster.local' },
    podsDirectory: '/simulated/pods',
    logsDirectory: '/simulated/logs',
    seccompFolder: '/simulated/seccomp',
    pullRecords: new PullRecords(),
    registryHosts,
    ...(mirrors === undefined ? {} : { mirrors }),
    clock,
    log,
    random,
  })
  options.onReady?.({
    requests: { runtime, worker: uid => nodeRuntime.workers.get(uid), workers: () => nodeRuntime.workers, nodeName: name, clock, log },
  })
  await Promise.all([
    nodeRuntime.run(signal),
    mirrors?.run(signal),
    registrar.run(signal),
    followSimulated(options, client, signal),
    reportRange(options, client, given.resolve, signal),
  ])
  await registrar.reportStopped().catch((err: unknown) => log.debug('the stop was not reported to the API server', { err }))
}

/** Its volumes have a size, and no content. */
const followSimulated = ({ name, clock, log, random }: SimulatedNodeOptions, client: Client, signal: AbortSignal): Promise<void> =>
  followLocalVolumes(
    {
      ...{ client, nodeName: name, clock, log, random },
      async apply({ metadata, spec }) {
        if (metadata.deletionTimestamp === undefined)
          return { phase: 'Ready', bytes: spec.bytes, encryption: spec.encryption === 'none' ? 'none' : simulatedEncryption }
        return metadata.finalizers?.includes(keyFinalizer) === true ? undefined : { phase: 'Removed' }
      },
    },
    signal,
  )

/** Follows the Node until the control plane has assigned it a podCIDR. */
async function reportRange(
  options: SimulatedNodeOptions,
  client: Client,
  tell: (range: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const { name, clock, log, random, podRange } = options
  if (podRange !== undefined) return
  const found = new AbortController()
  const node = new Informer({ client, resource: nodes, fieldSelector: `metadata.name=${name}`, clock, log, random })
  const look = ({ spec }: Node) => {
    if (spec?.podCIDR === undefined) return
    tell(spec.podCIDR)
    found.abort()
  }
  node.onChange({ add: look, update: look })
  await node.run(AbortSignal.any([signal, found.signal]))
}

/** Serves the tunnel's requests on a session of the caller, as a real node except for requests that need a process. */
export function serveNodeRequests(session: ServerHttp2Session, requests: NodeRequestOptions, signal: AbortSignal): void {
  session.on('stream', (stream, headers) => void answerNodeRequest(stream, headers, requests, signal))
}

/** Every status says that nothing really runs. */
function markingWriter(writer: PodWriter, clock: Clock): PodWriter {
  return {
    writeStatus(pod, status, last, signal) {
      const before = pod.status?.conditions?.find(({ type }) => type === simulatedMark)
      const mark = {
        type: simulatedMark,
        status: 'True',
        reason: 'SimulatedNode',
        message: 'no process runs: the node of this pod is simulated',
        lastProbeTime: null,
        lastTransitionTime: before?.lastTransitionTime ?? formatTime(clock.now()),
      }
      const conditions = [...(status.conditions ?? []).filter(({ type }) => type !== simulatedMark), mark]
      return writer.writeStatus(pod, { ...status, conditions }, last, signal)
    },
    remove: (pod, signal) => writer.remove(pod, signal),
  }
}

function simulatedFacts({ name, cpus = 4, memoryBytes = 16 * 2 ** 30 }: SimulatedNodeOptions): MachineFacts {
  return {
    hostname: name,
    addresses: ['192.0.2.1'],
    architecture: 'amd64',
    cpus,
    memoryBytes,
    diskBytes: simulatedDiskBytes,
    kernelVersion: 'simulated',
    osImage: 'Simulated',
    machineId: name,
    systemUuid: name,
    bootId: name,
    seLinux: false,
  }
}
