// `bulkhead verify`: whether image policies allow an image, without a cluster.
import { formatTime } from '../../base/clock.ts'
import { imageCreated } from '../../supply-chain/oci/image-created.ts'
import { evaluateImagePolicies, type ImageDecision, policiesFor } from '../../supply-chain/policy/evaluate-image-policies.ts'
import { collectClaims } from '../../supply-chain/signatures/collect-claims.ts'
import type { VerifiedSigner } from '../../supply-chain/signatures/verify-claim.ts'
import { printable, printableJson, printableLines } from '../terminal/printable.ts'
import { type ImageTarget, openTarget } from './image-target.ts'
import { readObjects } from './read-objects.ts'

export interface VerifyFlags {
  readonly policy: readonly string[]
  readonly trust?: readonly string[]
  readonly namespace?: string
  readonly ca?: string
  readonly authFile?: string
  readonly image?: string
  readonly as?: string
  readonly output?: 'text' | 'json'
}

export interface VerifyContext {
  /** Milliseconds since the epoch. */
  readonly now: number
  /** Where `docker login` writes. */
  readonly defaultAuthFile: string
  print(text: string): void
}

/** The exit code: 0 the policies allow the image, 1 they refuse it, or none is for it. Rejects with a UserError if nothing could be verified. */
export async function verify(
  flags: VerifyFlags,
  text: string,
  { now, defaultAuthFile, print }: VerifyContext,
  signal: AbortSignal,
): Promise<number> {
  const { policies, trustRoots } = await readObjects([...flags.policy, ...(flags.trust ?? [])])
  await using resources = new AsyncDisposableStack()
  const target = await openTarget(text, { ...flags, authFile: flags.authFile ?? defaultAuthFile }, resources, signal)
  const { source, digest, repository } = target
  const matching = policiesFor(policies, repository, flags.namespace ?? 'default')
  const claims = await collectClaims(source, digest, signal)
  const created = matching.some(({ maxAgeMs }) => maxAgeMs !== undefined) ? await imageCreated(source, digest, signal) : undefined
  const facts = { repository, digest, claims, ...(created === undefined ? {} : { created }) }
  const decision = evaluateImagePolicies(matching, facts, trustRoots, now)
  print(flags.output === 'json' ? printableJson(toJson(target, decision)) : printableLines(toText(target, decision)))
  return decision.allowed && decision.outcomes.length > 0 ? 0 : 1
}

const noPolicy = 'no policy is for this image, so nothing is known of who made it'

function toJson({ repository, digest }: ImageTarget, decision: ImageDecision): unknown {
  const { allowed, outcomes, warnings } = decision
  const verified = allowed && outcomes.length > 0
  const message = decision.allowed ? (outcomes.length === 0 ? noPolicy : undefined) : decision.message
  return {
    image: repository,
    digest,
    verified,
    policies: outcomes.map(({ policy, signers, problems }) => ({
      policy,
      met: problems.length === 0,
      signers: signers.map(signer => ({ ...signer, ...(signer.at === undefined ? {} : { at: formatTime(signer.at) }) })),
      problems,
    })),
    warnings,
    ...(message === undefined ? {} : { message }),
  }
}

function toText({ repository, digest }: ImageTarget, { allowed, outcomes, warnings }: ImageDecision): string {
  const head = `${repository}@${digest}: ${!allowed ? 'refused' : outcomes.length === 0 ? `unverified: ${noPolicy}` : 'verified'}`
  const rows = outcomes.flatMap(({ policy, signers, problems }) => [
    `  ${problems.length === 0 ? 'met    ' : 'not met'}  ${policy}`,
    ...signers.map(signer => `             signed by ${printable(shownSigner(signer))}`),
    ...problems.map(problem => `             ${printable(problem)}`),
  ])
  const notes = allowed && warnings.length > 0 ? ['  The policies that are not met only warn.'] : []
  return [head, ...rows, ...notes].join('\n')
}

function shownSigner(signer: VerifiedSigner): string {
  const at = signer.at === undefined ? '' : `, seen ${formatTime(signer.at)}`
  return signer.kind === 'key'
    ? `key "${signer.key}" of trust root "${signer.trustRoot}"${at}`
    : `"${signer.subject}" of issuer "${signer.issuer}" by trust root "${signer.trustRoot}"${at}`
}
