// `bulkhead dev attest`: signs what this machine is, for images or manifests that are made on it.
import { replaceFile } from '../../base/files/replace-file.ts'
import { UserError } from '../../base/user-error.ts'
import { type EnvironmentFacts, environmentPredicate, environmentProblem } from '../../supply-chain/environment/environment-predicate.ts'
import { type EnvironmentPlace, readEnvironment } from '../../supply-chain/environment/read-environment.ts'
import { manifestDigest, manifestName, signedPart } from '../../supply-chain/manifests/signed-manifest.ts'
import { isDigest } from '../../supply-chain/oci/digest.ts'
import { keyId, type StatementSubject, signedBundle } from '../../supply-chain/signatures/signed-statement.ts'
import { readManifestObjects } from '../sign/manifest-objects.ts'
import { readSigningKey } from '../sign/signing-key.ts'

export interface AttestFlags {
  readonly key: string
  readonly output: string
  readonly image?: readonly string[]
  readonly manifests?: readonly string[]
  readonly summary?: boolean
}

export interface AttestContext extends Omit<EnvironmentPlace, 'folder' | 'summary'> {
  readonly passphrase: string | undefined
  print(text: string): void
}

/** Rejects with a UserError. */
export async function attest(
  { key: keyFile, output, image = [], manifests = [], summary = false }: AttestFlags,
  folder: string,
  context: AttestContext,
): Promise<void> {
  const key = await readSigningKey(keyFile, context.passphrase)
  const subject = [...image.map(imageSubject), ...(await manifestSubjects(manifests, context))]
  const facts = await readEnvironment({ ...context, folder, summary })
  // An attestation that is for nothing yet is for the working tree.
  const subjects = subject.length > 0 ? subject : [{ name: 'sources', digest: { sha256: facts.sources.sha256 } }]
  const bundle = signedBundle({ predicateType: environmentPredicate, subject: subjects, predicate: { ...facts } }, key)
  await replaceFile(output, `${bundle}\n`, 0o644)
  context.print(summaryOf(facts, keyId(key.publicKey), subjects.length))
}

function summaryOf(facts: EnvironmentFacts, key: string, subjects: number): string {
  const { commit, modified, tools, dependencies, sources } = facts
  const verified = dependencies.filter(each => each.verified === 'lockfile').length
  const problem = environmentProblem(facts)
  return [
    `Attested with key ${key} for ${subjects} ${subjects === 1 ? 'subject' : 'subjects'}`,
    `  commit        ${commit ?? 'none'}${modified.length === 0 ? '' : `, ${modified.length} files changed since`}`,
    `  sources       ${sources.count} files`,
    `  tools         ${tools.map(({ name }) => name).join(', ')}`,
    `  dependencies  ${dependencies.length}, ${verified} compared with the archives of the lockfile`,
    ...(problem === undefined ? [] : [`  WARNING: ${problem}`]),
  ].join('\n')
}

function imageSubject(text: string): StatementSubject {
  const [name = '', digest = name] = text.split('@')
  if (!isDigest(digest) || !digest.startsWith('sha256:'))
    throw new UserError(
      `--image must be a digest, or a name with one, such as registry.example.com/web@sha256:…, got "${text.slice(0, 200)}"`,
    )
  return { name: name === digest ? 'image' : name, digest: { sha256: digest.slice('sha256:'.length) } }
}

async function manifestSubjects(files: readonly string[], { readFile }: AttestContext): Promise<StatementSubject[]> {
  if (files.length === 0) return []
  return (await readManifestObjects(files, readFile)).map(({ object }) => {
    const part = signedPart(object)
    return { name: manifestName(part), digest: { sha256: manifestDigest(part).slice('sha256:'.length) } }
  })
}
