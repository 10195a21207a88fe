// The sandbox of a pod: creates it, connects it to the network, and stops it.
import type { Pod } from '../../api/types/core-v1.ts'
import { pause } from '../../base/clock.ts'
import { sandboxConfig } from '../container/container-config.ts'
import { podResolver } from '../container/dns-config.ts'
import type { SandboxConfig } from '../cri/messages.ts'
import { podUid } from '../pod/pod-containers.ts'
import { networkPolicyCondition } from '../registration/node-object.ts'
import type { PodNode } from './pod-node.ts'

/** Loading rules takes a tenth of a second. */
const lateMs = 3000

export interface SandboxOf {
  readonly node: PodNode
  readonly pod: Pod
  readonly logDirectory: string
}

export async function podSandboxConfig({ node, pod, logDirectory }: SandboxOf, attempt: number): Promise<SandboxConfig> {
  const { host, cluster } = node
  const cgroupParent = await host.prepareCgroup(pod)
  const resolver = podResolver(pod, host.resolver, cluster)
  return sandboxConfig({ pod, attempt, cgroupParent, logDirectory, clusterDomain: cluster.domain, resolver })
}

/** Resolves with whether it was created; if not, an event has the reason. Rejects with the signal's reason. */
export async function createSandbox({ node, pod, logDirectory }: SandboxOf, config: SandboxConfig, signal: AbortSignal): Promise<boolean> {
  try {
    if (pod.spec.hostUsers === false && !node.userNamespaces) {
      throw new Error('this node does not support user namespaces, which spec.hostUsers: false asks for')
    }
    await node.host.makeLogDirectory(logDirectory)
    const { runtimeClassName } = pod.spec
    const handler = runtimeClassName === undefined ? '' : await node.runtimeHandler(runtimeClassName, signal)
    await node.runtime.runSandbox(config, handler, signal)
    return true
  } catch (err) {
    signal.throwIfAborted()
    node.event(pod, undefined, 'Warning', 'FailedCreatePodSandBox', `Failed to create pod sandbox: ${textOf(err)}`)
    return false
  }
}

/**
 * Called before the first container: from its first packet on, a pod sends and receives only what its policies allow. Resolves with whether
 * it may start; if not, an event has the reason. Rejects with the signal's reason.
 */
export async function joinNetwork(node: PodNode, pod: Pod, address: string | undefined, signal: AbortSignal): Promise<boolean> {
  if (pod.spec.hostNetwork === true || address === undefined) return true
  const opened = new AbortController()
  const reporting = reportIfLate(node, pod, AbortSignal.any([signal, opened.signal]))
  try {
    await node.links.open(pod, address, signal)
    return true
  } catch (err) {
    signal.throwIfAborted()
    node.event(pod, undefined, 'Warning', 'NetworkNotReady', `network policies are not in force for the pod: ${textOf(err)}`)
    return false
  } finally {
    opened.abort()
    await reporting
  }
}

/** Retries until the kernel accepts the rules. The event explains why the pod waits. */
async function reportIfLate(node: PodNode, pod: Pod, signal: AbortSignal): Promise<void> {
  await pause(node.clock, lateMs, signal)
  if (signal.aborted) return
  const message = `the pod's containers wait until its network policies are in force; condition ${networkPolicyCondition} of node "${node.name}" says why they are not`
  node.event(pod, undefined, 'Warning', 'NetworkNotReady', message)
}

/** Rules are removed after the network, so that they apply to the last packet too. */
export async function stopSandbox(node: PodNode, pod: Pod, id: string, signal: AbortSignal): Promise<void> {
  await node.runtime.stopSandbox(id, signal)
  node.links.close(podUid(pod))
}

const textOf = (err: unknown): string => (err instanceof Error ? err.message : String(err))
