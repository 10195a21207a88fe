// What the Image object of a digest says, from what it said and what is known now. Pure.
import { isDeepStrictEqual } from 'node:util'
import {
  imageName,
  maxIdentities,
  maxProvenance,
  maxReferences,
  maxRunningNames,
  maxUpdates,
  maxVerdicts,
} from '../api/resources/supply/image.ts'
import type { Image, ImageFindings, ImageProvenance, ImageSbom, ImageStatus, ImageUpdate, ImageVerdict } from '../api/types/supply-v1.ts'
import { writeJson } from '../base/write-json.ts'
import type { Digest } from '../supply-chain/oci/digest.ts'
import type { PlatformDigest } from '../supply-chain/policy/image-question.ts'

export interface ImageSighting {
  readonly digest: Digest
  readonly mediaType?: string
  readonly platforms: readonly PlatformDigest[]
  readonly references: ReadonlySet<string>
  /** By namespace. */
  readonly verdicts: ReadonlyMap<string, ImageVerdict>
  /** What was found in it now; unset fields stay as they are stored. */
  readonly software?: SoftwareSighting
}

export interface SoftwareSighting {
  readonly sbom?: ImageSbom
  /** `none`: no source of advisories is used any more. */
  readonly findings?: ImageFindings | 'none'
  /** By reference; `none` removes the proposal. */
  readonly updates?: ReadonlyMap<string, ImageUpdate | 'none'>
  /** All of it; empty if nobody attests any more. */
  readonly provenance?: readonly ImageProvenance[]
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
  const { sbom, findings, updates, provenance, ...status } = mergeSoftware(current?.status, seen.software)
  const wanted: Image = {
    metadata: { ...(current?.metadata ?? {}), name: imageName(seen.digest) },
    spec: { digest: seen.digest, ...(mediaType === undefined ? {} : { mediaType }) },
    status: {
      ...status,
      ...(sbom === undefined ? {} : { sbom }),
      ...(findings === undefined ? {} : { findings }),
      ...(updates === undefined || updates.length === 0 ? {} : { updates }),
      ...(provenance === undefined || provenance.length === 0 ? {} : { provenance }),
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

/** Times change only with what they are about. A failure to read an image does not replace what was read of it. */
function mergeSoftware(status: ImageStatus = {}, { sbom, findings, updates, provenance }: SoftwareSighting = {}): ImageStatus {
  const keepsSbom = sbom === undefined || (sbom.source === 'None' && status.sbom !== undefined && status.sbom.source !== 'None')
  const keepsFindings =
    findings === undefined || (findings !== 'none' && status.findings !== undefined && sameButTime(status.findings, findings))
  const { findings: before, ...others } = status
  const proposals = new Map((status.updates ?? []).map(update => [update.reference, update]))
  for (const [reference, update] of updates ?? []) {
    const old = proposals.get(reference)
    if (update === 'none') proposals.delete(reference)
    else if (old === undefined || !sameButTime(old, update)) proposals.set(reference, update)
  }
  return {
    ...others,
    ...(provenance === undefined ? {} : { provenance: provenance.slice(0, maxProvenance) }),
    ...(keepsSbom || sameButTime(status.sbom, sbom) ? {} : { sbom }),
    ...(keepsFindings ? (before === undefined ? {} : { findings: before }) : findings === 'none' ? {} : { findings }),
    ...(proposals.size === 0 ? { updates: [] } : { updates: [...proposals.values()].slice(-maxUpdates) }),
  }
}

const sameButTime = (a: object | undefined, b: object): boolean => isDeepStrictEqual({ ...a, time: '' }, { ...b, time: '' })

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
  return writeJson({ ...ordered(a), time: '' }) === writeJson({ ...ordered(b), time: '' })
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
    writeJson([
      spec.digest,
      spec.mediaType,
      status.references ?? [],
      (status.platforms ?? []).map(({ digest }) => digest),
      (status.verdicts ?? []).map(ordered),
      status.sbom,
      status.findings,
      status.provenance ?? [],
      status.updates ?? [],
      status.running?.pods ?? 0,
      status.running?.names ?? [],
    ])
  return shape(a) === shape(b)
}
