// The node agent: joins the cluster, starts its own containerd, runs the pods that are bound to it, and serves the API server's tunnel.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../base/clock.ts'
import type { Secret } from '../base/config/secret.ts'
import type { Logger } from '../base/log.ts'
import { Client } from '../client/client.ts'
import { ComponentWatch } from '../supply-chain/components/component-watch.ts'
import type { ClusterDns } from './container/dns-config.ts'
import { defaultRotation } from './container/log-rotation.ts'
import { LogRotator, type RunningLog } from './container/log-rotator.ts'
import { quietOutages } from './cri/outage-log.ts'
import type { ContainerRuntime } from './cri/runtime.ts'
import { type NodeCsi, openNodeCsi } from './csi/node-csi.ts'
import { diskFacts, fileSystemFacts } from './eviction/disk-facts.ts'
import { DiskPressure } from './eviction/disk-pressure.ts'
import { diskUsage } from './eviction/disk-usage.ts'
import { Evictor } from './eviction/evictor.ts'
import { ImageCollector } from './eviction/image-collector.ts'
import { ResourceEvictor } from './eviction/resource-evictor.ts'
import { ResourcePressure } from './eviction/resource-pressure.ts'
import { thresholdsWith } from './eviction/thresholds.ts'
import { builtinImages } from './images/builtin-images.ts'
import { importImage } from './images/import-image.ts'
import { nodeMirrors } from './images/node-mirrors.ts'
import { PullRecords } from './images/pull-records.ts'
import { LocalStorage } from './local-volumes/node-volumes.ts'
import { detectCgroups } from './machine/cgroups.ts'
import { cleanUp, hasContainers, removeAllPods } from './machine/clean-up.ts'
import { type Containerd, startContainerd } from './machine/containerd.ts'
import { appArmorEnabled, machineFacts } from './machine/machine-facts.ts'
import { unmountBelow } from './machine/mount-table.ts'
import { nodeComponents } from './machine/node-components.ts'
import { type NodeDirectory, nodeDirectory } from './machine/node-directory.ts'
import { type RegistryEndpoint, writeRegistryHosts } from './machine/registry-hosts.ts'
import { machineHost } from './machine-host.ts'
import { NodeSupply } from './node-capacity.ts'
import { nodeHealth } from './node-health.ts'
import { createNodeRuntime } from './node-runtime.ts'
import { defaultPodCidr, type PodNetwork, type PolicyGuard } from './pod/pod-network.ts'
import { followServers, knownServers } from './registration/follow-servers.ts'
import { StoredIdentity } from './registration/node-identity.ts'
import { allocatable, type NodeFacts } from './registration/node-object.ts'
import { NodeRegistrar } from './registration/node-registrar.ts'
import { runTunnels } from './streams/tunnels.ts'
import { machineTotals, UsageSampler } from './usage/usage-sampler.ts'
import { openNodeWitness } from './witness/node-witness.ts'
import type { PodNode } from './worker/pod-node.ts'
import type { PodWorker } from './worker/pod-worker.ts'
import { podWriter } from './worker/pod-writer.ts'
import { RefusedReports } from './worker/refusal-events.ts'

export interface NodeAgentOptions {
  /** The node's own folder: `<data directory>/node`. */
  readonly directory: string
  readonly nodeName: string
  /** `https://host:port` of the API server. */
  readonly server: string
  /** PEM of the CA of the server's certificate. */
  readonly ca: string
  readonly serverName?: string
  /** Needed only when the node has no valid certificate of its own. */
  readonly ticket?: Secret
  readonly network: (directory: NodeDirectory) => PodNetwork
  readonly policies: (client: Client) => PolicyGuard
  readonly cluster: ClusterDns
  /** Why the kernel does not hold the rules of Services; undefined if it does. */
  readonly serviceProblem: (signal: AbortSignal) => Promise<string | undefined>
  /** Whether Services get their addresses from that range. */
  readonly isServiceAddress: (address: string) => boolean
  /** What other nodes need to reach this one's pods; undefined if the machine has no WireGuard. */
  readonly link: (directory: NodeDirectory) => Promise<NodeFacts['link']>
  /** Why pods of this node cannot reach those of others; undefined if they can. */
  readonly linkProblem: () => string | undefined
  readonly labels?: Readonly<Record<string, string>>
  /** Thresholds of disk space and inodes, as shares from 0 to 1 by signal; default: upstream's. */
  readonly evictionHard?: Readonly<Record<string, number>>
  /** The cluster's own registry, if it has one. */
  readonly registry?: RegistryEndpoint
  readonly clock: Clock
  readonly log: Logger
  /** In [0, 1). */
  readonly random: () => number
  /** Called once the node is registered and accepts pods. */
  readonly onReady?: (node: { readonly socket: string; readonly client: Client; readonly podCidr: string }) => void
}

