// What upstream warns of in volumes made of files: two files for one path, or a file where another one's folder must be.
import type { Volume, VolumeProjection } from '../../types/core-v1.ts'

/** Without those at the end; no pattern, which would try each run of slashes in the middle to its end. */
function withoutSlashes(path: string): string {
  let end = path.length
  while (path[end - 1] === '/') end--
  return path.slice(0, end)
}

/** Comparisons for one pod. Upstream's are as many as the cube of the sources, and nobody reads so many warnings. */
const maxComparisons = 200_000

/** Where what is found goes, as long as there is something left to spend. */
interface Search {
  readonly warnings: string[]
  left: number
}

interface WithPath {
  readonly path: string
}

export function warnOfOverlappingPaths(volumes: readonly Volume[] | undefined, warnings: string[]): void {
  const search = { warnings, left: maxComparisons }
  for (const { name, configMap, secret, downwardAPI, projected } of volumes ?? []) {
    const volume = `volume ${quoted(name)}`
    if (configMap?.items) warnOfOverlaps(pathsOf(configMap.items), `${volume} (ConfigMap ${quoted(configMap.name)})`, search)
    if (secret?.items) warnOfOverlaps(pathsOf(secret.items), `${volume} (Secret ${quoted(secret.secretName)})`, search)
    if (downwardAPI?.items) warnOfOverlaps(pathsOf(downwardAPI.items), `${volume} (DownwardAPI)`, search)
    if (projected !== undefined) warnOfProjections(projected.sources ?? [], volume, search)
  }
}

/** Each source is looked at by itself, and then together with those before it. */
function warnOfProjections(sources: readonly VolumeProjection[], volume: string, search: Search): void {
  const all = new Set<string>()
  for (const source of sources) {
    if (search.left <= 0) return
    const { configMap, secret, downwardAPI, serviceAccountToken } = source
    if (configMap === undefined && secret === undefined && downwardAPI === undefined && serviceAccountToken === undefined) {
      search.warnings.push(`${volume} (Projected) has no sources provided`)
      continue
    }
    const [paths, what] = projected(source)
    if (paths.length === 0) continue
    warnOfOverlaps(paths, `${volume} (Projected ${what})`, search)
    const unique = new Set(paths)
    warnOfOverlaps([...unique, ...all].sort(), `${volume} (Projected ${what})`, search)
    for (const path of unique) all.add(path)
  }
}

function projected({ configMap, secret, downwardAPI, serviceAccountToken }: VolumeProjection): [paths: readonly string[], what: string] {
  if (configMap?.items !== undefined) return [pathsOf(configMap.items), `ConfigMap ${quoted(configMap.name)}`]
  if (secret?.items !== undefined) return [pathsOf(secret.items), `Secret ${quoted(secret.name)}`]
  if (downwardAPI?.items !== undefined) return [pathsOf(downwardAPI.items), 'DownwardAPI']
  if (serviceAccountToken !== undefined) return [[serviceAccountToken.path], 'ServiceAccountToken']
  return [[], '']
}

function pathsOf(items: readonly WithPath[]): readonly string[] {
  return items.map(({ path }) => path)
}

function quoted(name: string | undefined): string {
  return JSON.stringify(name ?? '')
}

function warnOfOverlaps(paths: readonly string[], what: string, search: Search): void {
  const seen = new Set<string>()
  for (const given of paths) {
    const path = withoutSlashes(given)
    const other = overlapping(seen, path, search)
    if (other !== undefined) search.warnings.push(`${what}: overlapping paths: ${JSON.stringify(path)} with ${JSON.stringify(other)}`)
    seen.add(path)
  }
}

function overlapping(seen: ReadonlySet<string>, path: string, search: Search): string | undefined {
  if (path === '') return undefined
  for (const other of seen) {
    if (search.left-- <= 0) return undefined
    if (other === '') return undefined
    // As upstream compares: `abc` counts as being below `ab`.
    if (`${other}/`.startsWith(path) || `${path}/`.startsWith(other)) return other
  }
  return undefined
}
