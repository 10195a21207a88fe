// What upstream warns of in volumes made of files: two files for one path, or a file where another one's folder must be.
import type { Volume, VolumeProjection } from '../../types/core-v1.ts'

interface WithPath {
  readonly path: string
}

export function warnOfOverlappingPaths(volumes: readonly Volume[] | undefined, warnings: string[]): void {
  for (const { name, configMap, secret, downwardAPI, projected } of volumes ?? []) {
    const volume = `volume ${quoted(name)}`
    if (configMap?.items) warnOfOverlaps(pathsOf(configMap.items), `${volume} (ConfigMap ${quoted(configMap.name)})`, warnings)
    if (secret?.items) warnOfOverlaps(pathsOf(secret.items), `${volume} (Secret ${quoted(secret.secretName)})`, warnings)
    if (downwardAPI?.items) warnOfOverlaps(pathsOf(downwardAPI.items), `${volume} (DownwardAPI)`, warnings)
    if (projected !== undefined) warnOfProjections(projected.sources ?? [], volume, warnings)
  }
}

/** Each source is looked at by itself, and then together with those before it. */
function warnOfProjections(sources: readonly VolumeProjection[], volume: string, warnings: string[]): void {
  const all = new Set<string>()
  for (const source of sources) {
    const { configMap, secret, downwardAPI, serviceAccountToken } = source
    if (configMap === undefined && secret === undefined && downwardAPI === undefined && serviceAccountToken === undefined) {
      warnings.push(`${volume} (Projected) has no sources provided`)
      continue
    }
    const [paths, what] = projected(source)
    if (paths.length === 0) continue
    warnOfOverlaps(paths, `${volume} (Projected ${what})`, warnings)
    const unique = new Set(paths)
    warnOfOverlaps([...unique, ...all].sort(), `${volume} (Projected ${what})`, warnings)
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

function warnOfOverlaps(paths: readonly string[], what: string, warnings: string[]): void {
  const seen = new Set<string>()
  for (const given of paths) {
    const path = given.replace(/\/+$/, '')
    const other = overlapping(seen, path)
    if (other !== undefined) warnings.push(`${what}: overlapping paths: ${JSON.stringify(path)} with ${JSON.stringify(other)}`)
    seen.add(path)
  }
}

function overlapping(seen: ReadonlySet<string>, path: string): string | undefined {
  if (path === '') return undefined
  for (const other of seen) {
    if (other === '') return undefined
    // As upstream compares: `abc` counts as being below `ab`.
    if (`${other}/`.startsWith(path) || `${path}/`.startsWith(other)) return other
  }
  return undefined
}
