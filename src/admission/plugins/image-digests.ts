// ImageDigests: a tag is resolved once, when the pod is admitted, and the pod gets the digest. The part `artifacts` asks the registry.

import { groupResource } from '../../api/object.ts'
import { type AdmittedImage, imagesAnnotation, readAdmittedImages } from '../../api/pods/admitted-images.ts'
import { type LocatedPod, locatePod, podResources } from '../../api/pods/located-pod.ts'
import { isMirrorPod } from '../../api/pods/mirror-pod.ts'
import type { StoreReader } from '../../api/store-view.ts'
import { formatTime } from '../../base/clock.ts'
import { BoundedCache } from '../../base/data/bounded-cache.ts'
import { writeJson } from '../../base/write-json.ts'
import type { ImageAnswer } from '../../supply-chain/policy/image-question.ts'
import { repositoryOf } from '../../supply-chain/policy/repository-of.ts'
import type { AdmissionRequest } from '../admission.ts'
import { admittedOf } from '../images/admitted-images.ts'
import type { ImageAnswers } from '../images/image-answers.ts'
import { imageUses, isControlled, pinned } from '../images/image-use.ts'
import type { KnownPolicies } from '../images/known-policies.ts'
import { type PlannedImage, pinLabel, planPins } from '../images/pin-plan.ts'
import { maxWaiting, WaitingRequests } from '../images/waiting-requests.ts'
import type { PluginDefinition, PluginSteps } from '../plugin-definition.ts'

export interface ImageDigestsOptions {
  readonly reader: StoreReader
  readonly profile: 'secure' | 'upstream'
  /** Milliseconds since the epoch. */
  now(): number
  /** Undefined: nobody can ask a registry, so nothing is resolved. */
  readonly images?: ImagePluginParts | undefined
}

export interface ImagePluginParts {
  readonly policies: KnownPolicies
  /** Undefined without the part `artifacts`. */
  readonly answers: ImageAnswers | undefined
}

/** How long a pod waits for a registry that no policy needs. */
export const wantedMs = 1000
/** After it did not answer in that time, further pods do not wait for it for so long. */
export const slowMs = 10_000
const maxSlowRegistries = 1000
/** How long a pod waits for a registry that a policy needs. */
export const requiredMs = 20_000

export const imageDigests: PluginDefinition<ImageDigestsOptions> = {
  name: 'ImageDigests',
  does: 'Resolves the tags of images once, and gives pods the digests',
  on: 'always',
  guard: 'the image behind a tag changes between admission and start',
  handles: [{ operations: ['CREATE', 'UPDATE'], resources: [...podResources, 'pods/ephemeralcontainers'] }],
  create,
}

function create({ reader, profile, images, now }: ImageDigestsOptions): PluginSteps {
  const slow = new SlowRegistries(now)
  const waiting = new WaitingRequests()
  return {
    async mutate(request, signal) {
      const located = locate(request, request.object)
      if (located === undefined) return
      const isPod = located.pointer === ''
      const before = new Map(
        imageUses(locate(request, request.oldObject)?.pod.spec ?? { containers: [] }).map(({ name, image }) => [name, image]),
      )
      const { planned, kept } = planPins(
        imageUses(located.pod.spec),
        before,
        {
          isPod,
          controlled: request.object !== undefined && isControlled(request.object.metadata),
          // A mirror pod shows what its node runs anyway.
          mirror: isPod && isMirrorPod(located.pod),
          labelled: reader.get('namespaces', '', request.namespace)?.metadata.labels?.[pinLabel] === 'true',
          profile,
        },
        image => images?.policies.matching(request.namespace, image) ?? [],
      )
      for (const { use, image } of kept) use.set(image)
      const admitted = new Map<string, AdmittedImage>()
      // Without the part nothing is resolved, and the second plug-in refuses what a policy is for.
      const isAsked = ({ pin, policies }: PlannedImage) => pin !== 'none' || (policies.length > 0 && isPod)
      const asked = images?.answers === undefined ? [] : planned.filter(isAsked)
      const answers =
        images?.answers === undefined ? undefined : await ask(request, located, asked, { answers: images.answers, slow, waiting }, signal)
      for (const image of asked) apply(request, image, answers?.get(image.use.image), admitted)
      if (isPod) annotate(request, located, admitted)
    },
  }
}

function locate({ resource }: AdmissionRequest, object: AdmissionRequest['object']): LocatedPod | undefined {
  return object === undefined ? undefined : locatePod(groupResource(resource.group, resource.plural), object)
}

