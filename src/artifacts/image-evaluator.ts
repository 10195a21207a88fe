// Answers what an image is and what the policies say of it: resolves, collects claims, evaluates; within limits for each namespace.
import { parseImageReference } from '../api/image-reference.ts'
import { untilAborted } from '../base/async/abort.ts'
import type { Clock } from '../base/clock.ts'
import { BoundedCache } from '../base/data/bounded-cache.ts'
import type { Logger } from '../base/log.ts'
import { messageOf, UserError } from '../base/user-error.ts'
import { writeJson } from '../base/write-json.ts'
import { type Digest, isDigest } from '../supply-chain/oci/digest.ts'
import type { Provenance } from '../supply-chain/policy/attested-provenance.ts'
import { builtInRegistry } from '../supply-chain/policy/covers-image.ts'
import type { FindingsDecision } from '../supply-chain/policy/evaluate-findings.ts'
import type {
  AskedImage,
  ImageAnswer,
  ImageAuthority,
  ImageQuestion,
  PlatformDigest,
  PullCredential,
} from '../supply-chain/policy/image-question.ts'
import { repositoryOf } from '../supply-chain/policy/repository-of.ts'
import { credentialsFor, fingerprintOf } from './credentials-for.ts'
import type { CheckedImage } from './findings/findings-check.ts'
import type { ImageMemory } from './image-memory.ts'
import type { ImageVerifier, PolicyVerdict, Registries, VerifiedImage } from './image-verifier.ts'
import { KeptResults } from './kept-results.ts'
import { TooManyWaiting } from './namespace-turns.ts'
import { platformsOf } from './platform-digests.ts'
import { type AnyPolicy, type PolicyState, policyTitle } from './policy-state.ts'
import { failureMs, type Purpose, RegistryWork } from './registry-work.ts'

export interface EvaluatorParts<Claims> {
  readonly registries: Registries
  readonly verifier: ImageVerifier<Claims>
  readonly policies: PolicyState
  readonly clock: Clock
  readonly log: Logger
  /** Where what is known survives a restart. Default: nowhere. */
  readonly memory?: ImageMemory<Claims>
  /** Called for each image that was found, with what its signatures say. Must not throw. `credentials` are those for its repository. */
  onAnswer?(
    namespace: string,
    found: FoundImage,
    answer: ImageAnswer,
    policies: readonly AnyPolicy[],
    credentials: readonly PullCredential[],
  ): void
  /** Whether policies accept what is known to be wrong with the image. Default: they are not asked. */
  checkFindings?(policies: readonly AnyPolicy[], image: CheckedImage): Promise<FindingsDecision>
}

export interface FoundImage {
  readonly digest: Digest
  readonly mediaType: string
  readonly platforms: readonly PlatformDigest[]
}

interface VerdictQuestion {
  readonly namespace: string
  readonly image: string
  readonly digest: Digest
  readonly policies: readonly AnyPolicy[]
}

type KnownAnswer = Extract<ImageAnswer, { readonly known: true }>

/** An image of which documents are looked for. */
export interface AttestedImage {
  readonly namespace: string
  /** As it stands in the pod. */
  readonly reference: string
  readonly digest: Digest
  /** Those for its repository. */
  readonly credentials: readonly PullCredential[]
}

/** What signers say of an image beside their signature. */
export interface AttestedDocuments {
  /** Of VEX, in JSON. */
  readonly statements: readonly string[]
  readonly provenance: readonly Provenance[]
  /** False if the registry did not answer, so that there may be others. */
  readonly isRead: boolean
}

const noDocuments: AttestedDocuments = { statements: [], provenance: [], isRead: true }

type Failure = { readonly known: false; readonly reason: 'Missing' | 'Unreachable' | 'Busy' | 'Malformed'; readonly message: string }
type Resolved = { readonly known: true; readonly found: FoundImage } | Failure

/** A tag that was resolved is not resolved again for this long: the replicas of a workload get the same image. */
export const tagMs = 60_000
/** How long an image is known to be missing. */
export const missingMs = 5000
/** Claims that hold stay; claims that do not are collected again after this time, as a signature may have come. */
export const claimsMs = 1000
export const maxKeptTags = 5000
export const maxKeptClaims = 1000
export const maxKeptClaimBytes = 64 * 1024 * 1024
/** How often documents that came later are looked for. */
export const laterClaimsMs = 3_600_000
const maxLaterClaimBytes = 16 * 1024 * 1024
/** Of one document of VEX in JSON. With a larger one none of the image counts. */
export const maxStatementLength = 2 * 1024 * 1024
/** Limit for one question. */
export const maxAskedImages = 100
const stateMs = 5000
const forever = Number.POSITIVE_INFINITY
const builtInMessage = 'it comes with Bulkhead, so that no registry has it and nobody else can sign it'

