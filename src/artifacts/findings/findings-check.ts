// Whether the policies of a namespace accept what is known to be wrong with an image, for the admission of a pod.
import type { ClusterException, Exception } from '../../api/types/supply-v1.ts'
import type { Clock } from '../../base/clock.ts'
import { UserError } from '../../base/user-error.ts'
import type { Exposure } from '../../supply-chain/advisories/due-dates.ts'
import { severities } from '../../supply-chain/advisories/finding.ts'
import type { Digest } from '../../supply-chain/oci/digest.ts'
import {
  decideUnknown,
  evaluateFindings,
  type FindingsDecision,
  type FindingsException,
  type FindingsRule,
  hasFindingsRule,
} from '../../supply-chain/policy/evaluate-findings.ts'
import { type ImageGlob, matchesImageGlob, parseImageGlob } from '../../supply-chain/policy/image-glob.ts'
import { repositoryOf } from '../../supply-chain/policy/repository-of.ts'
import { type AnyPolicy, policyTitle } from '../policy-state.ts'
import type { Findings } from './findings.ts'

export interface ExceptionSource {
  exceptions(namespace: string): readonly (Exception | ClusterException)[]
}

export interface CheckedImage {
  readonly namespace: string
  /** As it stands in the pod. */
  readonly image: string
  readonly digest: Digest
  readonly exposure: Exposure
}

const accepted: FindingsDecision = { refusals: [], warnings: [] }
/** How long a pod waits for the list of an image's findings, which the thread has at hand. */
const answerMs = 5000

/** What a policy limits must be known. */
export async function checkFindings(
  findings: Findings | undefined,
  source: ExceptionSource,
  policies: readonly AnyPolicy[],
  image: CheckedImage,
  clock: Clock,
): Promise<FindingsDecision> {
  const rules = policies.filter(({ spec }) => hasFindingsRule(spec)).map(ruleOf)
  if (rules.length === 0) return accepted
  const answer =
    findings === undefined
      ? ({ known: false, reason: 'this cluster scans no images' } as const)
      : await findings.findingsOf(image.digest, AbortSignal.timeout(answerMs))
  if (!answer.known) return decideUnknown(rules, answer.reason)
  const exceptions = source.exceptions(image.namespace).flatMap(each => exceptionFor(each, image) ?? [])
  return evaluateFindings(rules, answer.findings, exceptions, image.exposure, clock.now())
}

function ruleOf(policy: AnyPolicy): FindingsRule {
  const { maxSeverity, dueDates, onFailure } = policy.spec
  const severity = severities.find(each => each === maxSeverity)
  return {
    title: `policy "${policyTitle(policy)}"`,
    ...(severity === undefined ? {} : { maxSeverity: severity }),
    ...(dueDates === undefined ? {} : { dueDates }),
    onFailure: onFailure === 'Warn' ? 'Warn' : 'Refuse',
  }
}

function exceptionFor({ spec }: Exception | ClusterException, { image, digest }: CheckedImage): FindingsException | undefined {
  const isFor = spec.images.includes(digest) || globsOf(spec.images).some(glob => matchesImageGlob(glob, repositoryOf(image) ?? ''))
  return isFor ? { advisories: spec.advisories, expires: Date.parse(spec.expires ?? '') || 0 } : undefined
}

const known = new WeakMap<readonly string[], readonly ImageGlob[]>()

/** A glob that cannot be read is for no image: unlike a policy, an exception must not grow. */
function globsOf(images: readonly string[]): readonly ImageGlob[] {
  const globs = known.get(images) ?? images.flatMap(globOf)
  known.set(images, globs)
  return globs
}

function globOf(text: string): readonly ImageGlob[] {
  if (/^sha(?:256|512):/.test(text)) return []
  try {
    return [parseImageGlob(text, 'spec.images')]
  } catch (err) {
    if (err instanceof UserError) return []
    throw err
  }
}
