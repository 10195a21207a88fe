// All kinds without a CustomResourceDefinition, in the order of upstream's discovery document.

import { admissionregistrationAlphaResources, admissionregistrationResources } from './admissionregistration/index.ts'
import { apiextensionsResources } from './apiextensions/index.ts'
import { apiregistrationResources } from './apiregistration/index.ts'
import { appsResources } from './apps/index.ts'
import { authenticationResources } from './authentication/index.ts'
import { authorizationResources } from './authorization/index.ts'
import { autoscalingResources } from './autoscaling/index.ts'
import { batchResources } from './batch/index.ts'
import { bulkheadResources } from './bulkhead/index.ts'
import { certificatesResources } from './certificates/index.ts'
import { coordinationResources } from './coordination/index.ts'
import { coreResources } from './core/index.ts'
import { discoveryResources } from './discovery/index.ts'
import { eventsResources } from './events/index.ts'
import { flowcontrolResources } from './flowcontrol/index.ts'
import { metricsResources } from './metrics/index.ts'
import { networkingResources } from './networking/index.ts'
import { nodeResources } from './node/index.ts'
import { policyResources } from './policy/index.ts'
import { rbacResources } from './rbac/index.ts'
import type { ResourceDefinition } from './resource.ts'
import { schedulingResources } from './scheduling/index.ts'
import { storageResources } from './storage/index.ts'
import { supplyResources } from './supply/index.ts'

/** All built-in kinds. The order within a group is that of its `index.ts`. */
export const resources: readonly ResourceDefinition[] = [
  ...coreResources,
  ...apiregistrationResources,
  ...appsResources,
  ...eventsResources,
  ...authenticationResources,
  ...authorizationResources,
  ...autoscalingResources,
  ...batchResources,
  ...certificatesResources,
  ...networkingResources,
  ...policyResources,
  ...rbacResources,
  ...storageResources,
  ...admissionregistrationResources,
  ...apiextensionsResources,
  ...schedulingResources,
  ...coordinationResources,
  ...nodeResources,
  ...discoveryResources,
  ...flowcontrolResources,
  ...bulkheadResources,
  ...supplyResources,
  ...metricsResources,
]

/** Kinds that are served only if their group version is enabled. */
export const optionalResources: ReadonlyMap<string, readonly ResourceDefinition[]> = new Map([
  ['admissionregistration.k8s.io/v1alpha1', admissionregistrationAlphaResources],
])

/** All kinds that are served with these enabled group versions. */
export function resourcesWith(groupVersions: readonly string[]): readonly ResourceDefinition[] {
  return groupVersions.length === 0 ? resources : [...resources, ...groupVersions.flatMap(name => optionalResources.get(name) ?? [])]
}