/**
 * Runs until the signal. Then it stops all containers and removes everything that it made on the machine, except images, certificates and
 * persistent volumes. After a kill -9, the next run adopts the running containers. Rejects with one sentence if the node cannot start or
 * continue: containerd missing, no ticket and no certificate, ticket refused, disk full. Running containers are then left to the next run.
 */
export async function runNodeAgent(options: NodeAgentOptions, signal: AbortSignal): Promise<void> {
  const { clock, random, nodeName } = options
  const log = quietOutages(options.log, clock)
  const directory = nodeDirectory(options.directory)
  const network = options.network(directory)
  // Images and facts need neither the cluster nor each other, so the start takes as long as its longest part.
  const starting = startContainerd({ directory, cniBinDirectory: network.cniBinDirectory, log, clock }, signal)
  starting.catch(() => undefined)
  let containerd: Containerd | undefined
  let storage: LocalStorage | undefined
  let csi: NodeCsi | undefined
  const work = new AbortController()
  const working = AbortSignal.any([signal, work.signal])
  const stop = async () => {
    work.abort()
    await stopNode(directory, containerd ?? (await starting.catch(() => undefined)), { storage, csi }, network, clock, log)
  }
  const leave = async () => {
    work.abort()
    await (containerd ?? (await starting.catch(() => undefined)))?.[Symbol.asyncDispose]()
  }
  try {
    const servers = await knownServers(options.server, directory.pki)
    await using identity = await StoredIdentity.open({ ...options, servers, pki: directory.pki, userAgent: 'bulkhead-node' }, signal)
    containerd = await starting
    const { runtime } = containerd
    await importBuiltinImages(directory, containerd, log, signal)
    const client = new Client(identity.transport)
    const localStorage = new LocalStorage({ directory, nodeName, client, identity: () => identity.current, clock, log, random })
    storage = localStorage
    const { volumes } = localStorage
    await using nodeCsi = await openNodeCsi({ directory, client, nodeName, clock, log, random })
    csi = nodeCsi
    const witness = await openNodeWitness({ folder: directory.witness, nodeName, clock, log })
    const mirrors = nodeMirrors({ client, clock, log, random }, async followed => {
      const own = options.registry
      for (const registry of await writeRegistryHosts(directory.registryConfig, { own, mirrored: followed.all() }))
        log.error('a folder that an administrator made counts instead of the mirrors', { registry, folder: directory.registryConfig })
    })
    const [facts, appArmor, version, runtimeStatus, host, link] = await Promise.all([
      machineFacts(directory.root),
      appArmorEnabled(),
      runtime.version(signal),
      runtime.status(signal),
      machineHost(directory, { local: volumes, csi: nodeCsi }, clock),
      options.link(directory),
    ])
    const node: NodeFacts = {
      name: nodeName,
      facts,
      runtimeVersion: `${version.name}://${version.version}`,
      simulated: false,
      support: { supplementalGroupsPolicy: runtimeStatus.supplementalGroupsPolicy, appArmor, seLinux: facts.seLinux },
      ...(options.labels ? { labels: options.labels } : {}),
      ...(link === undefined ? {} : { link }),
      ...(witness === undefined ? {} : { witnessKey: witness.key }),
    }
    const guard = options.policies(client)
    const reports = new RefusedReports(options.isServiceAddress)
    const pressure = new DiskPressure({
      facts: () => diskFacts(directory),
      thresholds: thresholdsWith(options.evictionHard ?? {}),
      clock,
      log,
    })
    const supply = new NodeSupply(directory, await detectCgroups(), allocatable({ facts }).memoryBytes)
    const shortage = new ResourcePressure({ facts: () => supply.facts(), clock, log })
    // A node whose disk is full reports that first, before pods arrive.
    await Promise.all([pressure.look(), shortage.look()])
    const components = new ComponentWatch(nodeComponents({ directory, cniBinDirectory: network.cniBinDirectory, clock, log }))
    const registrar = new NodeRegistrar({
      client,
      node,
      health: async until => ({
        ...(await nodeHealth({ ...options, runtime, disk: pressure, rest: shortage, guard, storage: localStorage }, until)),
        runtime: { components: components.recorded, drift: components.drift },
      }),
      clock,
      log,
    })
    // The network starts first: a node reports Ready only when its pods can have addresses.
    // Pods that an earlier agent left keep their range, also while the API does not answer.
    const earlierRange = (await network.configuredRange()) ?? defaultPodCidr
    await network.configure(earlierRange, signal)
    await registrar.register(signal)
    const podCidr = (await registrar.podRange(signal)) ?? earlierRange
    if (podCidr !== earlierRange) await network.configure(podCidr, signal)
    // The node's own configuration is written now: from here on, only somebody else changes it.
    components.holdRecorded(registrar.current?.metadata.annotations ?? {})
    const componentsKnown = components.look()
    componentsKnown.catch(() => undefined)
    const pullRecords = await PullRecords.open(directory.pullRecords, await runtime.listImages(signal))
    const nodeRuntime = createNodeRuntime({
      client,
      node,
      runtime,
      host,
      links: guard,
      writer: podWriter(client),
      cluster: options.cluster,
      podsDirectory: directory.pods,
      logsDirectory: directory.logs,
      seccompFolder: directory.seccomp,
      pullRecords,
      registryHosts: options.registry?.hosts ?? [],
      mirrors,
      pressure: () => ({ memory: shortage.isUnder('memory'), pids: shortage.isUnder('pids'), disk: pressure.isUnder }),
      clock,
      log,
      random,
      housekeeping: async (workers, event) => {
        await reportRefused(workers, guard, reports, event, clock, log)
      },
    })
    const evictor = new Evictor({
      pressure,
      pods: () => nodeRuntime.workers,
      runtime,
      images: new ImageCollector({ runtime, isPulled: image => pullRecords.wasPulled(image), clock, log }),
      podsDirectory: directory.pods,
      usage: diskUsage,
      nodeEvent: nodeRuntime.nodeEvent,
      clock,
      log,
    })
    const resourceEvictor = new ResourceEvictor({
      pressure: shortage,
      pods: () => nodeRuntime.workers,
      usage: pod => supply.usageOf(pod),
      enforce: () => supply.enforce(),
      nodeEvent: nodeRuntime.nodeEvent,
      clock,
      log,
    })
    const rotator = new LogRotator({
      logs: () => runningLogs(nodeRuntime.workers),
      reopen: (id, until) => runtime.reopenContainerLog(id, until),
      freeBytes: async () => (await fileSystemFacts(directory.root)).availableBytes,
      limits: defaultRotation,
      clock,
      log,
    })
    const usage = new UsageSampler({ runtime, machine: machineTotals, clock, log })
    const tunnels = runTunnels(
      {
        servers,
        ca: options.ca,
        ...(options.serverName === undefined ? {} : { serverName: options.serverName }),
        identity,
        nodeName,
        requests: {
          runtime,
          worker: uid => nodeRuntime.workers.get(uid),
          workers: () => nodeRuntime.workers,
          clock,
          log,
          streamingCertificate: containerd.streamingCertificate,
          refused: () => guard.refused(),
          usage,
          csi: nodeCsi.forwarded,
          ...(witness === undefined ? {} : { witness }),
          volumes: async () => [...nodeCsi.volumes.stats.values(), ...(await volumes.room())],
          nodeName,
        },
        clock,
        log,
        random,
      },
      working,
    )
    options.onReady?.({ socket: containerd.socket, client, podCidr })
    const parts = [
      guard.run(podCidr, await runningPods(runtime, signal), working),
      nodeRuntime.run(working),
      localStorage.run(working),
      nodeCsi.run(
        working,
        () => nodeRuntime.workers.wake(),
        () => registrar.current?.metadata.uid,
      ),
      mirrors.run(working),
      usage.run(working),
      rotator.run(working),
      evictor.run(working),
      resourceEvictor.run(working),
      tunnels,
      followServers({ client, servers, folder: directory.pki, clock, log }, working),
      registrar.run(working),
      reportPolicies(guard, registrar, log, working),
      watchComponents(components, componentsKnown, registrar, log, working),
      identity.keepRenewed(working),
    ]
    try {
      await Promise.all(parts)
    } finally {
      work.abort()
      await Promise.allSettled(parts)
      await registrar.reportStopped().catch((err: unknown) => log.info('the stop was not reported to the API server', { err }))
    }
  } catch (err) {
    // Whatever stopped the agent is no fault of the containers, which run on without it.
    const end = !signal.aborted && (await hasContainers(directory)) ? leave : stop
    // The reason for stopping matters more than an error during the stop.
    await end().catch((stopErr: unknown) => log.error('node not cleaned up', { err: stopErr }))
    throw err
  }
  await stop()
}

