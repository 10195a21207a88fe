// The APIServices of what this server answers for itself, as upstream's autoregister controller makes them at the start.
import type { KubeObject } from '../api/object.ts'
import { sameValue } from '../api/same-value.ts'
import { type DiscoverableResource, groupPriorities, servedGroups } from '../api/schema/discovery.ts'
import type { APIService } from '../api/types/apiregistration-v1.ts'

const managedLabel = 'kube-aggregator.kubernetes.io/automanaged'
const apiVersion = 'apiregistration.k8s.io/v1'

/** The group by which APIServices are registered registers nobody, itself included. */
const aggregator = 'apiregistration.k8s.io'
const usualPriority = 15
const versionPriorities: Readonly<Record<string, number>> = { v1: 1, 'v1.flowcontrol.apiserver.k8s.io': 21, 'v2.autoscaling': 30 }

export function localApiServices(resources: readonly DiscoverableResource[]): (KubeObject & APIService)[] {
  return servedGroups(resources).flatMap(({ group, versions }) => {
    const groupPriorityMinimum = groupPriorities[group]
    // A custom group has an APIService of its own kind.
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
  /** Names of what an earlier release registered and this one does not serve. */
  readonly remove: readonly string[]
}

/** What to write at a start. An object that lost the label belongs to whoever took it away. */
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
