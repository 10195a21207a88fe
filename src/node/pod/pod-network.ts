// What the agent needs of the pod network: a CNI configuration that containerd executes. src/network fulfils it on a real node.
import type { RefusedConnection } from '../../api/nodes/node-protocol.ts'
import type { Pod } from '../../api/types/core-v1.ts'

export interface PodNetwork {
  /** Writes the CNI configuration for this range into the node's CNI folder; containerd notices by itself. Safe to call again. */
  configure(podCidr: string, signal: AbortSignal): Promise<void>
  /** Removes what the network made on the machine outside of pods: bridge, address state, rules. */
  cleanUp(signal: AbortSignal): Promise<void>
  readonly cniBinDirectory: string
}

/** Lets pods into the network, each under the network policies that concern it. */
export interface PodLinks {
  /** Resolves when the rules for the pod at this address are in force; its containers may start then. Safe, and free of cost, to call again. */
  open(pod: Pod, address: string, signal: AbortSignal): Promise<void>
  /** The pod's sandbox is stopped. */
  close(uid: string): void
}

/** The PodLinks of a node, kept as long as its agent runs. */
export interface PolicyGuard extends PodLinks {
  /** Until the signal. `running` are the pods with a sandbox at the start. What is in force stays so afterwards. */
  run(podCidr: string, running: readonly { readonly uid: string; readonly address: string }[], signal: AbortSignal): Promise<void>
  /** Resolves when it has taken force; rejects with the signal's reason. */
  inForce(signal: AbortSignal): Promise<void>
  /** Why policies are not in force on this node; undefined where they are. */
  problem(signal: AbortSignal): Promise<string | undefined>
  /** Connections that policies refused lately. */
  refused(): Promise<readonly RefusedConnection[]>
}

/** Of a node whose pods are pretended, and send nothing. */
export const noLinks: PodLinks = { open: async () => undefined, close: () => undefined }

/** The range of a node that the control plane gave none. */
export const defaultPodCidr = '10.244.0.0/24'
