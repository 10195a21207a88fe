// Where images of a registry are read instead, by the RegistryMirror objects of the cluster. Pure.
import type { RegistryMirror } from './types/supply-v1.ts'

export interface MirrorAddress {
  /** As in image references: `mirror.example.com:5000`. */
  readonly host: string
  /** Put before the path of each repository; empty for none. */
  readonly path: string
  /** PEM; undefined for the system's authorities. */
  readonly authorities?: string
  /** Whether it may say which digest a tag is. */
  readonly resolvesTags: boolean
}

export interface MirroredRegistry {
  /** In the order in which they are tried. */
  readonly mirrors: readonly MirrorAddress[]
  /** Whether the registry itself is never contacted. */
  readonly only: boolean
  /** The namespace of the cluster's registry that keeps its images. */
  readonly pullThrough?: string
}

/** Limits of one registry: its mirrors are tried one after the other. */
export const maxMirrors = 8

/** `mirror.example.com:5000/hub/a` -> host and path; undefined for what is no endpoint. */
export function parseMirrorEndpoint(text: string): { readonly host: string; readonly path: string } | undefined {
  const slash = text.indexOf('/')
  const [host, path] = slash < 0 ? [text, ''] : [text.slice(0, slash), text.slice(slash + 1)]
  if (!isRegistryHost(host) || (slash >= 0 && !pathForm.test(path)) || path.length > maxPathLength) return undefined
  return { host: host.toLowerCase(), path }
}

const maxPathLength = 128
const pathForm = /^[a-z0-9]+(?:[._-][a-z0-9]+)*(?:\/[a-z0-9]+(?:[._-][a-z0-9]+)*)*$/
const hostForm = /^(?:[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?|\[[0-9a-f:.]{2,45}\])(?::([1-9][0-9]{0,4}))?$/

/** A host name or address with an optional port, in lower case. */
export function isRegistryHost(text: string): boolean {
  const [, port = '1'] = hostForm.exec(text.toLowerCase()) ?? [undefined, '0']
  return Number(port) >= 1 && Number(port) <= 65_535
}

/** Docker Hub has several names. */
export const registryName = (host: string): string => {
  const lower = host.toLowerCase()
  return lower === 'index.docker.io' || lower === 'registry-1.docker.io' ? 'docker.io' : lower
}

/** By the name of the registry. Several objects for one registry add up, in the order of their names. */
export function mirroredRegistries(objects: readonly RegistryMirror[]): ReadonlyMap<string, MirroredRegistry> {
  const found = new Map<string, MirroredRegistry>()
  const byName = objects.toSorted((a, b) => ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1))
  for (const { spec } of byName) {
    const registry = registryName(spec.registry)
    const before = found.get(registry)
    const only = spec.only === true || before?.only === true
    const mirrors = (spec.mirrors ?? []).flatMap(({ endpoint, authorities, resolvesTags }) => {
      const address = parseMirrorEndpoint(endpoint)
      if (address === undefined) return []
      return [{ ...address, ...(authorities === undefined ? {} : { authorities }), resolvesTags: resolvesTags === true }]
    })
    const pullThrough = before?.pullThrough ?? spec.pullThrough?.namespace
    found.set(registry, {
      mirrors: [...(before?.mirrors ?? []), ...mirrors].slice(0, maxMirrors),
      only,
      ...(pullThrough === undefined ? {} : { pullThrough }),
    })
  }
  return found
}

/** Whether this mirror may say what a tag is: where nobody else is asked, each may. */
export const mayResolveTags = ({ only }: MirroredRegistry, { resolvesTags }: MirrorAddress): boolean => only || resolvesTags

/** `library/nginx` below the mirror's path. */
export const mirroredPath = ({ path }: Pick<MirrorAddress, 'path'>, repository: string): string =>
  path === '' ? repository : `${path}/${repository}`

/**
 * Where the credentials for mirrors are: one Secret of type kubernetes.io/dockerconfigjson, which nodes and the parts that talk to registries may read.
 * It has an entry for each mirror that wants a password.
 */
export const mirrorCredentials = { namespace: 'kube-system', name: 'registry-mirrors' } as const
