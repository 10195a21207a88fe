// In which order manifests are shown to an empty server: what others need comes first, whatever the order of the files.
import { isRecord } from '../../api/schema/compile.ts'
import type { Manifest } from './manifests.ts'

/** What decides about everything else: kinds, namespaces, and what new namespaces get. */
export const firstKinds: ReadonlySet<string> = new Set(['ClusterDefaults', 'Namespace', 'CustomResourceDefinition'])
const classes: ReadonlySet<string> = new Set([
  'PriorityClass',
  'RuntimeClass',
  'StorageClass',
  'IngressClass',
  'VolumeAttributesClass',
  'DeviceClass',
  'ClusterRole',
  'Role',
  'ServiceAccount',
  'LimitRange',
  'ResourceQuota',
  'ConfigMap',
  'Secret',
  'PersistentVolume',
  'PersistentVolumeClaim',
  'PodSecurityException',
])
const admissionGroup = 'admissionregistration.k8s.io/'

/** Objects that are only judged and never kept: they send requests to what does not run here. */
export const remoteKinds: ReadonlySet<string> = new Set(['ValidatingWebhookConfiguration', 'MutatingWebhookConfiguration', 'APIService'])

/** A new list. Within a step the order of the files holds. */
export function inOrder(manifests: readonly Manifest[]): Manifest[] {
  const parameters = new Set(manifests.flatMap(parameterKind))
  const stepOf = ({ apiVersion, kind }: Manifest): number => {
    if (firstKinds.has(kind)) return 0
    if (parameters.has(`${apiVersion}/${kind}`)) return 1
    if (apiVersion.startsWith(admissionGroup)) return kind.endsWith('Binding') ? 3 : 2
    return classes.has(kind) ? 4 : kind.endsWith('Binding') ? 5 : 6
  }
  return manifests.toSorted((a, b) => stepOf(a) - stepOf(b))
}

/** The kind whose objects a policy of admission takes its parameters from. */
function parameterKind({ apiVersion, value: { spec } }: Manifest): string[] {
  if (!apiVersion.startsWith(admissionGroup) || !isRecord(spec) || !isRecord(spec['paramKind'])) return []
  return [`${String(spec['paramKind']['apiVersion'])}/${String(spec['paramKind']['kind'])}`]
}
