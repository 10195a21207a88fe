// Sabotage of manifest policies.
import type { Sabotage } from './sabotage.ts'

const plugin = 'src/admission/plugins/manifest-policy.ts'
const compare = 'src/supply-chain/manifests/compare-fields.ts'

const sabotage = (name: string, file: string, from: string, to: string): Sabotage => ({ name, file, from, to, proof: 'S3' })

export const s3: readonly Sabotage[] = [
  sabotage(
    'a signature counts whoever made it',
    'src/supply-chain/manifests/evaluate-manifest.ts',
    "if (problems.length === 0 || (mode === 'anyOf' && problems.length < results.length)) return undefined",
    "if (problems.length === 0 || mode === 'anyOf') return undefined",
  ),
  sabotage(
    'an older signed manifest replaces a newer one',
    'src/supply-chain/manifests/evaluate-manifest.ts',
    'if (stored?.signedAt === undefined || (signedAt ?? 0) >= stored.signedAt) return undefined',
    'if (stored?.signedAt === undefined || (signedAt ?? 0) >= 0) return undefined',
  ),
  sabotage(
    'what is stored counts as never signed',
    'src/admission/manifests/evaluate-policies.ts',
    'return old !== undefined && isMarked(old) ? readSignedManifest',
    'return old !== undefined && !isMarked(old) ? readSignedManifest',
  ),
  sabotage(
    'the time of a signature is not read',
    'src/supply-chain/manifests/read-signed-manifest.ts',
    "const signedAt = timeOf(predicate['signedAt'], where)",
    'const signedAt = timeOf(undefined, where)',
  ),
  sabotage(
    'a manifest may be signed for a time to come',
    'src/supply-chain/manifests/evaluate-manifest.ts',
    'signedAt > now + maxClockSkewMs',
    'signedAt > now + Number.MAX_SAFE_INTEGER',
  ),
  sabotage(
    'the object is not compared with what was signed',
    'src/admission/manifests/evaluate-policies.ts',
    'if (found !== undefined) throw new UserError',
    'if (found === null) throw new UserError',
  ),
  sabotage(
    'labels and annotations are not compared',
    'src/supply-chain/manifests/signed-manifest.ts',
    'others.length === 0 ? {} : { annotations: Object.fromEntries(others) }',
    'others.length >= 0 ? {} : { annotations: Object.fromEntries(others) }',
  ),
  sabotage(
    'fields that are not signed may have any value',
    compare,
    'for (const name of names) {',
    'for (const name of Object.keys(complete ?? {})) {',
  ),
  sabotage('updates are not evaluated', plugin, "handles: [{ operations: ['CREATE', 'UPDATE']", "handles: [{ operations: ['CREATE']"),
  sabotage(
    'any scale is allowed',
    plugin,
    "if (subresource === 'scale') return await refuseScale(request, policies, reader)",
    "if (subresource === 'scale') return",
  ),
  sabotage(
    'what was there before the policy counts as signed',
    'src/admission/manifests/verify-manifest.ts',
    'if (!isMarked(old)) return undefined',
    'if (!isMarked(old)) return { object: signedPart(asJson(old)), signed: withNamespace({}, sent) }',
  ),
  sabotage(
    'any key of an external component counts',
    'src/artifacts/follow-components.ts',
    'spec.spkiSha256.includes(found)',
    'spec.spkiSha256.length > 0',
  ),
  sabotage(
    'a component that was checked is not checked again',
    'src/artifacts/follow-components.ts',
    '(now.metadata.generation === old.metadata.generation ? undefined : add(now))',
    '(now.metadata.generation !== old.metadata.generation ? undefined : add(now))',
  ),
]
