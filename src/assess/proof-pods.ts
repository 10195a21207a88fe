// The pods of the attacks: one that every rule admits, and one that violates the strictest rules.
import type { Container, Pod, PodSpec, ResourceRequirements } from '../api/types/core-v1.ts'
import { noScheduler } from './proof-namespace.ts'

const proofImage = 'bulkhead.local/busybox:1'

type Fields = Readonly<Record<string, unknown>>

/** What the quota of a new namespace requires: only C8 relies on a LimitRange that fills it in. */
export const smallResources: ResourceRequirements = { requests: { cpu: '10m', memory: '32Mi' }, limits: { memory: '64Mi' } }

/** Meets `restricted`. Never scheduled unless `fields` set it. */
export function harmlessSpec(fields: Partial<PodSpec> = {}, container: Partial<Container> = {}): PodSpec {
  return {
    schedulerName: noScheduler,
    terminationGracePeriodSeconds: 0,
    securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [
      {
        name: 'main',
        image: proofImage,
        imagePullPolicy: 'IfNotPresent',
        command: ['sleep', '1'],
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] }, readOnlyRootFilesystem: true },
        resources: smallResources,
        ...container,
      },
    ],
    ...fields,
  }
}

/** A container of it that requests nothing. */
export function bareContainer(): Container {
  const { resources: _, ...bare } = harmlessSpec().containers[0] ?? { name: 'main' }
  return bare
}

/** Root on the node at once: privileged, with the node's namespaces and its whole disk. */
export function dangerousSpec(): PodSpec {
  return {
    schedulerName: noScheduler,
    hostPID: true,
    hostNetwork: true,
    containers: [
      { name: 'main', image: proofImage, command: ['sleep', '1'], securityContext: { privileged: true }, resources: smallResources },
    ],
    volumes: [{ name: 'disk', hostPath: { path: '/' } }],
  }
}

export const podObject = (name: string, spec: PodSpec, metadata: Pod['metadata'] = {}): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, ...metadata },
  spec,
})

export interface WorkloadForm {
  readonly kind: string
  readonly groupVersion: string
  readonly plural: string
  /** `spec` is the spec of its pods, `annotations` are theirs. */
  object(name: string, spec: PodSpec, annotations?: Readonly<Record<string, string>>): Fields
}

interface Template {
  readonly spec: PodSpec
  readonly metadata: Fields
}

const labels = { app: 'bulkhead-prove' }
const selected = (template: Template, more: Fields = {}) => ({ selector: { matchLabels: labels }, template, ...more })

/** All kinds with a pod template. None creates pods here: no replicas, suspended, or no matching node. */
export const workloadForms: readonly WorkloadForm[] = [
  form('Deployment', 'apps/v1', 'deployments', template => selected(template, { replicas: 0 })),
  form('ReplicaSet', 'apps/v1', 'replicasets', template => selected(template, { replicas: 0 })),
  form('StatefulSet', 'apps/v1', 'statefulsets', template => selected(template, { replicas: 0, serviceName: 'none' })),
  form('DaemonSet', 'apps/v1', 'daemonsets', ({ metadata, spec }) =>
    selected({ metadata, spec: { ...spec, nodeSelector: { 'bulkhead.dev/no-such-node': 'true' } } }),
  ),
  form('Job', 'batch/v1', 'jobs', template => ({ suspend: true, template: oneRun(template) })),
  form('CronJob', 'batch/v1', 'cronjobs', template => ({
    schedule: '0 0 31 2 *',
    suspend: true,
    jobTemplate: { spec: { template: oneRun(template) } },
  })),
  form('ReplicationController', 'v1', 'replicationcontrollers', template => ({ replicas: 0, selector: labels, template })),
  {
    kind: 'PodTemplate',
    groupVersion: 'v1',
    plural: 'podtemplates',
    object: (name, spec, annotations) => ({
      ...{ apiVersion: 'v1', kind: 'PodTemplate', metadata: { name } },
      template: templateOf(spec, annotations),
    }),
  },
]

function templateOf(spec: PodSpec, annotations: Readonly<Record<string, string>> | undefined): Template {
  return { metadata: { labels, ...(annotations === undefined ? {} : { annotations }) }, spec }
}

function oneRun({ metadata, spec }: Template): Template {
  return { metadata, spec: { ...spec, restartPolicy: 'Never' } }
}

function form(kind: string, groupVersion: string, plural: string, specOf: (template: Template) => Fields): WorkloadForm {
  return {
    kind,
    groupVersion,
    plural,
    object: (name, spec, annotations) => ({
      ...{ apiVersion: groupVersion, kind, metadata: { name } },
      spec: specOf(templateOf(spec, annotations)),
    }),
  }
}
