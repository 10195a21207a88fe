// Where each kind contains its pod: itself, or a template. Other kinds create no pods.
import type { KubeObject, ObjectMeta } from '../object.ts'
import type { DaemonSet, Deployment, ReplicaSet, StatefulSet } from '../types/apps-v1.ts'
import type { CronJob, Job } from '../types/batch-v1.ts'
import type { Pod, PodSpec, PodTemplate, PodTemplateSpec, ReplicationController } from '../types/core-v1.ts'

export interface LocatedPod {
  readonly pod: { readonly metadata: ObjectMeta; readonly spec: PodSpec }
  /** JSON pointer of the pod below the object; '' for a Pod. */
  readonly pointer: string
}

type Locator = (object: KubeObject) => LocatedPod | undefined

const at = (template: PodTemplateSpec | undefined, pointer: string): LocatedPod | undefined =>
  template?.spec === undefined ? undefined : { pod: { metadata: template.metadata ?? {}, spec: template.spec }, pointer }
const inSpec: Locator = object =>
  at((object as Deployment | ReplicaSet | StatefulSet | DaemonSet | Job | ReplicationController).spec?.template, '/spec/template')

/** By group resource; the resource's schema has decoded the object, so the casts are safe. */
const locators: ReadonlyMap<string, Locator> = new Map<string, Locator>([
  ['pods', object => at({ metadata: object.metadata, spec: (object as Pod).spec }, '')],
  ['podtemplates', object => at((object as PodTemplate).template, '/template')],
  ['replicationcontrollers', inSpec],
  ['deployments.apps', inSpec],
  ['replicasets.apps', inSpec],
  ['statefulsets.apps', inSpec],
  ['daemonsets.apps', inSpec],
  ['jobs.batch', inSpec],
  ['cronjobs.batch', object => at((object as CronJob).spec?.jobTemplate?.spec?.template, '/spec/jobTemplate/spec/template')],
])

/** Pods and all kinds with a pod template. */
export const podResources: readonly string[] = [...locators.keys()]
export const podTemplateResources: readonly string[] = podResources.filter(name => name !== 'pods')

export const hasPods = (groupResource: string): boolean => locators.has(groupResource)

export function locatePod(groupResource: string, object: KubeObject): LocatedPod | undefined {
  return locators.get(groupResource)?.(object)
}
