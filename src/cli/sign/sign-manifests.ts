// `bulkhead sign`: writes manifests with a signature of each object in an annotation.
import { dump } from 'js-yaml'
import { replaceFile } from '../../base/files/replace-file.ts'
import { isJsonObject } from '../../base/json.ts'
import { UserError } from '../../base/user-error.ts'
import {
  attestationsAnnotation,
  manifestDigest,
  manifestName,
  manifestStatement,
  maxAnnotationLength,
  maxAttestations,
  packBundle,
  requireSignable,
  signatureAnnotation,
  signedPart,
} from '../../supply-chain/manifests/signed-manifest.ts'
import { parseBundle } from '../../supply-chain/signatures/parse-bundle.ts'
import type { JsonObject } from '../../supply-chain/signatures/read-json.ts'
import { keyId, signedBundle } from '../../supply-chain/signatures/signed-statement.ts'
import { readManifestObjects } from './manifest-objects.ts'
import { readSigningKey } from './signing-key.ts'

export interface SignFlags {
  readonly filename: readonly string[]
  readonly key: string
  readonly attestation?: readonly string[]
  readonly output?: string
}

export interface SignContext {
  readonly passphrase: string | undefined
  /** Milliseconds since the epoch. */
  readonly now: number
  /** To stdout. */
  print(text: string): void
  /** To stderr. */
  note(text: string): void
  readFile(path: string): Promise<Buffer>
}

/** Rejects with a UserError that names the file or the object. */
export async function signManifests(flags: SignFlags, { passphrase, now, print, note, readFile }: SignContext): Promise<void> {
  const key = await readSigningKey(flags.key, passphrase)
  const attestations = await Promise.all((flags.attestation ?? []).map(async file => ({ file, bundle: await readFile(file) })))
  const objects = await readManifestObjects(flags.filename, readFile)
  const used = new Set<string>()
  const signed = objects.map(({ object, where }) => {
    requireSignable(object, where)
    const digest = manifestDigest(signedPart(object))
    const about = attestations.filter(({ file, bundle }) => subjectsOf(bundle, file).includes(digest))
    for (const { file } of about) used.add(file)
    if (about.length > maxAttestations) throw new UserError(`${where} has more than ${maxAttestations} attestations`)
    const annotations: Record<string, string> = { [signatureAnnotation]: packBundle(signedBundle(manifestStatement(object, now), key)) }
    if (about.length > 0) annotations[attestationsAnnotation] = about.map(({ bundle }) => packBundle(bundle.toString('utf8'))).join(' ')
    const length = Object.values(annotations).reduce((sum, text) => sum + text.length, 0)
    if (length > maxAnnotationLength)
      throw new UserError(
        `${where}: its signature and attestations have ${length} characters, and annotations at most ${maxAnnotationLength}. Split the object, or attest with --summary`,
      )
    return withAnnotations(object, annotations)
  })
  for (const { file } of attestations)
    if (!used.has(file)) throw new UserError(`"${file}" is about none of these objects: make it with "bulkhead dev attest --manifests"`)
  const text = signed.map(object => `---\n${dump(object, { lineWidth: -1, noRefs: true })}`).join('')
  if (flags.output === undefined) print(text)
  else await replaceFile(flags.output, text, 0o644)
  note(`Signed ${signed.length} ${signed.length === 1 ? 'object' : 'objects'} with key ${keyId(key.publicKey)}: ${namesOf(signed)}`)
}

const shownNames = 5
const namesOf = (objects: readonly JsonObject[]): string =>
  `${objects.slice(0, shownNames).map(manifestName).join(', ')}${objects.length > shownNames ? ` and ${objects.length - shownNames} more` : ''}`

function subjectsOf(bundle: Buffer, file: string): readonly string[] {
  try {
    return parseBundle(bundle).statement.digests
  } catch (err) {
    if (err instanceof UserError) throw new UserError(`"${file}": ${err.message}`, { cause: err })
    throw err
  }
}

/** A new object; the signature of before is replaced. */
function withAnnotations(object: JsonObject, added: Readonly<Record<string, string>>): JsonObject {
  const metadata = isJsonObject(object['metadata']) ? object['metadata'] : {}
  const {
    [signatureAnnotation]: _,
    [attestationsAnnotation]: __,
    ...kept
  } = isJsonObject(metadata['annotations']) ? metadata['annotations'] : {}
  return { ...object, metadata: { ...metadata, annotations: { ...kept, ...added } } }
}
