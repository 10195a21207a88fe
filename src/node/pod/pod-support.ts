// Which pods a node never starts because its system or its runtime lacks what they require. Reasons and messages are the kubelet's
// (pkg/kubelet/lifecycle/predicate.go, pkg/security/apparmor/validate.go). Pure.
import { nodeSystem, osLabel, systemOfPod } from '../../api/pods/operating-system.ts'
import type { Pod } from '../../api/types/core-v1.ts'
import { appArmorPrefix } from '../../api/validation/pod/pod-annotations.ts'
import type { Refusal } from './pod-admission.ts'
import { containersOf } from './pod-containers.ts'

/** Optional features of the node's kernel and container runtime. */
export interface NodeSupport {
  /** Whether the runtime can limit a container to exactly the groups of its pod (containerd 2.0 can). */
  readonly supplementalGroupsPolicy: boolean
  readonly appArmor: boolean
  /** The host enforces SELinux labels. The runtime gives containers none. */
  readonly seLinux: boolean
}

/** Why no container of the pod may ever start here; undefined if the node supports everything that it requires. */
export function unsupported(pod: Pod, support: NodeSupport): Refusal | undefined {
  const system = wrongSystem(pod)
  if (system !== undefined) return system
  if (pod.spec.securityContext?.supplementalGroupsPolicy === 'Strict' && !support.supplementalGroupsPolicy)
    return rejected('SupplementalGroupsPolicyNotSupported', 'SupplementalGroupsPolicy=Strict is not supported in this node')
  if (!support.appArmor && wantsAppArmor(pod)) return rejected('AppArmor', 'Cannot enforce AppArmor: AppArmor is not enabled on the host')
  // Without SELinux on the host a label has no meaning, as upstream.
  if (support.seLinux && wantsLabel(pod))
    return rejected(
      'SELinux',
      'Cannot give SELinux labels: spec.securityContext.seLinuxOptions is not supported on this node, whose host has SELinux',
    )
  return undefined
}

/** A pod of another operating system: its containers must not run here, even if an earlier agent started them. */
export function wrongSystem({ metadata, spec }: Pod): Refusal | undefined {
  // Upstream checks the pod's label here; its nodeSelector is checked by node affinity.
  if ((metadata.labels?.[osLabel] ?? nodeSystem) !== nodeSystem)
    return rejected('PodOSSelectorNodeLabelDoesNotMatch', "Failed to admit pod as the `kubernetes.io/os` label doesn't match node label")
  if ((systemOfPod(spec)?.name ?? nodeSystem) !== nodeSystem)
    return rejected('PodOSNotSupported', "Failed to admit pod as the OS field doesn't match node OS")
  return undefined
}

/** A pod without a profile accepts any host, as upstream; a profile other than Unconfined requires AppArmor. */
function wantsAppArmor(pod: Pod): boolean {
  const profiles = [pod.spec, ...containersOf(pod).map(({ spec }) => spec)].map(({ securityContext }) => securityContext?.appArmorProfile)
  if (profiles.some(profile => profile !== undefined && profile.type !== 'Unconfined')) return true
  return Object.entries(pod.metadata.annotations ?? {}).some(([key, value]) => key.startsWith(appArmorPrefix) && value !== 'unconfined')
}

function wantsLabel(pod: Pod): boolean {
  const contexts = [pod.spec, ...containersOf(pod).map(({ spec }) => spec)].map(({ securityContext }) => securityContext)
  return contexts.some(context => context?.seLinuxOptions !== undefined)
}

const rejected = (reason: string, message: string): Refusal => ({ reason, message: `Pod was rejected: ${message}` })
