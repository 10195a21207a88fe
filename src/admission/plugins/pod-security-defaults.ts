// Sets fields that the level `restricted` requires and a pod or template leaves unset. It runs after all other mutations, so that changes
// by webhooks are covered too; PodSecurity decides afterwards.

import { isDeepStrictEqual } from 'node:util'
import { groupResource, type KubeObject } from '../../api/object.ts'
import { type LocatedPod, locatePod, podTemplateResources } from '../../api/pods/located-pod.ts'
import type { ResourceDefinition } from '../../api/resources/resource.ts'
import type { StoreReader } from '../../api/store-view.ts'
import type { PodSpec } from '../../api/types/core-v1.ts'
import { type AdmissionRequest, admitted } from '../admission.ts'
import type { PluginDefinition, PluginSteps } from '../plugin-definition.ts'
import { fillingOf, rememberFilling } from '../pod-security/before-filling.ts'
import { namespaceDefaults, type PodSecurityConfiguration } from '../pod-security/configuration.ts'
import { exemptionOf } from '../pod-security/exemptions.ts'
import { type Filled, fillEphemeralContainers, fillPod } from '../pod-security/fill.ts'
import { type LevelVersion, policyOf } from '../pod-security/policy.ts'

export interface PodSecurityDefaultsOptions {
  readonly reader: StoreReader
  readonly profile: 'secure' | 'upstream'
  readonly configuration?: { readonly podSecurity?: PodSecurityConfiguration } | undefined
}

export const podSecurityDefaults: PluginDefinition<PodSecurityDefaultsOptions> = {
  name: 'PodSecurityDefaults',
  does: 'Sets fields that the level `restricted` requires and a pod or template omits',
  on: 'secure',
  handles: [
    { operations: ['CREATE'], resources: ['pods'] },
    { operations: ['CREATE', 'UPDATE'], resources: [...podTemplateResources, 'pods/ephemeralcontainers'] },
  ],
  create,
}

function create({ reader, profile, configuration }: PodSecurityDefaultsOptions): PluginSteps {
  const { defaults, exemptions } = namespaceDefaults(profile, configuration?.podSecurity)
  return {
    async mutate(request) {
      const located = locate(request.resource, request.object)
      if (located === undefined || exemptionOf(exemptions, request, located.pod) !== undefined) return
      const { enforce } = policyOf(reader.get('namespaces', '', request.namespace)?.metadata.labels, defaults).policy
      if (enforce.level !== 'restricted') return
      const { spec } = located.pod
      const filled = fill(request, located, enforce)
      if (filled === undefined || filled.set.length === 0) return
      rememberFilling(request, spec, filled.set)
      replaceSpec(request.object, located.pointer, filled.spec)
    },
    // Runs only for what PodSecurity has admitted: a refused request needs no further warning.
    async validate(request) {
      const filling = fillingOf(request)
      if (filling !== undefined)
        request.warn(`PodSecurity filled in what the ${request.resource.kind} leaves open: ${[...filling.set].join(', ')}`)
      return admitted
    },
  }
}

function fill(
  { operation, resource, object, oldObject }: AdmissionRequest,
  { pod }: LocatedPod,
  enforce: LevelVersion,
): Filled | undefined {
  const before = locate(resource, oldObject)?.pod
  if (resource.plural === 'pods' && resource.group === '')
    return operation === 'CREATE' ? fillPod(pod, enforce) : before && fillEphemeralContainers(pod.spec, before.spec, enforce)
  // An existing template stays, or any update would start a rollout.
  if (isDeepStrictEqual(before, pod) || isOfDeployment(object)) return undefined
  return fillPod(pod, enforce)
}

/** A Deployment compares the templates of its ReplicaSets with its own, so they must stay equal. Their pods are filled in. */
const isOfDeployment = (object: KubeObject | undefined): boolean =>
  object?.metadata.ownerReferences?.some(({ kind, controller }) => controller === true && kind === 'Deployment') === true

/** `pointer` is the JSON pointer of the pod in the object; all its parents exist. */
function replaceSpec(object: KubeObject | undefined, pointer: string, spec: PodSpec): void {
  let holder: unknown = object
  for (const step of pointer.split('/').slice(1)) holder = (holder as Record<string, unknown>)[step]
  ;(holder as { spec: PodSpec }).spec = spec
}

const locate = ({ group, plural }: ResourceDefinition, object: KubeObject | undefined): LocatedPod | undefined =>
  object === undefined ? undefined : locatePod(groupResource(group, plural), object)
