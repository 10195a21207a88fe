// Starts one container: image, environment, mounts, create, start, postStart; each failure with upstream's reason, message and event.
import { join } from 'node:path'
import { parseImageReference } from '../../api/image-reference.ts'
import type { Pod, Secret } from '../../api/types/core-v1.ts'
import { containerConfig } from '../container/container-config.ts'
import { resolvConf } from '../container/dns-config.ts'
import { buildEnvironment, ContainerConfigError } from '../container/environment.ts'
import { hostsFile } from '../container/host-files.ts'
import type { RegistryAuth, SandboxConfig } from '../cri/messages.ts'
import { refusalOfImage, refusalOfPod, refusedReason } from '../images/admitted-image.ts'
import { ImageError } from '../images/image-puller.ts'
import { requirePullRight } from '../images/require-pull-right.ts'
import { fieldPath, type PodContainer, podUid } from '../pod/pod-containers.ts'
import { newestContainer, type PodState } from '../pod/pod-state.ts'
import { SubPathError } from '../volumes/sub-path.ts'
import { stopContainer } from './container-stop.ts'
import type { OwnContainers } from './own-containers.ts'
import type { PodNode, PodVolumeSet } from './pod-node.ts'

/** The container does not run: its waiting state, and when to retry. */
export class StartError extends Error {
  override readonly name = 'StartError'
  readonly reason: string
  readonly retryAfterMs: number | undefined
  constructor(reason: string, message: string, retryAfterMs?: number, options?: ErrorOptions) {
    super(message, options)
    this.reason = reason
    this.retryAfterMs = retryAfterMs
  }
}

export interface StartInput {
  readonly node: PodNode
  readonly pod: Pod
  readonly container: PodContainer
  readonly attempt: number
  /** From `requireStartable`. */
  readonly registryAuth: RegistryAuth | undefined
  readonly state: PodState
  readonly sandboxId: string
  readonly sandbox: SandboxConfig
  readonly volumes: PodVolumeSet
  readonly directory: string
  readonly own: Pick<OwnContainers, 'add'>
  /**
   * Not aborted by the pod's deletion, which aborts everything else: an interrupted start in the runtime leaves a container that seems to
   * have failed on its own.
   */
  readonly running: AbortSignal
}

/** Pause before the next try of a failed start that only time can fix. */
const retryMs = 10_000

/**
 * Rejects with a StartError while a policy refuses an image of the pod, or while the pod may not pull its image from the cluster's registry:
 * whatever is on the node already, nothing of it starts again. Called before anything else, because a refused start is no crash, and must not
 * look like one. Resolves with the pod's credential for that registry, if the image is of it.
 */
export async function requireStartable(
  node: Pick<PodNode, 'event' | 'registry'>,
  pod: Pod,
  container: PodContainer,
  signal: AbortSignal,
): Promise<RegistryAuth | undefined> {
  const fail = (reason: string, message: string, retryAfterMs: number | undefined): never => {
    node.event(pod, { path: fieldPath(container) }, 'Warning', 'Failed', `Error: ${message}`)
    throw new StartError(reason, message, retryAfterMs)
  }
  const refused = refusalOfPod(pod)
  if (refused !== undefined) return fail(refusedReason, refused, retryMs)
  try {
    return await requirePullRight(container.spec, reference => node.registry.pullRight(pod, reference, signal), signal)
  } catch (err) {
    if (err instanceof ImageError) return fail(err.reason, err.message, err.retryAfterMs)
    throw err
  }
}

function mirrorsFor({ registry }: Pick<PodNode, 'registry'>, image = ''): readonly RegistryAuth[] {
  const reference = parseImageReference(image)
  return reference === undefined ? [] : registry.mirrorAuths(reference)
}

