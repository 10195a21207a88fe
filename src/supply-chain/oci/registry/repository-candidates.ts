// Where a repository is read: at each mirror of its registry, then at the registry itself. Pure.
import { type MirroredRegistry, mayResolveTags, mirroredPath } from '../../../api/registry-mirrors.ts'
import type { RegistryCredentials } from './authorization.ts'

export interface RepositoryCandidate {
  /** As in image references. */
  readonly host: string
  readonly repository: string
  /** PEM, of a mirror that has its own. */
  readonly authorities?: string
  /** Of a mirror. Those of the registry's users are for the registry alone. */
  readonly credentials?: RegistryCredentials
  readonly resolvesTags: boolean
  readonly origin: boolean
}

/** `library/nginx` of `docker.io`. In the order in which they are tried; never empty. */
export function repositoryCandidates(
  registry: string,
  repository: string,
  mirrored: MirroredRegistry | undefined,
  credentialsOf: (mirror: { readonly host: string; readonly path: string }) => RegistryCredentials | undefined,
): RepositoryCandidate[] {
  const itself = { host: registry, repository, resolvesTags: true, origin: true }
  if (mirrored === undefined) return [itself]
  const mirrors = mirrored.mirrors.map((mirror): RepositoryCandidate => {
    const { host, authorities } = mirror
    const credentials = credentialsOf(mirror)
    return {
      ...{ host, repository: mirroredPath(mirror, repository), resolvesTags: mayResolveTags(mirrored, mirror), origin: false },
      ...(authorities === undefined ? {} : { authorities }),
      ...(credentials === undefined ? {} : { credentials }),
    }
  })
  // An object that allows nothing else and names no mirror is refused when it is written.
  return mirrored.only && mirrors.length > 0 ? mirrors : [...mirrors, itself]
}
