// Reads all signatures and attestations of one image from where it is kept. The result is data: it can be kept with the image and be verified
// again without the registry, when a policy or a trust root changes.
import { getOwn } from '../../base/data/own-property.ts'
import { messageOf, UserError } from '../../base/user-error.ts'
import { parseDescriptor } from '../oci/descriptor.ts'
import type { Digest } from '../oci/digest.ts'
import type { Descriptor, ImageSource } from '../oci/image-source.ts'
import { RegistryDenied, RegistryUnavailable } from '../oci/registry/registry-error.ts'
import type { ClaimKind, ClaimSource, Claims, UnreadableClaim } from './claim.ts'
import { claimsOf, parseClaim } from './parse-claim.ts'
import { envelopeMediaType, simpleSigningMediaType } from './parse-cosign.ts'
import { readJsonObject } from './read-json.ts'

/** Signatures and attestations of one image. More are refused: which of them to drop is not for the registry to choose. */
export const maxClaims = 256
/** A bill of materials of a large image has some MiB. */
export const maxClaimBytes = 16 * 1024 * 1024
export const maxAllClaimBytes = 64 * 1024 * 1024
/** Reads at once. */
const parallelReads = 4

const bundleMediaType = /^application\/vnd\.dev\.sigstore\.bundle(?:\.v\d\.\d)?\+json(?:;version=\d\.\d)?$/
const emptyType = 'application/vnd.oci.empty.v1+json'

type Found = Omit<ClaimSource, 'content'>

/**
 * Rejects with a UserError if the source does not answer or if there are too many claims. A claim that cannot be read, or whose content is not
 * what its digest names, hides no other: it is in `unreadable`.
 */
export async function collectClaims(source: ImageSource, digest: Digest, signal: AbortSignal): Promise<Claims> {
  const bundles = (await source.referrers(digest, signal)).filter(mayHoldBundle)
  requireFew(digest, bundles.length)
  const manifests = [
    { name: `${digest.replace(':', '-')}.sig`, kind: 'signature' as const },
    { name: `${digest.replace(':', '-')}.att`, kind: 'attestation' as const },
    ...bundles.map(bundle => ({ name: bundle.digest, kind: 'bundle' as const })),
  ]
  const listed = await inParallel(manifests, ({ name, kind }) => readable(digest, () => layersOf(source, name, kind, signal)))
  const found = listed.flatMap(layers => ('problem' in layers ? [] : layers))
  requireFew(digest, found.length)
  requireSmall(digest, found)
  const contents = new Map<Digest, Promise<Uint8Array>>()
  const parsed = await inParallel(found, ({ kind, layer }) =>
    readable(layer.digest, async () => {
      // Signatures by several keys share one payload.
      const content = contents.get(layer.digest) ?? readBlob(source, layer, signal)
      contents.set(layer.digest, content)
      return parseClaim({ kind, layer, content: await content })
    }),
  )
  return claimsOf(digest, [...listed.flatMap(layers => ('problem' in layers ? [layers] : [])), ...parsed])
}

/** What `read` resolves with, or why it is not readable. Rejects where a later attempt may tell more, and where nothing may be read. */
async function readable<T>(origin: Digest, read: () => Promise<T>): Promise<T | UnreadableClaim> {
  try {
    return await read()
  } catch (err) {
    if (!(err instanceof UserError) || err instanceof RegistryUnavailable || err instanceof RegistryDenied) throw err
    return { origin, problem: messageOf(err) }
  }
}

/**
 * cosign 2 lists a bundle in the fallback tag of referrers with the type of its empty configuration: only the manifest's layers say what it is.
 */
function mayHoldBundle({ artifactType = '', annotations = {} }: Descriptor): boolean {
  return (
    bundleMediaType.test(artifactType) ||
    artifactType === '' ||
    artifactType === emptyType ||
    Object.hasOwn(annotations, 'dev.sigstore.bundle.predicateType')
  )
}

const holds: Readonly<Record<ClaimKind, (mediaType: string) => boolean>> = {
  signature: mediaType => mediaType === simpleSigningMediaType,
  attestation: mediaType => mediaType === envelopeMediaType,
  bundle: mediaType => bundleMediaType.test(mediaType),
}

/** The layers of a manifest that hold claims; none if there is no such manifest. */
async function layersOf(source: ImageSource, name: string, kind: ClaimKind, signal: AbortSignal): Promise<Found[]> {
  const manifest = await source.manifest(name, signal)
  if (manifest === undefined) {
    if (kind === 'bundle') throw new UserError(`the manifest "${name}" is listed and not there`)
    return []
  }
  const layers = getOwn(readJsonObject(manifest.bytes, `the manifest "${name}"`), 'layers')
  if (!Array.isArray(layers)) throw new UserError(`the manifest "${name}" has no list "layers"`)
  return layers
    .map((layer, index) => parseDescriptor(layer, `the manifest "${name}": layers[${index}]`))
    .filter(({ mediaType }) => holds[kind](mediaType))
    .map(layer => ({ kind, layer }))
}

function requireFew(digest: Digest, count: number): void {
  if (count > maxClaims) throw new UserError(`Image ${digest} has ${count} signatures and attestations, at most ${maxClaims} are read`)
}

function requireSmall(digest: Digest, found: readonly Found[]): void {
  const sizes = new Map(found.map(({ layer }) => [layer.digest, layer.size]))
  for (const [blob, size] of sizes)
    if (size > maxClaimBytes) throw new UserError(`Image ${digest}: the signed content ${blob} has ${size} bytes, at most ${maxClaimBytes}`)
  const all = [...sizes.values()].reduce((sum, size) => sum + size, 0)
  if (all > maxAllClaimBytes) throw new UserError(`Image ${digest}: its signed contents have ${all} bytes, at most ${maxAllClaimBytes}`)
}

async function readBlob(source: ImageSource, layer: Descriptor, signal: AbortSignal): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  for await (const part of source.blob(layer, signal)) parts.push(part)
  return Buffer.concat(parts)
}

/** Results in the order of `items`. */
async function inParallel<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results = new Array<R>(items.length)
  const pending = items.entries()
  const worker = async (): Promise<void> => {
    for (const [index, item] of pending) results[index] = await work(item)
  }
  await Promise.all(Array.from({ length: parallelReads }, worker))
  return results
}