/** Without an answer, images that a policy is for are refused later, with the reason; others are admitted as they are. */
async function ask(
  request: AdmissionRequest,
  { pod }: LocatedPod,
  asked: readonly PlannedImage[],
  { answers, slow, waiting }: { readonly answers: ImageAnswers; readonly slow: SlowRegistries; readonly waiting: WaitingRequests },
  signal: AbortSignal,
): Promise<ReadonlyMap<string, ImageAnswer>> {
  if (asked.length === 0) return new Map()
  const wanted = asked.map(({ use, policies }) => ({ image: use.image, policies }))
  const looked = answers.look(request.namespace, pod, wanted)
  if (looked.open.length === 0) return looked.answers
  using wait = waiting.begin(request.namespace)
  if (wait === undefined) {
    admittedOf(request).failure = `${maxWaiting} requests of namespace "${request.namespace}" wait for registries already`
    return new Map()
  }
  const isNeeded = asked.some(({ policies }) => policies.length > 0)
  const registries = new Set(asked.map(({ use }) => `${request.namespace}\n${registryOf(use.image)}`))
  const limit = AbortSignal.timeout(isNeeded ? requiredMs : wantedMs)
  try {
    return await answers.ask(request.namespace, pod, looked, {
      knownOnly: !isNeeded && slow.has(registries),
      signal: AbortSignal.any([signal, limit]),
    })
  } catch (err) {
    signal.throwIfAborted()
    if (limit.aborted && !isNeeded) slow.add(registries)
    admittedOf(request).failure = limit.aborted
      ? 'its registry did not answer in time'
      : `the part "artifacts" did not answer: ${String(err)}`
    return new Map()
  }
}

/**
 * Registries that did not answer in time a moment ago: one that hangs must not delay every pod. Those of one namespace alone, whose requests may have
 * waited for its own others: a tenant must not decide that the pods of another get no digests.
 */
class SlowRegistries {
  readonly #now: () => number
  /** By namespace and registry: until when. */
  readonly #until = new BoundedCache<number>(maxSlowRegistries)

  constructor(now: () => number) {
    this.#now = now
  }

  /** Whether all of them are slow. A clock that was set back ends it. */
  has(registries: ReadonlySet<string>): boolean {
    const now = this.#now()
    return [...registries].every(registry => {
      const until = this.#until.get(registry) ?? 0
      return now < until && until <= now + slowMs
    })
  }

  add(registries: ReadonlySet<string>): void {
    for (const registry of registries) this.#until.set(registry, this.#now() + slowMs)
  }
}

const registryOf = (image: string): string => repositoryOf(image)?.split('/')[0] ?? ''

function apply(
  request: AdmissionRequest,
  { use, policies, pin }: PlannedImage,
  answer: ImageAnswer | undefined,
  admitted: Map<string, AdmittedImage>,
): void {
  const { image } = use
  if (answer?.known !== true) {
    const why = answer?.message ?? admittedOf(request).failure ?? 'nothing is known of it'
    if (answer !== undefined) admittedOf(request).answers.set(image, answer)
    if (policies.length === 0) request.warn(`image "${image}" is not pinned to a digest, and is admitted as unverified: ${why}`)
    return
  }
  const { digest, identities, verdict, time } = answer
  const final = pin === 'none' ? image : pinned(image, digest)
  if (final !== image) use.set(final)
  admittedOf(request).answers.set(final, answer)
  admitted.set(use.name, { image, digest, ...(verdict === 'Verified' ? { by: identities, time: formatTime(time) } : {}) })
}

/** The annotation is the server's: what a client sends is replaced. What was admitted before stays for containers whose image stays. */
function annotate(request: AdmissionRequest, { pod }: LocatedPod, admitted: ReadonlyMap<string, AdmittedImage>): void {
  const { metadata } = pod
  const names = new Map(imageUses(pod.spec).map(({ name, image }) => [name, image]))
  const before = locate(request, request.oldObject)?.pod
  const unchanged = new Set(
    before === undefined ? [] : imageUses(before.spec).flatMap(({ name, image }) => (names.get(name) === image ? [name] : [])),
  )
  const entriesOf = (text: string | undefined) => (text === undefined ? [] : [...readAdmittedImages(text)])
  const stored = entriesOf(before?.metadata.annotations?.[imagesAnnotation]).filter(([name]) => unchanged.has(name))
  // A second round of mutations finds the pins of the first one, which say what was requested.
  const earlier = entriesOf(admittedOf(request).annotation).filter(([name, { digest }]) => names.get(name)?.endsWith(`@${digest}`) === true)
  const entries = new Map<string, AdmittedImage>([...stored, ...admitted, ...earlier])
  const text = entries.size === 0 ? undefined : writeJson(Object.fromEntries(entries))
  admittedOf(request).annotation = text
  if (text === undefined && metadata.annotations?.[imagesAnnotation] === undefined) return
  const { [imagesAnnotation]: _, ...others } = metadata.annotations ?? {}
  metadata.annotations = text === undefined ? others : { ...others, [imagesAnnotation]: text }
}