async function importBuiltinImages(
  directory: NodeDirectory,
  { runtime, socket }: Containerd,
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  for (const image of await builtinImages(signal)) {
    const present = await runtime.imageStatus(image.name, signal)
    if (present?.id === image.id) continue
    const file = join(directory.containerdState, 'import.tar')
    await writeFile(file, image.archive, { mode: 0o600 })
    await importImage(file, { socket, isOwn: true }, signal)
    log.info('image put on the node', { image: image.name })
  }
}

/** Pods with their own addresses that an earlier agent left running. */
async function runningPods(runtime: ContainerRuntime, signal: AbortSignal): Promise<{ uid: string; address: string }[]> {
  const ready = (await runtime.listSandboxes({}, signal)).filter(({ state }) => state === 'SANDBOX_READY')
  const statuses = await Promise.all(ready.map(({ id }) => runtime.sandboxStatus(id, signal)))
  return statuses.flatMap((status, index) => {
    const [uid, address] = [ready[index]?.metadata.uid, status?.network?.ip]
    return uid && address ? [{ uid, address }] : []
  })
}

async function reportRefused(
  workers: readonly PodWorker[],
  guard: PolicyGuard,
  reports: RefusedReports,
  event: PodNode['event'],
  clock: Clock,
  log: Logger,
): Promise<void> {
  try {
    const pods = workers.filter(({ pod }) => pod.spec.hostNetwork !== true).map(({ pod, state }) => ({ pod, addresses: state.podIps }))
    for (const { pod, message } of reports.take(await guard.refused(), pods, clock.now()))
      event(pod, undefined, 'Warning', 'ConnectionRefused', message)
  } catch (err) {
    log.info('refused connections are not known', { err })
  }
}

