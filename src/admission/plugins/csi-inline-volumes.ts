// An inline volume of a CSI driver is made by anyone who may create a pod. An administrator says by a label of the CSIDriver in which namespaces that is harmless.
// OpenShift's plug-in storage.openshift.io/CSIInlineVolumeSecurity is the model; Kubernetes has none.

import { forbidden } from '../../api/status.ts'
import type { StoreReader } from '../../api/store-view.ts'
import type { Pod } from '../../api/types/core-v1.ts'
import { type AdmissionRequest, admitted, type Verdict } from '../admission.ts'
import type { PluginDefinition, PluginSteps } from '../plugin-definition.ts'
import { namespaceDefaults, type PodSecurityConfiguration } from '../pod-security/configuration.ts'
import { isLevel, levels, policyOf, strictness } from '../pod-security/policy.ts'

/** Of a CSIDriver: the strictest level of Pod Security under which pods may have its inline volumes. */
export const inlineProfileLabel = 'security.kubernetes.io/csi-ephemeral-volume-profile'

export interface CsiInlineVolumesOptions {
  readonly reader: StoreReader
  readonly profile: 'secure' | 'upstream'
  readonly configuration?: { readonly podSecurity?: PodSecurityConfiguration } | undefined
}

export const csiInlineVolumes: PluginDefinition<CsiInlineVolumesOptions> = {
  name: 'CSIInlineVolumes',
  does: 'Refuses inline volumes of a CSIDriver whose label security.kubernetes.io/csi-ephemeral-volume-profile is less strict than the namespace',
  on: 'always',
  guard: 'every author of pods uses inline volumes of drivers that are meant for privileged namespaces',
  handles: [{ operations: ['CREATE'], resources: ['pods'] }],
  create,
}

function create({ reader, profile, configuration }: CsiInlineVolumesOptions): PluginSteps {
  const { defaults } = namespaceDefaults(profile, configuration?.podSecurity)
  return {
    handles: ({ subresource }) => subresource === '',
    async validate(request) {
      const { namespace } = request
      const { level } = policyOf(reader.get('namespaces', '', namespace)?.metadata.labels, defaults).policy.enforce
      for (const driver of inlineDrivers(request)) {
        const label = reader.get('csidrivers.storage.k8s.io', '', driver)?.metadata.labels?.[inlineProfileLabel]
        if (label === undefined) continue
        if (!isLevel(label))
          return refused(request, `the label ${inlineProfileLabel} of CSIDriver "${driver}" must be ${levels.join(', ')}, got "${label}"`)
        if (strictness(level) > strictness(label))
          return refused(
            request,
            `inline volumes of CSIDriver "${driver}" are for namespaces that enforce the Pod Security level "${label}" or less, and namespace "${namespace}" enforces "${level}"`,
          )
      }
      return admitted
    },
  }
}

function refused({ resource, name }: AdmissionRequest, why: string): Verdict {
  return { allowed: false, error: forbidden(resource, name, why) }
}

/** Only at creation: a pod's volumes are immutable. */
function inlineDrivers({ object }: AdmissionRequest): ReadonlySet<string> {
  const pod = object as Pod | undefined
  return new Set((pod?.spec.volumes ?? []).flatMap(({ csi }) => csi?.driver ?? []))
}
