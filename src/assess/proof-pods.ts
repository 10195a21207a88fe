// The pods of the attacks: one that every rule admits, and one that violates the strictest rules.
import type { Container, Pod, PodSpec } from '../api/types/core-v1.ts'
import { noScheduler } from './proof-namespace.ts'

const proofImage = 'bulkhead.local/busybox:1'

type Fields = Readonly<Record<string, unknown>>

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
        ...container,
      },
    ],
    ...fields,
  }
}

/** Root on the node at once: privileged, with the node's namespaces and its whole disk. */
export function dangerousSpec(): PodSpec {
  return {
    schedulerName: noScheduler,
    hostPID: true,
    hostNetwork: true,
    containers: [{ name: 'main', image: proofImage, command: ['sleep', '1'], securityContext: { privileged: true } }],
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
  /** `spec` is the spec of its pods. */
  object(name: string, spec: PodSpec): Fields
}

const labels = { app: 'bulkhead-prove' }
const selected = (template: { readonly spec: PodSpec }, more: Fields = {}) => ({
  selector: { matchLabels: labels },
  template: { metadata: { labels }, ...template },
  ...more,
})

/** All kinds with a pod template. None creates pods here: no replicas, suspended, or no matching node. */
export const workloadForms: readonly WorkloadForm[] = [
  form('Deployment', 'apps/v1', 'deployments', spec => selected({ spec }, { replicas: 0 })),
  form('ReplicaSet', 'apps/v1', 'replicasets', spec => selected({ spec }, { replicas: 0 })),
  form('StatefulSet', 'apps/v1', 'statefulsets', spec => selected({ spec }, { replicas: 0, serviceName: 'none' })),
  form('DaemonSet', 'apps/v1', 'daemonsets', spec =>
    selected({ spec: { ...spec, nodeSelector: { 'bulkhead.dev/no-such-node': 'true' } } }),
  ),
  form('Job', 'batch/v1', 'jobs', spec => ({ suspend: true, template: { spec: { ...spec, restartPolicy: 'Never' } } })),
  form('CronJob', 'batch/v1', 'cronjobs', spec => ({
    schedule: '0 0 31 2 *',
    suspend: true,
    jobTemplate: { spec: { template: { spec: { ...spec, restartPolicy: 'Never' } } } },
  })),
  form('ReplicationController', 'v1', 'replicationcontrollers', spec => ({
    replicas: 0,
    selector: labels,
    template: { metadata: { labels }, spec },
  })),
  {
    kind: 'PodTemplate',
    groupVersion: 'v1',
    plural: 'podtemplates',
    object: (name, spec) => ({ apiVersion: 'v1', kind: 'PodTemplate', metadata: { name }, template: { metadata: { labels }, spec } }),
  },
]

function form(kind: string, groupVersion: string, plural: string, specOf: (podSpec: PodSpec) => Fields): WorkloadForm {
  return {
    kind,
    groupVersion,
    plural,
    object: (name, spec) => ({ apiVersion: groupVersion, kind, metadata: { name }, spec: specOf(spec) }),
  }
}