export class ImageEvaluator<Claims> implements ImageAuthority {
  readonly #parts: EvaluatorParts<Claims>
  readonly #work: RegistryWork
  readonly #tags: KeptResults<Resolved>
  readonly #claims: KeptResults<Claims>
  /** The same, collected again since: what came later never decides about a start. */
  readonly #later: KeptResults<Claims>
  /** What images with known digests are, by the key of their claims: it never changes, and counts where the registry does not answer. */
  readonly #found = new BoundedCache<FoundImage>(maxKeptTags)

  constructor(parts: EvaluatorParts<Claims>) {
    this.#parts = parts
    this.#work = new RegistryWork(parts.registries, parts.clock)
    this.#tags = new KeptResults({ entries: maxKeptTags }, parts.clock)
    const sizeOf = (claims: Claims): number => parts.verifier.sizeOf(claims)
    this.#claims = new KeptResults({ entries: maxKeptClaims, bytes: maxKeptClaimBytes, sizeOf }, parts.clock)
    this.#later = new KeptResults({ entries: maxKeptClaims, bytes: maxLaterClaimBytes, sizeOf }, parts.clock)
  }

  /** Takes over what an earlier process has known. */
  async restore(): Promise<void> {
    if (this.#parts.memory === undefined) return
    for await (const [key, { claims, found }] of this.#parts.memory.read()) {
      this.#claims.set(key, claims)
      if (found !== undefined) this.#found.set(key, found)
    }
  }

  async evaluate(question: ImageQuestion, signal: AbortSignal): Promise<readonly ImageAnswer[]> {
    if (question.images.length > maxAskedImages)
      throw new UserError(`A question has ${question.images.length} images, at most ${maxAskedImages} are answered`)
    const limited = AbortSignal.any([signal, AbortSignal.timeout(stateMs)])
    await this.#parts.policies.reached(
      question.images.flatMap(({ policies }) => policies),
      question.trustRoots,
      limited,
    )
    return untilAborted(Promise.all(question.images.map(image => this.#one(question, image))), signal)
  }

  /** The verdict on an image whose claims are known, or are collected now, by the policies as they are now. */
  async reevaluate(namespace: string, image: string, digest: Digest, signal: AbortSignal): Promise<ImageAnswer> {
    const policies = this.#parts.policies.policiesFor(namespace, image)
    return untilAborted(this.#verdict({ purpose: 'again', namespace, image, digest, policies, credentials: [] }), signal)
  }

  /** The same from what is known, without a registry; undefined if that has to be asked. A signature that came later may still turn `Refused`. */
  reevaluateKnown(namespace: string, image: string, digest: Digest): ImageAnswer | undefined {
    return this.#knownVerdict({ namespace, image, digest, policies: this.#parts.policies.policiesFor(namespace, image) })
  }

  /**
   * What somebody attested whom a ClusterImagePolicy requires: documents of VEX, in JSON, and provenance. They may come after the image, so its registry is
   * asked again from time to time; while it does not answer, those from before count.
   */
  async attested(image: AttestedImage): Promise<AttestedDocuments> {
    const { verifier, policies: state, clock } = this.#parts
    const { namespace, reference, digest, credentials } = image
    const repository = repositoryOf(reference) ?? ''
    const policies = this.#clusterPolicies(namespace, reference)
    if (policies.length === 0 || (verifier.attestedVex ?? verifier.attestedProvenance) === undefined) return noDocuments
    const claims = await this.#laterClaims(namespace, repository, digest, credentials)
    if (claims === undefined) return { ...noDocuments, isRead: false }
    const facts = [policies, state.trustRoots(), { repository, digest }, claims, clock.now()] as const
    const statements = (this.#readable(() => verifier.attestedVex?.(...facts)) ?? []).map(each => writeJson(each))
    const key = claimsKey(namespace, repository, digest)
    const isRead = (this.#claims.get(key, laterClaimsMs) ?? this.#later.get(key, laterClaimsMs)) !== undefined
    return {
      isRead,
      // What is left out could take back what another one says.
      statements: statements.some(text => text.length > maxStatementLength) ? [] : statements,
      provenance: this.#readable(() => verifier.attestedProvenance?.(...facts)) ?? [],
    }
  }

  async #laterClaims(
    namespace: string,
    repository: string,
    digest: Digest,
    credentials: readonly PullCredential[],
  ): Promise<Claims | undefined> {
    const { verifier } = this.#parts
    const key = claimsKey(namespace, repository, digest)
    const fresh = this.#claims.get(key, laterClaimsMs)
    if (fresh !== undefined) return fresh
    const request = { purpose: 'later', namespace, repository, credentials } as const
    const collect = () => this.#work.run(request, (source, until) => verifier.collect(source, digest, until))
    return await this.#later.fetch(key, laterClaimsMs, collect).catch((err: unknown) => {
      if (!(err instanceof UserError) && !(err instanceof TooManyWaiting)) throw err
      return this.#later.get(key, forever) ?? this.#claims.get(key, forever)
    })
  }

  #clusterPolicies(namespace: string, image: string): readonly AnyPolicy[] {
    return this.#parts.policies.policiesFor(namespace, image).filter(({ metadata }) => metadata.namespace === undefined)
  }

  /** A policy that cannot be read names no signer. */
  #readable<T>(read: () => readonly T[] | undefined): readonly T[] | undefined {
    try {
      return read()
    } catch (err) {
      if (err instanceof UserError) return undefined
      throw err
    }
  }

  /**
   * A bill of materials of an image, in JSON, that somebody signed whom a ClusterImagePolicy requires; undefined if there is none. Policies of a namespace do
   * not count: what is known of an image is the same for all namespaces, and who may write a policy in one of them must not decide it.
   */
  async attestedSbom(namespace: string, image: string, digest: Digest): Promise<string | undefined> {
    const { verifier, policies: state, clock } = this.#parts
    const repository = repositoryOf(image) ?? ''
    const policies = this.#clusterPolicies(namespace, image)
    const claims = this.#claims.get(claimsKey(namespace, repository, digest), forever)
    if (policies.length === 0 || claims === undefined) return undefined
    const [first] =
      this.#readable(() => {
        const found = verifier.attestedSbom?.(policies, state.trustRoots(), { repository, digest }, claims, clock.now())
        return found === undefined ? [] : [writeJson(found)]
      }) ?? []
    return first
  }

  async #one({ namespace, credentials, knownOnly, exposed }: ImageQuestion, asked: AskedImage): Promise<ImageAnswer> {
    const { image } = asked
    const repository = repositoryOf(image)
    if (repository === undefined) return { known: false, image, reason: 'Malformed', message: `"${image}" is no image reference` }
    const own = credentialsFor(repository, credentials)
    const resolved = await this.#resolve(namespace, image, repository, own, knownOnly === true)
    if (!resolved.known) return { ...resolved, image }
    const { digest } = resolved.found
    const policies = asked.policies.flatMap(wanted => this.#parts.policies.policy(wanted) ?? [])
    const answer = await this.#verdict({ purpose: 'admission', namespace, image, digest, policies, credentials: own })
    this.#parts.onAnswer?.(namespace, resolved.found, answer, policies, own)
    return this.#withFindings(answer, policies, { namespace, image, digest, exposure: exposed === true ? 'exposed' : 'internal' })
  }

  /** Only for what is admitted now: a container that runs already may start again, whatever became known of its image. */
  async #withFindings(answer: ImageAnswer, policies: readonly AnyPolicy[], image: CheckedImage): Promise<ImageAnswer> {
    const { checkFindings } = this.#parts
    if (!answer.known || answer.verdict === 'Refused' || checkFindings === undefined) return answer
    const { refusals, warnings } = await checkFindings(policies, image)
    if (refusals.length > 0) return { ...answer, verdict: 'Refused', identities: [], message: refusals.join('; ') }
    return warnings.length === 0 ? answer : { ...answer, message: [answer.message, ...warnings].filter(text => text !== '').join('; ') }
  }

  async #resolve(
    namespace: string,
    image: string,
    repository: string,
    credentials: readonly PullCredential[],
    knownOnly: boolean,
  ): Promise<Resolved> {
    if (repository.startsWith(builtInRegistry)) return { known: false, reason: 'Missing', message: builtInMessage }
    const { tag, digest } = parseImageReference(image) ?? {}
    const wanted = digest ?? tag ?? 'latest'
    // A namespace waits for its own requests only, and learns nothing by the credentials of another.
    const key = `${namespace}\n${repository}\n${wanted}\n${fingerprintOf(credentials)}`
    const known = this.#tags.get(key, digest === undefined ? tagMs : forever)
    if (known?.known === true) return known
    if (
      known !== undefined &&
      known.reason !== 'Busy' &&
      this.#tags.get(key, known.reason === 'Missing' ? missingMs : failureMs) !== undefined
    )
      return known
    if (knownOnly) return { known: false, reason: 'Missing', message: 'it is not known yet' }
    const resolved = await this.#tags.fetch(key, 0, () =>
      this.#work
        .run({ purpose: 'admission', namespace, repository, credentials }, async (source, until): Promise<Resolved> => {
          const manifest = await source.manifest(wanted, until)
          if (manifest === undefined) return { known: false, reason: 'Missing', message: `${repository} has no image "${wanted}"` }
          const { descriptor } = manifest
          if (!isDigest(descriptor.digest) || (digest !== undefined && descriptor.digest !== digest))
            return { known: false, reason: 'Unreachable', message: `${repository} answered another image than ${wanted}` }
          return { known: true, found: { digest: descriptor.digest, mediaType: descriptor.mediaType, platforms: platformsOf(manifest) } }
        })
        .catch((err: unknown) => failureOf(err)),
    )
    if (resolved.known) this.#found.set(claimsKey(namespace, repository, resolved.found.digest), resolved.found)
    else if (resolved.reason === 'Unreachable' && digest !== undefined && isDigest(digest)) {
      const found = this.#found.get(claimsKey(namespace, repository, digest))
      if (found !== undefined) return { known: true, found }
    }
    return resolved
  }

  #knownVerdict({ namespace, image, digest, policies }: VerdictQuestion): KnownAnswer | undefined {
    const base = { known: true, image, digest, time: this.#parts.clock.now() } as const
    const repository = repositoryOf(image) ?? ''
    if (policies.length === 0) return { ...base, verdict: 'Unverified', identities: [], message: '' }
    if (repository.startsWith(builtInRegistry)) return { ...base, verdict: 'Refused', identities: [], message: builtInMessage }
    const claims = this.#claims.get(claimsKey(namespace, repository, digest), forever)
    return claims && { ...base, ...evaluateAll(this.#parts, policies, { repository, digest }, claims) }
  }

  async #verdict(
    question: VerdictQuestion & { readonly purpose: Purpose; readonly credentials: readonly PullCredential[] },
  ): Promise<ImageAnswer> {
    const { purpose, namespace, image, digest, policies, credentials } = question
    const repository = repositoryOf(image) ?? ''
    const key = claimsKey(namespace, repository, digest)
    const known = this.#knownVerdict(question)
    const isFinal = repository.startsWith(builtInRegistry) || this.#claims.get(key, claimsMs) !== undefined
    if (known !== undefined && (known.verdict !== 'Refused' || isFinal)) return known
    const collect = async () => {
      const { verifier, memory } = this.#parts
      const request = { purpose, namespace, repository, credentials }
      const claims = await this.#work.run(request, (source, until) => verifier.collect(source, digest, until))
      const found = this.#found.get(key)
      memory?.keep(key, { claims, ...(found === undefined ? {} : { found }) })
      return claims
    }
    const base = { known: true, image, digest, time: this.#parts.clock.now() } as const
    try {
      const claims = await this.#claims.fetch(key, claimsMs, collect, purpose)
      return { ...base, ...evaluateAll(this.#parts, policies, { repository, digest }, claims) }
    } catch (err) {
      const { reason, message } = failureOf(err)
      if (known !== undefined) return { ...known, unread: true }
      return reason === 'Busy'
        ? { known: false, image, reason, message }
        : { ...base, verdict: 'Refused', identities: [], message, unread: true }
    }
  }
}

const claimsKey = (namespace: string, repository: string, digest: Digest): string => `${namespace}\n${repository}@${digest}`

function failureOf(err: unknown): Failure {
  if (err instanceof TooManyWaiting) return { known: false, reason: 'Busy', message: err.message }
  return { known: false, reason: 'Unreachable', message: messageOf(err) }
}

/** A policy that cannot be evaluated does not hold. */
function evaluateAll<Claims>(
  { verifier, policies: state, clock, log }: EvaluatorParts<Claims>,
  policies: readonly AnyPolicy[],
  image: VerifiedImage,
  claims: Claims,
): PolicyVerdict {
  try {
    return verifier.evaluate(policies, state.trustRoots(), image, claims, clock.now())
  } catch (err) {
    const titles = policies.map(policyTitle)
    if (!(err instanceof UserError)) log.error('cannot evaluate image policies', { policies: titles, err })
    const why = err instanceof UserError ? err.message : 'they cannot be evaluated'
    return { verdict: 'Refused', identities: [], message: `policies ${titles.join(', ')}: ${why}` }
  }
}
