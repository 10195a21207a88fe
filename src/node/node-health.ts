// What the node reports of itself: pressure, runtime, policies, Services, links and volumes.
import { messageOf } from '../base/user-error.ts'
import type { ContainerRuntime } from './cri/runtime.ts'
import type { DiskPressure } from './eviction/disk-pressure.ts'
import type { ResourcePressure } from './eviction/resource-pressure.ts'
import type { LocalStorage } from './local-volumes/node-volumes.ts'
import type { PolicyGuard } from './pod/pod-network.ts'
import type { NodeHealth, PolicyHealth } from './registration/node-object.ts'

export interface NodeHealthSources {
  /** Why the kernel does not hold the rules of Services; undefined if it does. */
  readonly serviceProblem: (signal: AbortSignal) => Promise<string | undefined>
  /** Why pods of this node cannot reach those of others; undefined if they can. */
  readonly linkProblem: () => string | undefined
  readonly runtime: ContainerRuntime
  readonly disk: DiskPressure
  readonly rest: ResourcePressure
  readonly guard: PolicyGuard
  readonly storage: LocalStorage
}

async function policyHealth(guard: PolicyGuard, signal: AbortSignal): Promise<PolicyHealth> {
  const message = await guard.problem(signal)
  return message === undefined ? { enforced: true } : { enforced: false, reason: 'RulesMissing', message }
}

export async function nodeHealth(sources: NodeHealthSources, signal: AbortSignal): Promise<NodeHealth> {
  const { serviceProblem, linkProblem, runtime, disk, rest, guard, storage } = sources
  const volumes = await storage.health()
  const policies = await policyHealth(guard, signal)
  const services = { problem: await serviceProblem(signal) }
  const links = { problem: linkProblem() }
  const pressure = { memory: rest.isUnder('memory'), pids: rest.isUnder('pids'), disk: disk.isUnder }
  try {
    const [{ conditions }, images] = await Promise.all([runtime.status(signal), runtime.listImages(signal)])
    const problems = conditions
      .filter(({ type, status }) => !status && (type === 'RuntimeReady' || type === 'NetworkReady'))
      .map(({ type, reason, message }) => `container runtime network not ready: ${type}=false reason:${reason} message:${message}`)
    return { pressure, problems, images, policies, services, links, volumes }
  } catch (err) {
    signal.throwIfAborted()
    const problems = [`container runtime is down: ${messageOf(err)}`]
    return { pressure, problems, images: [], policies, services, links, volumes }
  }
}
