// Reads all signatures and attestations of one image from where it is kept. The result is data: it can be kept with the image and be verified
// again without the registry, when a policy or a trust root changes.
import { getOwn } from '../../base/data/own-property.ts'
import { messageOf, UserError } from '../../base/user-error.ts'
import type { Digest } from '../oci/digest.ts'
import type { Descriptor, ImageSource } from '../oci/image-source.ts'
import { readDescriptor } from '../oci/read-descriptor.ts'
import type { Claim, ClaimFormat, Claims, UnreadableClaim } from './claim.ts'
import { parseBundle } from './parse-bundle.ts'
import { envelopeMediaType, parseCosignAttestation, parseCosignSignature, simpleSigningMediaType } from './parse-cosign.ts'
import { readJsonObject } from './read-json.ts'

/** Signatures and attestations of one image. More are refused: which of them to drop is not for the registry to choose. */
export const maxClaims = 256
/** A bill of materials of a large image has some MiB. */
export const maxClaimBytes = 16 * 1024 * 1024
export const maxAllClaimBytes = 64 * 1024 * 1024
/** Reads at once. */
const parallelReads = 4

const bundleMediaType = /^application\/vnd\.dev\.sigstore\.bundle(?:\.v\d\.\d)?\+json(?:;version=\d\.\d)?$/

interface Found {
  readonly format: ClaimFormat
  readonly layer: Descriptor
  readonly parse: (layer: Descriptor, content: Uint8Array) => Claim
}

/**
 * Rejects with a UserError if the source does not answer or if there are too many claims. A claim that cannot be read hides no other: it is in
 * `unreadable`.
 */
export async function collectClaims(source: ImageSource, digest: Digest, signal: AbortSignal): Promise<Claims> {
  const unreadable: UnreadableClaim[] = []
  const bundles = (await source.referrers(digest, signal)).filter(isBundleReferrer)
  requireFew(digest, bundles.length)
  const found = [...(await tagged(source, digest, 'sig', signal)), ...(await tagged(source, digest, 'att', signal))]
  requireFew(digest, found.length + bundles.length)
  for (const layers of await inParallel(bundles, manifest => bundleLayers(source, manifest, unreadable, signal))) found.push(...layers)
  requireFew(digest, found.length)
  requireSmall(digest, found)
  const contents = new Map<Digest, Promise<Uint8Array>>()
  const read = await inParallel(found, async ({ format, layer, parse }): Promise<Claim | UnreadableClaim> => {
    // Signatures by several keys share one payload.
    const content = contents.get(layer.digest) ?? readBlob(source, layer, signal)
    contents.set(layer.digest, content)
    const bytes = await content
    try {
      return parse(layer, bytes)
    } catch (err) {
      if (!(err instanceof UserError)) throw err
      return { format, origin: layer.digest, problem: messageOf(err) }
    }
  })
  const isReadable = (claim: Claim | UnreadableClaim): claim is Claim => 'statement' in claim
  const isUnreadable = (claim: Claim | UnreadableClaim): claim is UnreadableClaim => 'problem' in claim
  return { digest, readable: read.filter(isReadable), unreadable: [...unreadable, ...read.filter(isUnreadable)] }
}

/** Registries without the referrers API have no reliable type of artifact: cosign notes the predicate beside it. */
function isBundleReferrer({ artifactType = '', annotations = {} }: Descriptor): boolean {
  return bundleMediaType.test(artifactType) || Object.hasOwn(annotations, 'dev.sigstore.bundle.predicateType')
}

/** The layers of cosign's tag `sha256-<hex>.sig` or `.att`. */
async function tagged(source: ImageSource, digest: Digest, suffix: 'sig' | 'att', signal: AbortSignal): Promise<Found[]> {
  const manifest = await source.manifest(`${digest.replace(':', '-')}.${suffix}`, signal)
  if (manifest === undefined) return []
  const [mediaType, parse] = suffix === 'sig' ? [simpleSigningMediaType, parseCosignSignature] : [envelopeMediaType, parseCosignAttestation]
  return layersOf(manifest.bytes, `the manifest "${digest.replace(':', '-')}.${suffix}"`)
    .filter(layer => layer.mediaType === mediaType)
    .map(layer => ({ format: 'cosign', layer, parse }))
}

async function bundleLayers(
  source: ImageSource,
  { digest }: Descriptor,
  unreadable: UnreadableClaim[],
  signal: AbortSignal,
): Promise<Found[]> {
  const manifest = await source.manifest(digest, signal)
  if (manifest === undefined) {
    unreadable.push({ format: 'bundle', origin: digest, problem: 'its manifest is listed and not there' })
    return []
  }
  try {
    const layers = layersOf(manifest.bytes, 'its manifest').filter(({ mediaType }) => bundleMediaType.test(mediaType))
    return layers.map(layer => ({ format: 'bundle', layer, parse: (at, content) => parseBundle(content, at.digest) }))
  } catch (err) {
    if (!(err instanceof UserError)) throw err
    unreadable.push({ format: 'bundle', origin: digest, problem: messageOf(err) })
    return []
  }
}

function layersOf(bytes: Uint8Array, what: string): Descriptor[] {
  const layers = getOwn(readJsonObject(bytes, what), 'layers')
  if (!Array.isArray(layers)) throw new UserError(`${what} has no list "layers"`)
  return layers.map((layer, index) => {
    const descriptor = readDescriptor(layer)
    if (descriptor === undefined) throw new UserError(`${what}: layers[${index}] is no descriptor`)
    return descriptor
  })
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
