// Names of repositories in the cluster's registry: the first part is the namespace that they belong to.

export interface RepositoryName {
  readonly namespace: string
  /** Without the namespace: `web`, `team/web`. The name of the repository for RBAC. */
  readonly name: string
}

/** The group, and the resource whose verbs are `pull`, `push` and `delete`. */
export const repositoriesGroup = 'supply.bulkhead.dev'
export const repositoriesResource = 'repositories'
export const repositoryVerbs = ['pull', 'push', 'delete'] as const
export type RepositoryVerb = (typeof repositoryVerbs)[number]

/** The audience of tokens for the registry alone. */
export const registryAudience = 'registry.bulkhead.dev'

/** Limit of the OCI distribution specification's clients, including the registry's host; ours is for the name alone. */
export const maxRepositoryBytes = 200
const namespace = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/
/** A component of the OCI distribution specification; the separators have fixed lengths, so the expression cannot backtrack far. */
const component = /^[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*$/

/** Undefined for text that names no repository of a namespace. */
export function parseRepositoryName(text: string): RepositoryName | undefined {
  if (text.length > maxRepositoryBytes) return undefined
  const [first = '', ...rest] = text.split('/')
  if (rest.length === 0 || !namespace.test(first) || !rest.every(part => component.test(part))) return undefined
  return { namespace: first, name: rest.join('/') }
}
