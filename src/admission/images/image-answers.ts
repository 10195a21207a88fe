// Asks the part `artifacts` about the images of requests, and keeps its answers for a moment.

import { parseImageReference } from '../../api/image-reference.ts'
import { credentialsFor } from '../../api/pods/pull-credentials.ts'
import type { StoreReader } from '../../api/store-view.ts'
import type { PodSpec, Secret } from '../../api/types/core-v1.ts'
import { BoundedCache } from '../../base/data/bounded-cache.ts'
import type { AskedImage, ImageAnswer, ImageAuthority, ImageQuestion, PullCredential } from '../../supply-chain/policy/image-question.ts'
import { repositoryOf } from '../../supply-chain/policy/repository-of.ts'
import { type AnyPolicy, type KnownPolicies, policyVersion } from './known-policies.ts'
import type { RegistryCredentials } from './registry-credentials.ts'

export interface AnswersParts {
  readonly authority: ImageAuthority
  readonly policies: KnownPolicies
  readonly reader: StoreReader
  /** Of the cluster's own registry, if it has one. */
  readonly registry?: RegistryCredentials | undefined
  /** Milliseconds since the epoch. */
  now(): number
}

export interface WantedImage {
  readonly image: string
  readonly policies: readonly AnyPolicy[]
}

/** The replicas of a workload are admitted within moments; a changed policy or trust root is another question. */
export const answerMs = 5000
const maxAnswers = 2000

export class ImageAnswers {
  readonly #parts: AnswersParts
  readonly #kept = new BoundedCache<{ readonly answer: ImageAnswer; readonly until: number }>(maxAnswers)

  constructor(parts: AnswersParts) {
    this.#parts = parts
  }

  /** By image. `knownOnly`: what is not known yet is not asked of its registry. Rejects if the part does not answer, or with the signal's reason. */
  async ask(
    namespace: string,
    { imagePullSecrets = [], serviceAccountName }: Pick<PodSpec, 'imagePullSecrets' | 'serviceAccountName'>,
    wanted: readonly WantedImage[],
    { knownOnly, signal }: { readonly knownOnly: boolean; readonly signal: AbortSignal },
  ): Promise<ReadonlyMap<string, ImageAnswer>> {
    const { authority, policies, reader, registry, now } = this.#parts
    const account = serviceAccountName || 'default'
    const answers = new Map<string, ImageAnswer>()
    const open: { readonly key: string; readonly asked: AskedImage; readonly of: readonly AnyPolicy[] }[] = []
    for (const { image, policies: of } of wanted) {
      const asked = { image, policies: of.map(policyVersion) }
      // Who may not pull an image learns nothing of it by another's credentials, so the Secrets are part of the question.
      const key = JSON.stringify([namespace, asked, policies.trustRoots(of), imagePullSecrets, ...(registry?.has(image) ? [account] : [])])
      const kept = this.#kept.get(key)
      if (kept !== undefined && now() < kept.until && kept.until <= now() + answerMs) answers.set(image, kept.answer)
      else open.push({ key, asked, of })
    }
    if (open.length === 0) return answers
    const secrets = imagePullSecrets.flatMap(({ name = '' }) => (reader.get('secrets', namespace, name) as Secret | undefined) ?? [])
    const images = open.map(({ asked }) => asked.image)
    const own = (await registry?.of(namespace, account, images, signal)) ?? []
    const question: ImageQuestion = {
      namespace,
      images: open.map(({ asked }) => asked),
      credentials: [...own, ...images.filter(image => registry?.has(image) !== true).flatMap(image => pullCredentials(image, secrets))],
      trustRoots: policies.trustRoots(open.flatMap(({ of }) => of)),
      ...(knownOnly ? { knownOnly } : {}),
    }
    const found = await authority.evaluate(question, signal)
    for (const [index, answer] of found.entries()) {
      const entry = open[index]
      if (entry === undefined) continue
      answers.set(entry.asked.image, answer)
      if (answer.known && answer.verdict !== 'Refused') this.#kept.set(entry.key, { answer, until: now() + answerMs })
    }
    return answers
  }
}

function pullCredentials(image: string, secrets: readonly Secret[]): PullCredential[] {
  const reference = parseImageReference(image)
  if (reference === undefined || secrets.length === 0) return []
  const location = repositoryOf(image) ?? ''
  return credentialsFor(reference, secrets).map(({ username, password }) => ({ location, username, password }))
}
