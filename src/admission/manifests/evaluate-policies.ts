// Whether the policies of manifests hold for an object. It brings the libraries of sigstore, so it is loaded when a policy is first for an object.
import type { KubeObject } from '../../api/object.ts'
import type { ResourceDefinition } from '../../api/resources/resource.ts'
import type { TrustRoot as TrustRootObject } from '../../api/types/supply-v1.ts'
import { UserError } from '../../base/user-error.ts'
import { manifestRollback, unmetManifestPolicy } from '../../supply-chain/manifests/evaluate-manifest.ts'
import { type CompiledManifestPolicy, parseManifestPolicy } from '../../supply-chain/manifests/parse-manifest-policy.ts'
import { readSignedManifest, type SignedManifest } from '../../supply-chain/manifests/read-signed-manifest.ts'
import { parseTrustRoot, type TrustRoot } from '../../supply-chain/signatures/trust-root.ts'
import { type AnyManifestPolicy, titleOf } from './known-manifest-policies.ts'
import { isMarked } from './verified-mark.ts'
import { decodedManifest, differenceOf, requireSignedManifest } from './verify-manifest.ts'

export { decodedManifest, requireSignedManifest }

export interface SentObject {
  readonly object: KubeObject
  readonly oldObject: KubeObject | undefined
  readonly resource: ResourceDefinition
}

/** Objects of the store are frozen: another version is another object. */
const compiled = new WeakMap<AnyManifestPolicy, CompiledManifestPolicy>()
const parsed = new WeakMap<TrustRootObject, TrustRoot>()

/** Why the policy does not hold; undefined if it does. `now` in milliseconds since the epoch. */
export function policyProblem(
  policy: AnyManifestPolicy,
  { object, oldObject, resource }: SentObject,
  trustRoots: ReadonlyMap<string, TrustRootObject>,
  now: number,
): string | undefined {
  try {
    const signed = requireSignedManifest(object)
    const unmet =
      unmetManifestPolicy(compile(policy), signed, readable(trustRoots), now) ?? manifestRollback(signed, storedManifest(oldObject))
    if (unmet !== undefined) throw new UserError(unmet)
    const found = differenceOf(signed, object, oldObject, resource)
    if (found !== undefined) throw new UserError(`it is not as it was signed: ${found.path} ${found.what}`)
    return undefined
  } catch (err) {
    if (err instanceof UserError) return `${titleOf(policy)} requires a signed manifest, and ${err.message}`
    throw err
  }
}

/** As it was verified when it was stored. */
function storedManifest(old: KubeObject | undefined): SignedManifest | undefined {
  return old !== undefined && isMarked(old) ? readSignedManifest(old.metadata.annotations ?? {}) : undefined
}

/** Throws a UserError if an older server stored a policy that cannot be read: nothing meets it. */
function compile(policy: AnyManifestPolicy): CompiledManifestPolicy {
  const { name = '', namespace } = policy.metadata
  const known = compiled.get(policy) ?? parseManifestPolicy(name, namespace, policy.spec)
  compiled.set(policy, known)
  return known
}

/** The signers of a trust root that cannot be read are nobody. */
function readable(trustRoots: ReadonlyMap<string, TrustRootObject>): ReadonlyMap<string, TrustRoot> {
  return new Map(
    [...trustRoots].flatMap(([name, object]): [string, TrustRoot][] => {
      const root = parsed.get(object) ?? parse(name, object)
      if (root === undefined) return []
      parsed.set(object, root)
      return [[name, root]]
    }),
  )
}

function parse(name: string, { spec }: TrustRootObject): TrustRoot | undefined {
  try {
    return parseTrustRoot(name, spec)
  } catch (err) {
    if (err instanceof UserError) return undefined
    throw err
  }
}
