// Asks the part `artifacts` about the images of requests, and keeps its answers for a moment.

import { parseImageReference } from '../../api/image-reference.ts'
import { isExposedBy } from '../../api/pods/exposure.ts'
import type { LocatedPod } from '../../api/pods/located-pod.ts'
import { credentialsFor } from '../../api/pods/pull-credentials.ts'
import type { StoreReader } from '../../api/store-view.ts'
import type { Secret } from '../../api/types/core-v1.ts'
import { BoundedCache } from '../../base/data/bounded-cache.ts'
import { writeJson } from '../../base/write-json.ts'
import { hasFindingsRule } from '../../supply-chain/policy/evaluate-findings.ts'
import type { AskedImage, ImageAnswer, ImageAuthority, ImageQuestion, PullCredential } from '../../supply-chain/policy/image-question.ts'
import { repositoryOf } from '../../supply-chain/policy/repository-of.ts'
import type { ExposingServices } from './exposing-services.ts'
import { type AnyPolicy, type KnownPolicies, policyVersion } from './known-policies.ts'
import type { RegistryCredentials } from './registry-credentials.ts'

export interface AnswersParts {
  readonly authority: ImageAuthority
  readonly policies: KnownPolicies
  readonly reader: StoreReader
  readonly exposing: Pick<ExposingServices, 'of'>
  /** Of the cluster's own registry, if it has one. */
  readonly registry?: RegistryCredentials | undefined
  /** Milliseconds since the epoch. */
  now(): number
}

type Answers = ReadonlyMap<string, ImageAnswer>

export interface WantedImage {
  readonly image: string
  readonly policies: readonly AnyPolicy[]
}

/** The replicas of a workload are admitted within moments; a changed policy or trust root is another question. */
export const answerMs = 5000
/** For so long an image that its registry does not give is not asked for again, if no policy is for it: each replica would be another question. */
export const missingMs = 1000
const maxAnswers = 2000

export interface LookedUp {
  /** By image. */
  readonly answers: Answers
  readonly open: readonly OpenQuestion[]
  /** Something outside of the cluster reaches the pod. */
  readonly exposed: boolean
}

interface OpenQuestion extends WantedImage {
  readonly key: string
  readonly asked: AskedImage
}

export class ImageAnswers {
  readonly #parts: AnswersParts
  readonly #kept = new BoundedCache<{ readonly answer: ImageAnswer; readonly until: number }>(maxAnswers)

  constructor(parts: AnswersParts) {
    this.#parts = parts
  }

  /** By image. `knownOnly`: what is not known yet is not asked of its registry. Rejects if the part does not answer, or with the signal's reason. */
  async ask(
    namespace: string,
    pod: LocatedPod['pod'],
    { answers: kept, open, exposed }: LookedUp,
    { knownOnly, signal }: { readonly knownOnly: boolean; readonly signal: AbortSignal },
  ): Promise<Answers> {
    const { authority, policies, reader, registry } = this.#parts
    if (open.length === 0) return kept
    const answers = new Map(kept)
    const secrets = (pod.spec.imagePullSecrets ?? []).flatMap(
      ({ name = '' }) => (reader.get('secrets', namespace, name) as Secret | undefined) ?? [],
    )
    const images = open.map(({ image }) => image)
    const own = (await registry?.of(namespace, accountOf(pod), images, signal)) ?? []
    const question: ImageQuestion = {
      namespace,
      images: open.map(({ asked }) => asked),
      credentials: [...own, ...images.filter(image => registry?.has(image) !== true).flatMap(image => pullCredentials(image, secrets))],
      trustRoots: policies.trustRoots(open.flatMap(({ policies: of }) => of)),
      ...(knownOnly ? { knownOnly } : {}),
      ...(exposed ? { exposed } : {}),
    }
    const found = await authority.evaluate(question, signal)
    for (const [index, answer] of found.entries()) {
      const entry = open[index]
      if (entry === undefined) continue
      answers.set(entry.image, answer)
      this.#keep(entry, answer)
    }
    return answers
  }

  /** What is kept of the images, and what has to be asked for. */
  look(namespace: string, pod: LocatedPod['pod'], wanted: readonly WantedImage[]): LookedUp {
    const { policies, registry, exposing, now } = this.#parts
    const account = (image: string) => (registry?.has(image) === true ? [accountOf(pod)] : [])
    const { imagePullSecrets = [] } = pod.spec
    const exposed =
      wanted.some(({ policies: of }) => of.some(({ spec }) => spec.dueDates !== undefined)) &&
      isExposedBy(pod, () => exposing.of(namespace))
    const answers = new Map<string, ImageAnswer>()
    const open: OpenQuestion[] = []
    for (const { image, policies: of } of wanted) {
      const asked = { image, policies: of.map(policyVersion) }
      // Who may not pull an image learns nothing of it by another's credentials, so the Secrets are part of the question.
      const key = writeJson([namespace, asked, policies.trustRoots(of), imagePullSecrets, exposed, ...account(image)])
      const kept = this.#kept.get(key)
      if (kept !== undefined && now() < kept.until && kept.until <= now() + answerMs) answers.set(image, kept.answer)
      else open.push({ image, policies: of, key, asked })
    }
    return { answers, open, exposed }
  }

  /** A refusal is not kept: whoever signs the image tries again at once. */
  #keep({ key, policies }: OpenQuestion, answer: ImageAnswer): void {
    const until = (ms: number) => ({ answer, until: this.#parts.now() + ms })
    if (answer.known) {
      // Exceptions end, and dates come, without a change of the policy.
      const isDated = policies.some(({ spec }) => hasFindingsRule(spec))
      if (answer.verdict !== 'Refused' && !isDated) this.#kept.set(key, until(answerMs))
    } else if (policies.length === 0 && answer.reason !== 'Busy') this.#kept.set(key, until(missingMs))
  }
}

const accountOf = ({ spec: { serviceAccountName } }: LocatedPod['pod']): string => serviceAccountName || 'default'

function pullCredentials(image: string, secrets: readonly Secret[]): PullCredential[] {
  const reference = parseImageReference(image)
  if (reference === undefined || secrets.length === 0) return []
  const location = repositoryOf(image) ?? ''
  return credentialsFor(reference, secrets).map(({ username, password }) => ({ location, username, password }))
}