/** Resolves when it runs and its postStart hook has finished; rejects with StartError. */
export async function startContainer(input: StartInput, signal: AbortSignal): Promise<void> {
  const { node, pod, container } = input
  const { runtime } = node
  const { spec } = container
  const event = (type: 'Normal' | 'Warning', reason: string, message: string) =>
    node.event(pod, { path: fieldPath(container) }, type, reason, message)
  const fail = (reason: string, err: unknown, retryAfterMs: number | undefined): never => {
    signal.throwIfAborted()
    const message = err instanceof Error ? err.message : String(err)
    event(
      'Warning',
      'Failed',
      `Error: ${reason === 'ErrImagePull' || reason === 'ImagePullBackOff' || reason === 'ErrImageNeverPull' || reason === 'InvalidImageName' ? reason : message}`,
    )
    throw new StartError(reason, message, retryAfterMs, { cause: err })
  }
  const image = await node.puller
    .ensure(
      {
        ...{ podUid: podUid(pod), container: spec, event },
        secrets: () => pullSecrets(node, pod, signal),
        own: input.registryAuth,
        mirrors: mirrorsFor(node, spec.image),
      },
      signal,
    )
    .catch((err: unknown) =>
      err instanceof ImageError ? fail(err.reason, err, err.retryAfterMs) : fail('ImageInspectError', err, retryMs),
    )

  const other = refusalOfImage(spec.image ?? '', image)
  if (other !== undefined) fail(refusedReason, new Error(other), retryMs)
  const config = await configure(input, image, signal).catch((err: unknown) =>
    fail(
      err instanceof ContainerConfigError || err instanceof SubPathError ? 'CreateContainerConfigError' : 'CreateContainerError',
      err,
      retryMs,
    ),
  )
  signal.throwIfAborted()
  const { running } = input
  const id = await runtime
    .createContainer(input.sandboxId, config, input.sandbox, running)
    .catch((err: unknown) => fail('CreateContainerError', err, retryMs))
  input.own.add(id)
  event('Normal', 'Created', `Created container: ${spec.name}`)
  signal.throwIfAborted()
  await runtime.startContainer(id, running).catch((err: unknown) => fail('RunContainerError', err, retryMs))
  event('Normal', 'Started', `Started container ${spec.name}`)

  const postStart = spec.lifecycle?.postStart
  if (!postStart) return
  const target = { container: spec, containerId: id, podIp: input.state.podIps[0] ?? '' }
  try {
    await node.host.hook(postStart, target, runtime, node.clock, signal)
  } catch (cause) {
    signal.throwIfAborted()
    const why = cause instanceof Error ? cause.message : String(cause)
    event('Warning', 'FailedPostStartHook', `PostStartHook failed`)
    const status = await runtime.containerStatus(id, signal)
    const grace = pod.spec.terminationGracePeriodSeconds ?? 30
    if (status) await stopContainer({ node, pod, podIp: target.podIp }, container, status, 'FailedPostStartHook', grace, signal)
    throw new StartError('PostStartHookError', why, retryMs, { cause })
  }
}

async function configure(input: StartInput, image: Parameters<typeof containerConfig>[0]['image'], signal: AbortSignal) {
  const { node, pod, container, attempt, state, volumes, directory } = input
  const { spec } = container
  const addresses = { podIps: podIps(input), hostIps: node.hostIps(), nodeName: node.name }
  const environment = await buildEnvironment({ pod, container: spec, objects: node.objects, addresses, node: node.allocatable() }, signal)
  const { hostname, dnsConfig } = input.sandbox
  const given = new Map([
    ['/etc/hosts', hostsFile(pod, state.podIps, node.cluster.domain, node.host.hosts)],
    ['/etc/hostname', `${hostname || node.host.hostname}\n`],
    ['/etc/resolv.conf', resolvConf(dnsConfig ?? node.host.resolver)],
  ])
  const mounts = await node.host.mounts({ pod, container: spec, attempt, directory, volumes, environment, given })
  const devices = await node.host.devices({ pod, container: spec, volumes })
  await node.host.makeLogDirectory(join(input.sandbox.logDirectory, spec.name))
  const target = targetId(spec, state)
  return containerConfig({
    pod,
    container: spec,
    attempt,
    image,
    environment,
    mounts,
    devices,
    nodeMemoryBytes: node.memoryBytes,
    unified: node.host.unified,
    seccompFolder: node.seccompFolder,
    ...(target === undefined ? {} : { targetId: target }),
  })
}

/** The container whose processes an ephemeral one shares; without it, it would silently see none. */
function targetId(spec: PodContainer['spec'], state: PodState): string | undefined {
  const name = 'targetContainerName' in spec ? spec.targetContainerName : undefined
  if (!name) return undefined
  const found = newestContainer(state, name)
  if (found === undefined) throw new ContainerConfigError(`unable to find target container "${name}"`)
  return found.id
}

function podIps({ pod, state, node }: Pick<StartInput, 'pod' | 'state' | 'node'>): readonly string[] {
  return pod.spec.hostNetwork ? node.hostIps() : state.podIps
}

/** A missing Secret is skipped, as upstream: the pull then reports the registry's error. */
async function pullSecrets(node: PodNode, pod: Pod, signal: AbortSignal): Promise<Secret[]> {
  const found: Secret[] = []
  for (const { name } of pod.spec.imagePullSecrets ?? []) {
    const secret = name ? await node.objects.secret(pod.metadata.namespace ?? '', name, signal) : undefined
    if (secret) found.push(secret)
    else
      node.event(
        pod,
        undefined,
        'Warning',
        'FailedToRetrieveImagePullSecret',
        `Unable to retrieve some image pull secrets (${name}); attempting to pull the image may not succeed.`,
      )
  }
  return found
}
