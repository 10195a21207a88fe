// Upstream's warnings about volumes made of files: two files with one path, or a file in place of another one's folder.
import { writeJson } from '../../../base/write-json.ts'
import type { Volume, VolumeProjection } from '../../types/core-v1.ts'

/** Without trailing slashes; no pattern, which would try each run of slashes in the middle to its end. */
function withoutSlashes(path: string): string {
  let end = path.length
  while (path[end - 1] === '/') end--
  return path.slice(0, end)
}

/** Limit of comparisons for one pod. Upstream's are quadratic in the files, and nobody reads so many warnings. */
const maxComparisons = 200_000

/** Collects results while the budget lasts. */
interface Search {
  readonly warnings: string[]
  left: number
}

interface WithPath {
  readonly path: string
}

/** A path without trailing slashes, and its form in the warning: with its source, if a volume has several. */
interface File extends WithPath {
  readonly shown: string
}

export function warnOfOverlappingPaths(volumes: readonly Volume[] | undefined, warnings: string[]): void {
  const search = { warnings, left: maxComparisons }
  for (const { name, configMap, secret, downwardAPI, projected } of volumes ?? []) {
    const volume = `volume ${quoted(name)}`
    if (configMap?.items) warnOfOverlaps(filesOf(configMap.items), `${volume} (ConfigMap ${quoted(configMap.name)})`, search)
    if (secret?.items) warnOfOverlaps(filesOf(secret.items), `${volume} (Secret ${quoted(secret.secretName)})`, search)
    if (downwardAPI?.items) warnOfOverlaps(filesOf(downwardAPI.items), `${volume} (DownwardAPI)`, search)
    if (projected !== undefined) warnOfProjections(projected.sources ?? [], `${volume} (Projected)`, search)
  }
}

function warnOfProjections(sources: readonly VolumeProjection[], volume: string, search: Search): void {
  const all: File[] = []
  let files: readonly File[] = []
  for (const source of sources) {
    const { configMap, secret, downwardAPI, serviceAccountToken } = source
    if (configMap === undefined && secret === undefined && downwardAPI === undefined && serviceAccountToken === undefined) {
      search.warnings.push(`${volume} has no sources provided`)
      continue
    }
    // v1.33 mistakes a source without items for the previous one, and warns about its files again.
    files = filesOfSource(source) ?? files
    warnOfOverlaps(files, volume, search, all)
  }
}

function filesOfSource({ configMap, secret, downwardAPI, serviceAccountToken }: VolumeProjection): readonly File[] | undefined {
  if (configMap?.items !== undefined) return filesOf(configMap.items, `ConfigMap ${quoted(configMap.name)}`)
  if (secret?.items !== undefined) return filesOf(secret.items, `Secret ${quoted(secret.name)}`)
  if (downwardAPI?.items !== undefined) return filesOf(downwardAPI.items, 'DownwardAPI')
  return serviceAccountToken && filesOf([serviceAccountToken], 'ServiceAccountToken')
}

function filesOf(items: readonly WithPath[], source?: string): readonly File[] {
  return items.map(item => {
    const path = withoutSlashes(item.path)
    return { path, shown: source === undefined ? quoted(path) : `${quoted(path)} (${source})` }
  })
}

function quoted(name: string | undefined): string {
  return writeJson(name ?? '')
}

/** Compares each file with those of `seen`, and adds it. */
function warnOfOverlaps(files: readonly File[], volume: string, search: Search, seen: File[] = []): void {
  for (const file of files) {
    for (const other of seen) {
      if (search.left-- <= 0) return
      if (overlap(file.path, other.path)) search.warnings.push(`${volume}: overlapping paths: ${file.shown} with ${other.shown}`)
    }
    seen.push(file)
  }
}

function overlap(path: string, other: string): boolean {
  if (path === '' || other === '') return false
  return `${other}/`.startsWith(`${path}/`) || `${path}/`.startsWith(`${other}/`)
}
