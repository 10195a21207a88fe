// What the agent needs of the pod network: a CNI configuration that containerd executes. src/network fulfils it on a real node.

export interface PodNetwork {
  /** Writes the CNI configuration for this range into the node's CNI folder; containerd notices by itself. Safe to call again. */
  configure(podCidr: string, signal: AbortSignal): Promise<void>
  /** Removes what the network made on the machine outside of pods: bridge, address state, rules. */
  cleanUp(signal: AbortSignal): Promise<void>
  readonly cniBinDirectory: string
}

/** The range of a node that the control plane gave none. */
export const defaultPodCidr = '10.244.0.0/24'
