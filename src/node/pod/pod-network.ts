// The pod network as the agent uses it: a CNI configuration that containerd executes. src/network implements it on a real node.
import type { RefusedConnection } from '../../api/nodes/node-protocol.ts'
import type { Pod } from '../../api/types/core-v1.ts'

export interface PodNetwork {
  /** Writes the CNI configuration for this range into the node's CNI folder, which containerd watches. Safe to call again. */
  configure(podCidr: string, signal: AbortSignal): Promise<void>
  /** The range that an earlier agent configured and did not clean up: its pods run on. */
  configuredRange(): Promise<string | undefined>
  /** Removes what the network made on the machine outside of pods: bridge, address state, rules. */
  cleanUp(signal: AbortSignal): Promise<void>
  readonly cniBinDirectory: string
}

/** Connects pods to the network under the network policies that select them. */
export interface PodLinks {
  /** Resolves when the rules for the pod at this address are in force, so that its containers may start. Safe and cheap to call again. */
  open(pod: Pod, address: string, signal: AbortSignal): Promise<void>
  /** The pod's sandbox is stopped. */
  close(uid: string): void
}

/** The PodLinks of a node, kept while its agent runs. */
export interface PolicyGuard extends PodLinks {
  /** Runs until the signal. `running` are the pods with a sandbox at the start. Rules in force stay in force afterwards. */
  run(podCidr: string, running: readonly { readonly uid: string; readonly address: string }[], signal: AbortSignal): Promise<void>
  /** Resolves when the rules are in force; rejects with the signal's reason. */
  inForce(signal: AbortSignal): Promise<void>
  /** Why policies are not in force on this node; undefined if they are. */
  problem(signal: AbortSignal): Promise<string | undefined>
  /** Connections that policies refused recently. */
  refused(): Promise<readonly RefusedConnection[]>
}

/** For a simulated node, whose pods send nothing. */
export const noLinks: PodLinks = { open: async () => undefined, close: () => undefined }

/** The range of a node without one from the control plane. */
export const defaultPodCidr = '10.244.0.0/24'
