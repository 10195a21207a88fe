// Composes a node above a runtime: the same for a real and a simulated one.
import type { Pod } from '../api/types/core-v1.ts'
import { BackOff } from '../base/async/back-off.ts'
import { type Clock, pause } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import { Informer } from '../client/cache/informer.ts'
import type { Client } from '../client/client.ts'
import { EventRecorder, referenceTo } from '../client/event-recorder.ts'
import { pods, runtimeClasses, services } from '../client/resources.ts'
import type { ClusterDns } from './container/dns-config.ts'
import type { ContainerRuntime } from './cri/runtime.ts'
import { clusterRegistry, type NodeMirrors } from './images/cluster-registry.ts'
import { ImagePuller } from './images/image-puller.ts'
import type { PullRecords } from './images/pull-records.ts'
import type { Pressure } from './machine/machine-facts.ts'
import type { PodLinks } from './pod/pod-network.ts'
import { allocatable, type NodeFacts } from './registration/node-object.ts'
import { claimSource } from './volumes/claim-volume.ts'
import { NodeAdmission } from './worker/node-admission.ts'
import { ObjectWatch } from './worker/object-watch.ts'
import type { PodHost, PodNode, PodWriter } from './worker/pod-node.ts'
import { PodTokens } from './worker/pod-tokens.ts'
import type { PodWorker } from './worker/pod-worker.ts'
import { PodWorkers } from './worker/pod-workers.ts'

export interface NodeRuntimeOptions {
  readonly client: Client
  readonly node: NodeFacts
  readonly runtime: ContainerRuntime
  readonly host: PodHost
  readonly links: PodLinks
  readonly writer: PodWriter
  readonly cluster: ClusterDns
  readonly podsDirectory: string
  readonly logsDirectory: string
  readonly seccompFolder: string
  readonly pullRecords: PullRecords
  /** Of the cluster's own registry, as in image references. Default: there is none. */
  readonly registryHosts?: readonly string[]
  /** Mirrors of other registries. Default: there are none. */
  readonly mirrors?: NodeMirrors
  readonly pressure?: () => Pressure
  readonly clock: Clock
  readonly log: Logger
  readonly random: () => number
  /** Runs every ten seconds; must reject only with the signal's reason. */
  readonly housekeeping?: (workers: readonly PodWorker[], event: PodNode['event'], signal: AbortSignal) => Promise<void>
}

export interface NodeRuntime {
  readonly workers: PodWorkers
  /** Events about the Node itself. */
  readonly nodeEvent: (type: 'Normal' | 'Warning', reason: string, message: string) => void
  /** Resolves when the signal has stopped it; all pods are left as they are. */
  run(signal: AbortSignal): Promise<void>
}

const housekeepingMs = 10_000

export function createNodeRuntime(options: NodeRuntimeOptions): NodeRuntime {
  const { client, node, runtime, clock, log, random } = options
  const podInformer = new Informer<Pod>({ client, resource: pods, fieldSelector: `spec.nodeName=${node.name}`, clock, log, random })
  const serviceInformer = new Informer({ client, resource: services, clock, log, random })
  const objects = new ObjectWatch({ client, services: serviceInformer, clock, log, random, changed: namespace => workers.wake(namespace) })
  const recorder = new EventRecorder({ client, component: 'kubelet', host: node.name, clock, log, random })
  const tokens = new PodTokens(client, clock)
  const admission = new NodeAdmission({
    client,
    nodeName: node.name,
    support: node.support,
    residents: () => workers,
    ...(options.pressure ? { pressure: options.pressure } : {}),
  })
  const podNode: PodNode = {
    refusal: (pod, signal) => admission.refusal(pod, signal),
    runtimeHandler: async (className, signal) => (await client.get(runtimeClasses, '', className, signal)).handler,
    given: pod => admission.given(pod),
    resizeRefusal: (pod, signal) => admission.resizeRefusal(pod, signal),
    name: node.name,
    runtime,
    clock,
    log,
    random,
    writer: options.writer,
    objects,
    tokens,
    claims: claimSource(client, node.name),
    puller: new ImagePuller(runtime, options.pullRecords, clock),
    registry: clusterRegistry({
      hosts: options.registryHosts ?? [],
      tokens,
      client,
      ...(options.mirrors === undefined ? {} : { mirrors: options.mirrors }),
    }),
    crashes: new BackOff(),
    host: options.host,
    links: options.links,
    cluster: options.cluster,
    hostIps: () => node.facts.addresses,
    allocatable: () => allocatable(node),
    memoryBytes: node.facts.memoryBytes,
    userNamespaces: node.simulated,
    podsDirectory: options.podsDirectory,
    logsDirectory: options.logsDirectory,
    seccompFolder: options.seccompFolder,
    event(pod, container, type, reason, message, annotations) {
      const reference = referenceTo(pod, 'v1', 'Pod')
      recorder.record(container ? { ...reference, fieldPath: container.path } : reference, type, reason, message, annotations)
    },
  }
  const workers = new PodWorkers(podNode)
  return {
    workers,
    // The kubelet also refers to its Node by name instead of uid.
    nodeEvent: (type, reason, message) => recorder.record({ kind: 'Node', name: node.name, uid: node.name }, type, reason, message),
    async run(signal) {
      const keep = async () => {
        while (!signal.aborted) {
          await pause(clock, housekeepingMs, signal)
          await objects.keep([...workers].map(({ pod }) => pod))
          tokens.keep(new Set([...workers].map(({ uid }) => uid)))
          await options.housekeeping?.([...workers], podNode.event, signal)
        }
      }
      await Promise.all([
        podInformer.run(signal),
        serviceInformer.run(signal),
        workers.run(podInformer, serviceInformer, signal),
        keep(),
      ]).catch((err: unknown) => {
        if (!signal.aborted) throw err
      })
      await objects[Symbol.asyncDispose]()
      await recorder[Symbol.asyncDispose]()
    },
  }
}
