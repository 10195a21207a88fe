// Whether image policies allow an image. Pure: what the image has was collected before, and the time is an argument.
import type { Finding } from '../advisories/finding.ts'
import type { Digest } from '../oci/digest.ts'
import type { Claims } from '../signatures/claim.ts'
import type { TrustRoot } from '../signatures/trust-root.ts'
import type { VerifiedSigner } from '../signatures/verify-claim.ts'
import { ConditionBudget } from './condition.ts'
import { evaluateSigner, SignatureChecks } from './evaluate-signer.ts'
import { matchesImageGlob } from './image-glob.ts'
import { type CompiledPolicy, severities } from './parse-image-policy.ts'

export interface ImageFacts {
  /** `registry.example.com/shop/web`, in full. */
  readonly repository: string
  readonly digest: Digest
  /** A text says why its signatures could not be read; nothing is verified then. */
  readonly claims: Claims | string
  /** Without those that an Exception or a VEX statement covers. Undefined if it was not scanned. */
  readonly findings?: readonly Finding[]
  /** What signs such things, for messages. Default: cosign. */
  readonly tool?: string
  /** `created` of its configuration, in milliseconds since the epoch. */
  readonly created?: number
}

export interface PolicyOutcome {
  /** `ClusterImagePolicy "signed"` */
  readonly policy: string
  /** Whom it found, also where it found not all of them. */
  readonly signers: readonly VerifiedSigner[]
  /** Empty if the policy is met. */
  readonly problems: readonly string[]
}

export type ImageDecision = {
  /** One for each policy that matches; none: nothing was required of the image. */
  readonly outcomes: readonly PolicyOutcome[]
  readonly warnings: readonly string[]
} & ({ readonly allowed: true } | { readonly allowed: false; readonly message: string })

/** Those for this image in this namespace: of the cluster, and of the namespace. */
export function policiesFor(policies: readonly CompiledPolicy[], repository: string, namespace: string): CompiledPolicy[] {
  return policies.filter(
    policy => (policy.namespace ?? namespace) === namespace && policy.images.some(glob => matchesImageGlob(glob, repository)),
  )
}

/** `policies` are those that match; all must be met. `now` in milliseconds since the epoch. */
export function evaluateImagePolicies(
  policies: readonly CompiledPolicy[],
  facts: ImageFacts,
  trustRoots: ReadonlyMap<string, TrustRoot>,
  now: number,
): ImageDecision {
  const checks = new SignatureChecks(trustRoots, now)
  const budget = new ConditionBudget()
  const evaluated = policies.map(policy => ({ policy, outcome: evaluatePolicy(policy, facts, checks, budget, now) }))
  const failed = evaluated.filter(({ outcome }) => outcome.problems.length > 0)
  const message = ({ outcome }: (typeof failed)[number]): string =>
    `${outcome.policy} refuses image ${facts.repository}@${facts.digest}: ${outcome.problems.join('; ')}`
  const outcomes = evaluated.map(({ outcome }) => outcome)
  const warnings = failed.filter(({ policy }) => policy.onFailure === 'Warn').map(message)
  const refusals = failed.filter(({ policy }) => policy.onFailure === 'Refuse').map(message)
  return refusals.length === 0
    ? { allowed: true, outcomes, warnings }
    : { allowed: false, outcomes, warnings, message: refusals.join('\n') }
}

function evaluatePolicy(
  policy: CompiledPolicy,
  facts: ImageFacts,
  checks: SignatureChecks,
  budget: ConditionBudget,
  now: number,
): PolicyOutcome {
  const results = policy.signers.map(signer => evaluateSigner(signer, facts, checks, budget))
  const signers = results.flatMap(result => (result.met ? [result.signer] : []))
  const missing = results.flatMap(result => (result.met ? [] : [result.problem]))
  const signed = policy.mode === 'anyOf' && signers.length > 0 ? [] : missing
  const problems = [
    ...(policy.mode === 'anyOf' && signed.length > 1 ? [`one of these must hold: ${signed.join(', or ')}`] : signed),
    ...severityProblems(policy, facts),
    ...ageProblems(policy, facts, now),
  ]
  return { policy: policy.title, signers, problems }
}

/** Findings that a message names. */
const shownFindings = 5

function severityProblems({ maxSeverity }: CompiledPolicy, { findings }: ImageFacts): string[] {
  if (maxSeverity === undefined) return []
  if (findings === undefined) return [`it has not been scanned, and only findings up to severity ${maxSeverity} are accepted`]
  const most = severities.indexOf(maxSeverity)
  const beyond = findings.filter(({ severity, notAffected }) => notAffected === undefined && severities.indexOf(severity) > most)
  if (beyond.length === 0) return []
  const shown = beyond.slice(0, shownFindings).map(({ advisory, severity, package: { name } }) => `${advisory} (${severity}, ${name})`)
  const more = beyond.length > shownFindings ? ` and ${beyond.length - shownFindings} more` : ''
  return [`findings above severity ${maxSeverity}: ${shown.join(', ')}${more}`]
}

function ageProblems({ maxAgeMs }: CompiledPolicy, { created }: ImageFacts, now: number): string[] {
  if (maxAgeMs === undefined) return []
  const hours = (ms: number): string => `${Math.floor(ms / 3_600_000)}h`
  if (created === undefined) return [`it does not say when it was built, and must not be older than ${hours(maxAgeMs)}`]
  return now - created > maxAgeMs ? [`it was built ${hours(now - created)} ago, and must not be older than ${hours(maxAgeMs)}`] : []
}