/** Reports what the node runs, and later changes. */
async function watchComponents(
  components: ComponentWatch,
  known: Promise<void>,
  registrar: NodeRegistrar,
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  try {
    await known
    await registrar.reportNow(signal)
  } catch (err) {
    if (!signal.aborted) log.error('components not reported', { err })
  }
  await components.run(signal, () => registrar.reportNow(signal))
}

/** Reports that policies are in force as soon as they are. */
async function reportPolicies(guard: PolicyGuard, registrar: NodeRegistrar, log: Logger, signal: AbortSignal): Promise<void> {
  try {
    await guard.inForce(signal)
    await registrar.reportNow(signal)
  } catch (err) {
    // The next turn reports it.
    if (!signal.aborted) log.error('node not reported', { err })
  }
}

function* runningLogs(workers: Iterable<PodWorker>): Generator<RunningLog> {
  for (const worker of workers)
    for (const [newest] of worker.state.containers.values())
      if (newest?.state === 'CONTAINER_RUNNING') yield { containerId: newest.id, path: newest.logPath }
}

/** Has its own time limit: the agent's signal is already aborted, and whatever hangs is removed by force afterwards. */
async function stopNode(
  directory: NodeDirectory,
  containerd: Containerd | undefined,
  { storage, csi }: { readonly storage: LocalStorage | undefined; readonly csi: NodeCsi | undefined },
  network: PodNetwork,
  clock: Clock,
  log: Logger,
): Promise<void> {
  const limit = AbortSignal.timeout(60_000)
  if (containerd) {
    await removeAllPods(containerd.runtime, log, AbortSignal.timeout(30_000)).catch((err: unknown) =>
      log.error('pods not stopped in order', { err }),
    )
    await containerd[Symbol.asyncDispose]()
  }
  await csi?.closeAll().catch((err: unknown) => log.error('CSI volumes not unmounted', { err }))
  await unmountBelow(directory.pods)
  await storage?.volumes.closeAll().catch((err: unknown) => log.error('volumes not unmounted', { err }))
  await cleanUp(directory, clock, limit)
  await network.cleanUp(limit)
}
