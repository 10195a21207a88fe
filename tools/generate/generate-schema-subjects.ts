// Which subject each type of a large package belongs to, so that its interfaces are spread over files that one can read.
import { type Model, namesIn } from './generate-schema-model.ts'

/** Subject -> its types. The types that they use follow them, unless an earlier subject has them. */
const subjects: Readonly<Record<string, readonly (readonly [subject: string, roots: readonly string[]])[]>> = {
  'core/v1': [
    ['volume', ['Volume']],
    ['persistent-volume', ['PersistentVolume', 'PersistentVolumeList', 'PersistentVolumeClaim', 'PersistentVolumeClaimList']],
    ['container', ['Container', 'EphemeralContainer', 'ContainerStatus']],
    ['pod', ['Pod', 'PodList', 'PodTemplate', 'PodTemplateList', 'ReplicationController', 'ReplicationControllerList']],
    ['node', ['Node', 'NodeList']],
    ['service', ['Service', 'ServiceList', 'Endpoints', 'EndpointsList']],
  ],
  'supply/v1': [
    ['policy', ['ImagePolicy', 'ImagePolicyList', 'ClusterImagePolicy', 'ClusterImagePolicyList']],
    ['manifest', ['ManifestPolicy', 'ManifestPolicyList', 'ClusterManifestPolicy', 'ClusterManifestPolicyList']],
    ['registry', ['RegistryMirror', 'RegistryMirrorList', 'RegistryToken', 'RepositoryAccessReview']],
  ],
}

/** The key of each type of this package -> its subject, '' for types without one; undefined for packages that fit into one file. */
export function subjectsOf(packageKey: string, model: Model): ReadonlyMap<string, string> | undefined {
  const wanted = subjects[packageKey]
  if (wanted === undefined) return undefined
  const found = new Map<string, string>()
  const visit = (key: string, subject: string): void => {
    if (!key.startsWith(`${packageKey}.`) || found.has(key)) return
    const struct = model.structs.get(key)
    if (struct === undefined && !model.named.has(key)) return
    found.set(key, subject)
    for (const embedded of struct?.embeds ?? []) visit(embedded, subject)
    for (const field of struct?.fields ?? []) for (const name of namesIn(field.type)) visit(name, subject)
  }
  for (const [subject, roots] of wanted) for (const root of roots) visit(`${packageKey}.${root}`, subject)
  for (const key of [...model.structs.keys(), ...model.named.keys()]) visit(key, '')
  return found
}
