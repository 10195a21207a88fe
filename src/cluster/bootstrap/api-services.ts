// The APIServices of this server's own group versions, as upstream's autoregister controller creates them at the start.
import type { KubeObject } from '../../api/object.ts'
import { type DiscoverableResource, groupPriorities, servedGroups } from '../../api/openapi/discovery.ts'
import { sameValue } from '../../api/same-value.ts'
import type { APIService } from '../../api/types/apiregistration-v1.ts'

const managedLabel = 'kube-aggregator.kubernetes.io/automanaged'
const apiVersion = 'apiregistration.k8s.io/v1'

/** The group of APIServices itself is not registered. */
const aggregator = 'apiregistration.k8s.io'
const usualPriority = 15
const versionPriorities: Readonly<Record<string, number>> = { v1: 1, 'v1.flowcontrol.apiserver.k8s.io': 21, 'v2.autoscaling': 30 }

export function localApiServices(resources: readonly DiscoverableResource[]): (KubeObject & APIService)[] {
  return servedGroups(resources).flatMap(({ group, versions }) => {
    const groupPriorityMinimum = groupPriorities[group]
    // The definition of a custom group creates its own APIService.
    if (group === aggregator || groupPriorityMinimum === undefined) return []
    return versions.map(version => ({
      apiVersion,
      kind: 'APIService',
      metadata: { name: `${version}.${group}`, labels: { [managedLabel]: 'onstart' } },
      spec: {
        ...(group === '' ? {} : { group }),
        version,
        groupPriorityMinimum,
        versionPriority: versionPriorities[group === '' ? version : `${version}.${group}`] ?? usualPriority,
      },
    }))
  })
}

export interface ApiServicePlan {
  readonly create: readonly KubeObject[]
  readonly update: readonly KubeObject[]
  /** Registered by an earlier release and no longer served. */
  readonly remove: readonly string[]
}

/** The writes at a start. An object without the label belongs to the user who removed it. */
export function planApiServices(existing: readonly APIService[], wanted: readonly (KubeObject & APIService)[]): ApiServicePlan {
  const byName = new Map(existing.map(object => [object.metadata.name, object]))
  const names = new Set(wanted.map(({ metadata }) => metadata.name))
  const managed = (object: APIService): boolean => object.metadata.labels?.[managedLabel] === 'onstart'
  return {
    create: wanted.filter(({ metadata }) => !byName.has(metadata.name)),
    update: wanted.flatMap(({ metadata, spec }) => {
      const found = byName.get(metadata.name)
      if (found === undefined || !managed(found) || sameValue(found.spec, spec)) return []
      return [{ ...found, apiVersion, kind: 'APIService', metadata: { ...found.metadata }, spec } as KubeObject]
    }),
    remove: existing.filter(object => managed(object) && !names.has(object.metadata.name)).map(({ metadata }) => metadata.name ?? ''),
  }
}
