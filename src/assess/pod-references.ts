// The objects in its namespace that a workload's pods need to start.
import type { StatefulSet } from '../api/types/apps-v1.ts'
import type { CheckedObject, CheckedWorkload } from './object-set.ts'

export interface PodReference {
  readonly resource: 'configmaps' | 'secrets' | 'persistentvolumeclaims'
  readonly name: string
  /** Path of the reference within the workload. */
  readonly field: string
}

interface LocalReference {
  readonly name?: string
  readonly optional?: boolean
}

/** Optional references are left out. */
export function referencesOf(workload: CheckedWorkload): PodReference[] {
  return [...ofContainers(workload), ...ofVolumes(workload), ...ofPull(workload)]
}

function one(resource: PodReference['resource'], reference: LocalReference | undefined, field: string): PodReference[] {
  const name = reference?.name ?? ''
  return name === '' || reference?.optional === true ? [] : [{ resource, name, field }]
}

function ofContainers({ containers }: CheckedWorkload): PodReference[] {
  return containers.flatMap(({ container, path }) => [
    ...(container.env ?? []).flatMap(({ valueFrom }, index) => [
      ...one('configmaps', valueFrom?.configMapKeyRef, `${path}.env[${index}].valueFrom.configMapKeyRef.name`),
      ...one('secrets', valueFrom?.secretKeyRef, `${path}.env[${index}].valueFrom.secretKeyRef.name`),
    ]),
    ...(container.envFrom ?? []).flatMap(({ configMapRef, secretRef }, index) => [
      ...one('configmaps', configMapRef, `${path}.envFrom[${index}].configMapRef.name`),
      ...one('secrets', secretRef, `${path}.envFrom[${index}].secretRef.name`),
    ]),
  ])
}

function ofVolumes({ on, pod, specField }: CheckedWorkload): PodReference[] {
  const templates = claimTemplatesOf(on)
  return (pod.spec.volumes ?? []).flatMap(({ name, configMap, secret, persistentVolumeClaim, projected }, index) => {
    if (templates.has(name)) return []
    const path = `${specField}.volumes[${index}]`
    const secretVolume = secret === undefined ? undefined : { name: secret.secretName ?? '', optional: secret.optional ?? false }
    const claim = persistentVolumeClaim === undefined ? undefined : { name: persistentVolumeClaim.claimName }
    return [
      ...one('configmaps', configMap, `${path}.configMap.name`),
      ...one('secrets', secretVolume, `${path}.secret.secretName`),
      ...one('persistentvolumeclaims', claim, `${path}.persistentVolumeClaim.claimName`),
      ...(projected?.sources ?? []).flatMap((source, at) => [
        ...one('configmaps', source.configMap, `${path}.projected.sources[${at}].configMap.name`),
        ...one('secrets', source.secret, `${path}.projected.sources[${at}].secret.name`),
      ]),
    ]
  })
}

/** For pods of a StatefulSet, a claim template replaces a volume of the same name. */
function claimTemplatesOf({ resource, object }: CheckedObject): ReadonlySet<string> {
  if (resource !== 'statefulsets.apps') return new Set()
  return new Set(((object as StatefulSet).spec?.volumeClaimTemplates ?? []).flatMap(({ metadata }) => metadata?.name ?? []))
}

function ofPull({ pod, specField }: CheckedWorkload): PodReference[] {
  return (pod.spec.imagePullSecrets ?? []).flatMap((reference, index) =>
    one('secrets', reference, `${specField}.imagePullSecrets[${index}].name`),
  )
}
