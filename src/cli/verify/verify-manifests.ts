// `bulkhead verify manifests`: whether files are as somebody whom the policies name signed them, without a cluster. What admission would make of them,
// "bulkhead check" says.

import { groupVersion } from '../../api/object.ts'
import { resources } from '../../api/resources/index.ts'
import { UserError } from '../../base/user-error.ts'
import { sentDifference } from '../../supply-chain/manifests/compare-fields.ts'
import { coversObject } from '../../supply-chain/manifests/covers-object.ts'
import { unmetManifestPolicy } from '../../supply-chain/manifests/evaluate-manifest.ts'
import { type CompiledManifestPolicy, parseManifestPolicy } from '../../supply-chain/manifests/parse-manifest-policy.ts'
import { readSignedManifest } from '../../supply-chain/manifests/read-signed-manifest.ts'
import { manifestName, signedPart } from '../../supply-chain/manifests/signed-manifest.ts'
import type { JsonObject } from '../../supply-chain/signatures/read-json.ts'
import { objectMember, textMember } from '../../supply-chain/signatures/read-json.ts'
import { parseTrustRoot, type TrustRoot } from '../../supply-chain/signatures/trust-root.ts'
import { readManifestObjects } from '../sign/manifest-objects.ts'
import { printableLines } from '../terminal/printable.ts'

export interface VerifyManifestsFlags {
  readonly policy: readonly string[]
  readonly trust?: readonly string[]
  readonly namespace?: string
}

export interface VerifyManifestsContext {
  /** Milliseconds since the epoch. */
  readonly now: number
  print(text: string): void
  readFile(path: string): Promise<Buffer>
}

/** The exit code: 0 every object that a policy is for is as it was signed, 1 one is not. Rejects with a UserError if nothing can be said. */
export async function verifyManifests(
  flags: VerifyManifestsFlags,
  files: readonly string[],
  { now, print, readFile }: VerifyManifestsContext,
): Promise<number> {
  const { policies, trustRoots } = await readPolicies([...flags.policy, ...(flags.trust ?? [])], readFile)
  let failed = false
  for (const { object } of await readManifestObjects(files, readFile)) {
    const problems = problemsOf(object, flags.namespace ?? 'default', policies, trustRoots, now)
    failed ||= problems.length > 0 && problems[0] !== notCovered
    print(
      printableLines(
        [
          `${manifestName(object)}: ${problems[0] === notCovered ? notCovered : problems.length === 0 ? 'signed' : 'refused'}`,
          ...(problems[0] === notCovered ? [] : problems.map(text => `  ${text}`)),
        ].join('\n'),
      ),
    )
  }
  return failed ? 1 : 0
}

const notCovered = 'no policy is for it'

function problemsOf(
  object: JsonObject,
  namespace: string,
  policies: readonly CompiledManifestPolicy[],
  trustRoots: ReadonlyMap<string, TrustRoot>,
  now: number,
): string[] {
  const metadata = objectMember(object, 'metadata') ?? {}
  const [group = '', plural = ''] = resourceOf(object)
  const matching = policies.filter(
    policy => plural === '' || coversObject(policy, group, plural, textMember(metadata, 'namespace') ?? namespace),
  )
  if (matching.length === 0) return [notCovered]
  return matching.flatMap(policy => {
    try {
      const signed = readSignedManifest(objectMember(metadata, 'annotations') ?? {})
      if (signed === undefined) return [`${policy.title} requires a signed manifest, and it has no signature`]
      const unmet = unmetManifestPolicy(policy, signed, trustRoots, now)
      const found = sentDifference(signedPart(object), signed.object, signed.object, undefined)
      return [
        ...(unmet === undefined ? [] : [`${policy.title}: ${unmet}`]),
        ...(found === undefined ? [] : [`${policy.title}: it is not as it was signed: ${found.path} ${found.what}`]),
      ]
    } catch (err) {
      if (err instanceof UserError) return [`${policy.title}: ${err.message}`]
      throw err
    }
  })
}

/** Group and plural of a built-in kind; of a custom one nothing is known, and every policy is asked. */
function resourceOf(object: JsonObject): readonly string[] {
  const found = resources.find(
    ({ group, version, kind }) => kind === object['kind'] && groupVersion(group, version) === object['apiVersion'],
  )
  return found === undefined ? [] : [found.group, found.plural]
}

async function readPolicies(files: readonly string[], readFile: (path: string) => Promise<Buffer>) {
  const policies: CompiledManifestPolicy[] = []
  const trustRoots = new Map<string, TrustRoot>()
  for (const { object, where } of await readManifestObjects(files, readFile)) {
    const metadata = objectMember(object, 'metadata') ?? {}
    const name = textMember(metadata, 'name') ?? ''
    try {
      if (object['kind'] === 'TrustRoot') trustRoots.set(name, parseTrustRoot(name, object['spec']))
      else if (object['kind'] === 'ManifestPolicy')
        policies.push(parseManifestPolicy(name, textMember(metadata, 'namespace') ?? 'default', object['spec']))
      else if (object['kind'] === 'ClusterManifestPolicy') policies.push(parseManifestPolicy(name, undefined, object['spec']))
      else throw new UserError('it must be a TrustRoot, ManifestPolicy or ClusterManifestPolicy')
    } catch (err) {
      if (err instanceof UserError) throw new UserError(`${where}: ${err.message}`, { cause: err })
      throw err
    }
  }
  return { policies, trustRoots }
}
