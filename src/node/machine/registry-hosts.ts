// How containerd reaches registries: the cluster's own by each of its names, with the authority of its certificate, and others by their mirrors.
import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type MirrorAddress, type MirroredRegistry, mayResolveTags } from '../../api/registry-mirrors.ts'
import { ensureFile } from '../../base/files/replace-file.ts'
import { writeJson } from '../../base/write-json.ts'

export interface RegistryEndpoint {
  /** As in image references: `192.0.2.1:5443`. The first is reached from each node. */
  readonly hosts: readonly string[]
  /** PEM of the authority of its certificate. */
  readonly authority: string
  /** Where this machine reaches all of them: names such as 127.0.0.1 are those of the machine on which it runs. Default: at each of its names. */
  readonly reachedAt?: string
}

/** A folder with this file is ours. */
export const registryMark = 'bulkhead-registry.pem'

/** One server of `hosts.toml` (containerd, docs/hosts.md). */
interface Server {
  readonly host: string
  /** Put before the path of each repository; empty for none. */
  readonly path: string
  /** PEM; undefined for the system's authorities. */
  readonly authorities?: string
  readonly resolves: boolean
}

/** `mirrored` by the name of the registry, such as `docker.io`. */
export interface KnownRegistries {
  readonly own: RegistryEndpoint | undefined
  readonly mirrored: ReadonlyMap<string, MirroredRegistry>
}

/**
 * Folders of other registries, which an administrator made, stay, and count instead of a mirror's object; those of an earlier start are replaced. containerd
 * reads them at each pull. Resolves with the registries whose mirrors do not count for that reason.
 */
export async function writeRegistryHosts(directory: string, known: KnownRegistries): Promise<string[]> {
  const wanted = serversOf(known)
  const others: string[] = []
  const present = await readdir(directory)
  for (const name of present) {
    const isOurs = (await readdir(join(directory, name)).catch(() => [] as string[])).includes(registryMark)
    if (isOurs && !wanted.has(name)) await rm(join(directory, name), { recursive: true, force: true })
    if (!isOurs && wanted.has(name)) others.push(name)
  }
  for (const [name, servers] of wanted) {
    if (others.includes(name)) continue
    const folder = join(directory, name)
    await mkdir(folder, { recursive: true, mode: 0o700 })
    // First: a folder without it would count as an administrator's.
    await ensureFile(join(folder, registryMark), servers[0]?.authorities ?? '')
    for (const [index, { authorities }] of servers.entries())
      if (authorities !== undefined) await ensureFile(join(folder, authorityFile(index)), authorities)
    await ensureFile(join(folder, 'hosts.toml'), hostsToml(servers, folder))
  }
  return others.filter(name => known.mirrored.has(name))
}

/** By registry, in the order in which they are tried; the last is the one that containerd calls the server. */
function serversOf({ own, mirrored }: KnownRegistries): Map<string, readonly Server[]> {
  const found = new Map<string, readonly Server[]>()
  for (const [registry, rules] of mirrored) {
    const servers = mirrorServers(own, registry, rules)
    if (servers.length > 0) found.set(registry, servers)
  }
  for (const host of own?.hosts ?? [])
    found.set(host, [{ host: own?.reachedAt ?? host, path: '', authorities: own?.authority ?? '', resolves: true }])
  return found
}

function mirrorServers(own: RegistryEndpoint | undefined, registry: string, rules: MirroredRegistry): Server[] {
  const host = own?.reachedAt ?? own?.hosts[0]
  // The cluster's registry has it from the mirrors, so nodes need no other.
  if (rules.pullThrough !== undefined && own !== undefined && host !== undefined)
    return [{ host, path: rules.pullThrough, authorities: own.authority, resolves: true }]
  const mirrors = rules.mirrors.map((mirror: MirrorAddress): Server => {
    const { authorities } = mirror
    return {
      host: mirror.host,
      path: mirror.path,
      resolves: mayResolveTags(rules, mirror),
      ...(authorities === undefined ? {} : { authorities }),
    }
  })
  if (mirrors.length === 0 || rules.only) return mirrors
  return [...mirrors, { host: registry === 'docker.io' ? 'registry-1.docker.io' : registry, path: '', resolves: true }]
}

const authorityFile = (index: number): string => `authority-${index}.pem`

/** Nothing but TLS. containerd 1.7 reads no file without a host, so the last server is one too. JSON's escapes are a subset of TOML's. */
export function hostsToml(servers: readonly Server[], folder: string): string {
  const last = servers.length - 1
  const fields = ({ resolves, path, authorities }: Server, index: number, indent: string): string[] =>
    [
      `capabilities = ["pull"${resolves ? ', "resolve"' : ''}]`,
      ...(path === '' ? [] : ['override_path = true']),
      ...(authorities === undefined ? [] : [`ca = ${writeJson(join(folder, authorityFile(index)))}`]),
    ].map(line => `${indent}${line}`)
  const url = ({ host, path }: Server): string => writeJson(path === '' ? `https://${host}` : `https://${host}/v2/${path}`)
  const text = servers.flatMap((server, index) => ['', `[host.${url(server)}]`, ...fields(server, index, '  ')])
  const fallback = servers[last]
  return [...(fallback === undefined ? [] : [`server = ${url(fallback)}`, ...fields(fallback, last, '')]), ...text, ''].join('\n')
}
