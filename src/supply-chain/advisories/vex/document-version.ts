// Which document of VEX one is a version of: an older version is withdrawn by the newer one, wherever it still lies. Pure.
import { isJsonObject } from '../../../base/json.ts'

export interface DocumentVersion {
  readonly id: string
  /** Of two versions of a document, the one with the higher number is newer; of two with the same number, the later one. */
  readonly number: number
  /** Milliseconds since 1970. */
  readonly time: number
}

/** Undefined for a document without an identifier, of which nobody knows what it is a version of. */
export function documentVersion(document: unknown): DocumentVersion | undefined {
  if (!isJsonObject(document)) return undefined
  const { '@id': openvex, serialNumber: cyclonedx, version, last_updated: updated, timestamp, metadata } = document
  const id = openvex ?? cyclonedx
  if (typeof id !== 'string' || id === '') return undefined
  const time = updated ?? timestamp ?? (isJsonObject(metadata) ? metadata['timestamp'] : undefined)
  const parsed = typeof time === 'string' ? Date.parse(time) : Number.NaN
  // OpenVEX before 0.2.0 has the number as a text.
  const number = Number(version ?? 0)
  return { id, number: Number.isFinite(number) ? number : 0, time: Number.isNaN(parsed) ? 0 : parsed }
}

export const isOlder = (one: DocumentVersion, other: DocumentVersion): boolean =>
  one.number !== other.number ? one.number < other.number : one.time < other.time

/** Those of which there is no newer version, in their order. */
export function newestVersions<T>(documents: readonly T[]): readonly T[] {
  const newest = new Map<string, DocumentVersion>()
  const versions = documents.map(documentVersion)
  for (const version of versions) {
    const known = version && newest.get(version.id)
    if (version !== undefined && (known === undefined || isOlder(known, version))) newest.set(version.id, version)
  }
  return documents.filter((_, index) => {
    const version = versions[index]
    const last = version && newest.get(version.id)
    return version === undefined || last === undefined || !isOlder(version, last)
  })
}
