// The order in which manifests are applied to an empty server, whatever the order of the files: objects that others need come first.
import { isRecord } from '../../api/schema/compile.ts'
import type { Manifest } from './manifests.ts'

/** Objects that affect all others: kinds, namespaces, and the defaults of new namespaces. */
export const firstKinds: ReadonlySet<string> = new Set(['ClusterDefaults', 'Namespace', 'CustomResourceDefinition'])
/** Policies that decide about every other object, in namespaces that must exist. */
export const policyKinds: ReadonlySet<string> = new Set(['TrustRoot', 'ManifestPolicy', 'ClusterManifestPolicy'])
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
const supplyGroup = 'supply.bulkhead.dev/'
const admissionGroup = 'admissionregistration.k8s.io/'

/** Objects that are evaluated but never kept, because they would send requests to servers that do not run here. */
export const remoteKinds: ReadonlySet<string> = new Set(['ValidatingWebhookConfiguration', 'MutatingWebhookConfiguration', 'APIService'])

/** Returns a new list. Within a step, the order of the files is kept. */
export function inOrder(manifests: readonly Manifest[]): Manifest[] {
  const parameters = new Set(manifests.flatMap(parameterKind))
  const stepOf = ({ apiVersion, kind }: Manifest): number => {
    if (firstKinds.has(kind)) return 0
    if (policyKinds.has(kind)) return 1
    if (parameters.has(`${apiVersion}/${kind}`)) return 1
    if (apiVersion.startsWith(admissionGroup)) return kind.endsWith('Binding') ? 3 : 2
    if (apiVersion.startsWith(supplyGroup)) return 3
    return classes.has(kind) ? 4 : kind.endsWith('Binding') ? 5 : 6
  }
  return manifests.toSorted((a, b) => stepOf(a) - stepOf(b))
}

/** The kind of the parameters of an admission policy. */
function parameterKind({ apiVersion, value: { spec } }: Manifest): string[] {
  if (!apiVersion.startsWith(admissionGroup) || !isRecord(spec) || !isRecord(spec['paramKind'])) return []
  return [`${String(spec['paramKind']['apiVersion'])}/${String(spec['paramKind']['kind'])}`]
}
