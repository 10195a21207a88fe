// All policies that come with the cluster. Names are unique.
import type { ValidatingSource } from '../policy/policy-kinds.ts'
import { broadBindings } from './broad-bindings.ts'
import { defaultAccountRights } from './default-account-rights.ts'
import { exemptPodExec } from './exempt-pod-exec.ts'
import { hostPathVolumes } from './host-path-volumes.ts'
import { imageTags } from './image-tags.ts'
import { nodePorts } from './node-ports.ts'
import { objectsOf, type ShippedPolicy } from './shipped-policy.ts'

export const shippedPolicies: readonly ShippedPolicy[] = [
  broadBindings,
  defaultAccountRights,
  exemptPodExec,
  hostPathVolumes,
  imageTags,
  nodePorts,
]

/** Those of the secure profile without the ones that the administrator has switched off. They never change while the server runs. */
export function shippedSource(profile: 'secure' | 'upstream', off: readonly string[] = []): ValidatingSource {
  const objects = profile === 'secure' ? shippedPolicies.filter(({ name }) => !off.includes(name)).map(objectsOf) : []
  const [policies, bindings] = [objects.map(({ policy }) => policy), objects.map(({ binding }) => binding)]
  return { policies: () => policies, bindings: () => bindings, onChange: () => undefined }
}
