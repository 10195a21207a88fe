// What the Image object of a digest says, from what it said and what is known now. Pure.
import { imageName, maxIdentities, maxReferences, maxRunningNames, maxVerdicts } from '../api/resources/supply/image.ts'
import type { Image, ImageVerdict } from '../api/types/supply-v1.ts'
import type { Digest } from '../supply-chain/oci/digest.ts'
import type { PlatformDigest } from '../supply-chain/policy/image-question.ts'

export interface ImageSighting {
  readonly digest: Digest
  readonly mediaType?: string
  readonly platforms: readonly PlatformDigest[]
  readonly references: ReadonlySet<string>
  /** By namespace. */
  readonly verdicts: ReadonlyMap<string, ImageVerdict>
}

export interface RunningPods {
  /** `namespace/name`, sorted. */
  readonly names: readonly string[]
}

/** Undefined if the stored object says so already. */
export function planImage(current: Image | undefined, seen: ImageSighting, running: RunningPods): Image | undefined {
  const references = [...new Set([...(current?.status?.references ?? []), ...seen.references])].slice(-maxReferences)
  const inUse = new Set(running.names.map(name => name.slice(0, name.indexOf('/'))))
  const verdicts = mergeVerdicts(current?.status?.verdicts ?? [], seen.verdicts, inUse)
  const platforms = seen.platforms.length > 0 ? [...seen.platforms] : (current?.status?.platforms ?? [])
  const mediaType = seen.mediaType ?? current?.spec.mediaType
  const wanted: Image = {
    metadata: { ...(current?.metadata ?? {}), name: imageName(seen.digest) },
    spec: { digest: seen.digest, ...(mediaType === undefined ? {} : { mediaType }) },
    status: {
      ...current?.status,
      ...(references.length === 0 ? {} : { references }),
      ...(platforms.length === 0 ? {} : { platforms }),
      ...(verdicts.length === 0 ? {} : { verdicts }),
      running: {
        pods: running.names.length,
        ...(running.names.length === 0 ? {} : { names: running.names.slice(0, maxRunningNames) }),
      },
    },
  }
  return current !== undefined && sameContent(current, wanted) ? undefined : wanted
}

/** Namespaces that run the image stay; of the others the newest. The time of a verdict is that of its last change. */
function mergeVerdicts(
  known: readonly ImageVerdict[],
  seen: ReadonlyMap<string, ImageVerdict>,
  inUse: ReadonlySet<string>,
): ImageVerdict[] {
  const merged = new Map(known.map(verdict => [verdict.namespace, verdict]))
  for (const [namespace, verdict] of seen) {
    const before = merged.get(namespace)
    const limited = { ...verdict, ...(verdict.identities === undefined ? {} : { identities: verdict.identities.slice(0, maxIdentities) }) }
    merged.set(namespace, before !== undefined && sameVerdict(before, limited) ? before : limited)
  }
  const order = (verdict: ImageVerdict): string => `${inUse.has(verdict.namespace) ? 1 : 0}${verdict.time}`
  return [...merged.values()]
    .toSorted((a, b) => (order(a) < order(b) ? 1 : -1))
    .slice(0, maxVerdicts)
    .toSorted((a, b) => (a.namespace < b.namespace ? -1 : 1))
}

function sameVerdict(a: ImageVerdict, b: ImageVerdict): boolean {
  return JSON.stringify({ ...ordered(a), time: '' }) === JSON.stringify({ ...ordered(b), time: '' })
}

const ordered = ({ namespace, verdict, policies = [], identities = [], message = '', rules = '', time }: ImageVerdict) => ({
  namespace,
  verdict,
  policies,
  identities,
  message,
  rules,
  time,
})

const sameContent = (a: Image, b: Image): boolean => {
  const shape = ({ spec, status = {} }: Image) =>
    JSON.stringify([
      spec.digest,
      spec.mediaType,
      status.references ?? [],
      (status.platforms ?? []).map(({ digest }) => digest),
      (status.verdicts ?? []).map(ordered),
      status.running?.pods ?? 0,
      status.running?.names ?? [],
    ])
  return shape(a) === shape(b)
}
