// A signed manifest: the object as its author wrote it, in an annotation beside what the cluster made of it.
import { createHash } from 'node:crypto'
import { gunzipSync, gzipSync } from 'node:zlib'
import { canonicalJson } from '../../base/canonical-json.ts'
import { isJsonObject } from '../../base/json.ts'
import { messageOf, UserError } from '../../base/user-error.ts'
import type { Digest } from '../oci/digest.ts'
import { type JsonObject, objectMember, textMember } from '../signatures/read-json.ts'
import type { UnsignedStatement } from '../signatures/signed-statement.ts'

/** A sigstore bundle, compressed with gzip, in base64. */
export const signatureAnnotation = 'supply.bulkhead.dev/signature'
/** Further bundles about the same object, each in the same form; separated by spaces. */
export const attestationsAnnotation = 'supply.bulkhead.dev/attestations'
/** Written by the API server: the digest of the signature that it verified when the object was written last. */
export const verifiedAnnotation = 'supply.bulkhead.dev/verified-manifest'
/** `kubectl apply` keeps what was applied there. */
const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration'
export const manifestPredicate = 'https://bulkhead.dev/manifest/v1'

/** All annotations of an object have at most 256 KiB (Kubernetes). */
export const maxAnnotationLength = 240 * 1024
/** Of a bundle, unpacked; an object in the store has about as many at most. */
export const maxBundleBytes = 2 * 1024 * 1024
export const maxAttestations = 10

/** Of metadata, the server's own. */
const serverFields: readonly string[] = [
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'managedFields',
  'selfLink',
]
const ownAnnotations: readonly string[] = [signatureAnnotation, attestationsAnnotation, verifiedAnnotation, lastApplied]

/** What a signature is for: the object without its status, the server's metadata and the annotations above. A new object. */
export function signedPart(object: JsonObject): JsonObject {
  const { status: _status, metadata, ...rest } = object
  const { annotations, ...kept } = isJsonObject(metadata) ? metadata : {}
  const others = Object.entries(isJsonObject(annotations) ? annotations : {}).filter(([name]) => !ownAnnotations.includes(name))
  return {
    ...rest,
    metadata: {
      ...Object.fromEntries(Object.entries(kept).filter(([name, value]) => !serverFields.includes(name) && value !== undefined)),
      ...(others.length === 0 ? {} : { annotations: Object.fromEntries(others) }),
    },
  }
}

/** The order of fields does not count. */
export const manifestDigest = (part: JsonObject): Digest => `sha256:${createHash('sha256').update(canonicalJson(part)).digest('hex')}`

/** `Deployment.apps/shop/web`, for messages and as the statement's subject. */
export function manifestName({ apiVersion, kind, metadata }: JsonObject): string {
  const [group] = typeof apiVersion === 'string' && apiVersion.includes('/') ? apiVersion.split('/') : []
  const { name, namespace } = isJsonObject(metadata) ? metadata : {}
  return [group === undefined ? kind : `${String(kind)}.${group}`, namespace, name].filter(part => part !== undefined).join('/')
}

/** The statement to sign. `signedAt` in milliseconds since the epoch: of two statements about an object, the later counts. */
export function manifestStatement(object: JsonObject, signedAt: number): UnsignedStatement {
  const part = signedPart(object)
  return {
    predicateType: manifestPredicate,
    subject: [{ name: manifestName(part), digest: { sha256: manifestDigest(part).slice('sha256:'.length) } }],
    predicate: { object: part, signedAt: new Date(signedAt).toISOString() },
  }
}

export const packBundle = (bundle: string): string => gzipSync(bundle, { level: 9 }).toString('base64')

/** `where` begins each message. Throws a UserError. */
export function unpackBundle(text: string, where: string): Buffer {
  if (text.length > maxAnnotationLength || !/^[A-Za-z0-9+/]+={0,2}$/.test(text))
    throw new UserError(`${where} must be base64 of at most ${maxAnnotationLength} characters, as "bulkhead sign" writes it`)
  try {
    return gunzipSync(Buffer.from(text, 'base64'), { maxOutputLength: maxBundleBytes })
  } catch (err) {
    throw new UserError(`${where} cannot be unpacked: ${messageOf(err)}`, { cause: err })
  }
}

/** The name of an object in a file of manifests. Throws a UserError if it cannot be signed. */
export function requireSignable(object: JsonObject, where: string): void {
  const metadata = objectMember(object, 'metadata') ?? {}
  if (textMember(object, 'apiVersion') === undefined || textMember(object, 'kind') === undefined)
    throw new UserError(`${where} has no apiVersion and kind`)
  if (textMember(metadata, 'name') === undefined)
    throw new UserError(`${where} has no metadata.name: an object with a generated name cannot be signed`)
}
