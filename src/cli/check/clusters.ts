// Groups manifests by cluster: two folders that define the same object, such as overlays, are for two clusters.
import { dirname } from 'node:path'
import { UserError } from '../../base/user-error.ts'
import { writeJson } from '../../base/write-json.ts'
import type { Manifest } from './manifests.ts'

export const maxClusters = 100

/**
 * The manifests of each cluster. If no object is defined in two folders, there is one cluster with all manifests. Otherwise
 * each of those folders has its own cluster, together with everything outside of them. `namespace` applies to objects without one. Throws a
 * `UserError` above `maxClusters`.
 */
export function clustersOf(manifests: readonly Manifest[], namespace: string): readonly (readonly Manifest[])[] {
  const byObject = Map.groupBy(
    manifests.filter(({ name }) => name !== ''),
    manifest => identityOf(manifest, namespace),
  )
  const rivals = new Set<string>()
  for (const same of byObject.values()) {
    const folders = new Set(same.map(folderOf))
    if (folders.size > 1) for (const folder of folders) rivals.add(folder)
  }
  if (rivals.size === 0) return [manifests]
  if (rivals.size > maxClusters)
    throw new UserError(`${rivals.size} folders define the same objects, the limit is ${maxClusters}: check them one by one`)
  return [...rivals].map(folder => manifests.filter(manifest => folderOf(manifest) === folder || !rivals.has(folderOf(manifest))))
}

function identityOf({ apiVersion, kind, name, namespace: own }: Manifest, namespace: string): string {
  const group = apiVersion.includes('/') ? apiVersion.split('/')[0] : ''
  return writeJson([group, kind, own ?? namespace, name])
}

/** For output of kustomize the file is the folder. */
function folderOf({ document: { file, rendered } }: Manifest): string {
  return rendered === true || file === '-' ? file : dirname(file)
}
