// The part `artifacts`: follows policies, trust roots and the images of pods, answers the API server, and writes Image objects.
import type { KubeObject } from '../api/object.ts'
import type { PackageSearch } from '../api/package-search.ts'
import type { AdvisorySource, PodImages } from '../api/types/supply-v1.ts'
import { type Clock, pause } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import { messageOf, UserError } from '../base/user-error.ts'
import { writeJson } from '../base/write-json.ts'
import { Informer } from '../client/cache/informer.ts'
import type { Lister } from '../client/cache/object-cache.ts'
import type { Client } from '../client/client.ts'
import type { ResourceRef } from '../client/resource-ref.ts'
import {
  advisorySources,
  clusterExceptions,
  clusterImagePolicies,
  exceptions,
  imagePolicies,
  images,
  podImages,
  trustRoots,
} from '../client/resources.ts'
import { isDigest } from '../supply-chain/oci/digest.ts'
import type { ImageAuthority } from '../supply-chain/policy/image-question.ts'
import { DueEvaluations, type Evaluation } from './due-evaluations.ts'
import { checkFindings } from './findings/findings-check.ts'
import type { ScanRequest } from './findings/image-scans.ts'
import { ImageSoftware, type SoftwareParts, type SoftwareRequest } from './findings/image-software.ts'
import type { RunningReference } from './findings/update-proposals.ts'
import { followComponents } from './follow-components.ts'
import { ImageEvaluator } from './image-evaluator.ts'
import { ImageMemory } from './image-memory.ts'
import { digestIndex, digestsOf, type EvaluatedRules, ImageRecords } from './image-records.ts'
import type { ImageVerifier, Registries } from './image-verifier.ts'
import type { KeptFiles } from './kept-files.ts'
import { KeptResults } from './kept-results.ts'
import { type AnyPolicy, PolicyState, policyTitle } from './policy-state.ts'
import { followTrustRoots } from './trust/follow-trust-roots.ts'
import type { OpenTuf } from './trust/follow-tuf.ts'
import type { TrustMemory } from './trust/trust-memory.ts'

export interface RunArtifactsOptions<Claims> {
  readonly client: Client
  readonly registries: Registries
  readonly verifier: ImageVerifier<Claims>
  readonly clock: Clock
  readonly log: Logger
  readonly random: () => number
  /** Where what is known of images survives a restart. Default: nowhere. */
  readonly imageFiles?: KeptFiles
  /** Default: nothing is remembered after the process. */
  readonly trustMemory?: TrustMemory
  /** Default: HTTPS. */
  readonly openTuf?: OpenTuf
  /** Default: images are not scanned. */
  readonly software?: SoftwareParts
  /** Takes what to call after each change of the mirrors of registries. Default: they never change. */
  onMirrorsChange?(handler: () => void): void
}

/** An image is not evaluated again by the same rules within this time. */
const recentMs = 60_000
const maxRecent = 10_000
/** How often all images that run are evaluated again: keys and trust roots expire. */
const everyMs = 600_000

/** Resolves after the signal. `onReady` is called once, when questions can be answered. */
export async function runArtifacts<Claims>(
  options: RunArtifactsOptions<Claims>,
  signal: AbortSignal,
  onReady: (authority: ImageAuthority & PackageSearch) => void | Promise<void>,
): Promise<void> {
  const { client, clock, log, random } = options
  const shared = { client, clock, log, random }
  const follow = <T extends KubeObject>(resource: ResourceRef<T>): Informer<T> => new Informer({ ...shared, resource })
  const own = follow(imagePolicies)
  const cluster = follow(clusterImagePolicies)
  const roots = follow(trustRoots)
  const pods = follow(podImages)
  const recorded = follow(images)
  const sources = follow(advisorySources)
  const accepted = follow(exceptions)
  const acceptedEverywhere = follow(clusterExceptions)
  pods.addIndex(digestIndex, digestsOf)

  await using trust = followTrustRoots({ ...options, roots, onChange: () => rulesChanged() }, signal)
  const state = new PolicyState({ policies: own, clusterPolicies: cluster, trustRoots: roots, known: trust.known })
  const records = new ImageRecords({ client, images: recorded, pods, clock, log })
  const rulesOf = (policies: readonly AnyPolicy[]) => ({ policies: policies.map(policyTitle), rules: state.rulesOf(policies) })
  const software = softwareOf(options, { sources, pods, records })
  const exceptionSource = { exceptions: (namespace: string) => [...acceptedEverywhere.list(), ...accepted.list(namespace)] }
  const { imageFiles: files, verifier } = options
  const memory = files && new ImageMemory<Claims>({ files, verifier, log })
  const evaluator = new ImageEvaluator<Claims>({
    ...options,
    ...(memory === undefined ? {} : { memory }),
    policies: state,
    onAnswer(namespace, found, answer, policies, credentials) {
      const by = rulesOf(policies)
      records.note(namespace, found, answer, by)
      const { image } = answer
      const { digest } = found
      software?.want(requestOf({ namespace, image, digest, credentials }, by))
    },
    checkFindings: (policies, image) => checkFindings(software?.findings, exceptionSource, policies, image, clock),
  })
  const requestOf = (request: ScanRequest, { rules }: EvaluatedRules): SoftwareRequest => {
    const { namespace, image, digest } = request
    return {
      ...request,
      rules,
      attested: () => evaluator.attestedSbom(namespace, image, digest),
      documents: credentials => evaluator.attested({ namespace, reference: image, digest, credentials }),
    }
  }
  const recent = new KeptResults<boolean>({ entries: maxRecent }, clock)
  const rulesFor = ({ namespace, image, digest }: Evaluation) => {
    const by = rulesOf(state.policiesFor(namespace, image))
    return { by, key: `${namespace}\n${image}\n${digest}\n${by.rules}` }
  }
  const due = new DueEvaluations(clock, {
    pods: () => pods.list(),
    quickly(evaluation) {
      const { namespace, image, digest } = evaluation
      if (!isDigest(digest)) return true
      const { by, key } = rulesFor(evaluation)
      software?.want(requestOf({ namespace, image, digest, credentials: [] }, by))
      // The replicas of a workload come one after the other.
      if (recent.get(key, recentMs) === true) return true
      const known = evaluator.reevaluateKnown(namespace, image, digest)
      if (known === undefined) return false
      records.note(namespace, { digest }, known, by)
      // Somebody may have signed it since.
      if (known.known && known.verdict === 'Refused') return false
      recent.set(key, true)
      return true
    },
    async slowly(evaluation) {
      const { namespace, image, digest } = evaluation
      if (!isDigest(digest)) return true
      try {
        const { by, key } = rulesFor(evaluation)
        const isDone = records.note(namespace, { digest }, await evaluator.reevaluate(namespace, image, digest, signal), by)
        if (isDone) recent.set(key, true)
        return isDone
      } catch (err) {
        if (!signal.aborted) log.error('cannot evaluate an image again', { namespace, image, err: messageOf(err) })
        return true
      }
    },
  })

  const rulesChanged = () => {
    state.changed()
    due.all()
  }
  options.onMirrorsChange?.(() => {
    software?.mirrorsChanged()
    due.all()
  })
  for (const informer of [own, cluster]) informer.onChange({ add: rulesChanged, update: rulesChanged, delete: rulesChanged })
  const podChanged = (pod: PodImages) => {
    for (const { digest, image } of pod.spec.images) if (digest !== undefined) records.podChanged(digest, image)
  }
  pods.onChange({
    add(pod) {
      podChanged(pod)
      due.pod(pod)
    },
    update(pod, old) {
      if (writeJson(pod.spec) === writeJson(old.spec)) return
      podChanged(old)
      podChanged(pod)
      due.pod(pod)
    },
    delete: podChanged,
  })

  const informers = [own, cluster, roots, pods, recorded, sources, accepted, acceptedEverywhere]
  const running = informers.map(informer => informer.run(signal))
  const evaluate = async () => {
    await Promise.all(informers.map(informer => informer.synced(signal)))
    await Promise.all([trust.synced(), evaluator.restore()])
    await onReady({
      evaluate: (question, until) => evaluator.evaluate(question, until),
      async where(text, until) {
        if (software === undefined) throw new UserError('this cluster scans no images')
        return software.findings.where(text, until)
      },
    })
    await Promise.all([records.run(signal), due.run(signal), again(), trust.run(), software?.run(signal, () => due.all())])
  }
  const again = async () => {
    while (!signal.aborted) {
      await pause(clock, everyMs, signal)
      due.all()
    }
  }
  try {
    await Promise.all([evaluate(), followComponents(options, signal), ...running])
  } catch (err) {
    if (!signal.aborted) throw err
  } finally {
    await memory?.written()
  }
}

function runningReferences(pod: PodImages): RunningReference[] {
  const digests = digestsOf(pod)
  const { namespace = '' } = pod.metadata
  return pod.spec.images.flatMap(({ image, digest = '' }) =>
    digests.includes(digest) && isDigest(digest) ? [{ namespace, image, digest }] : [],
  )
}

interface SoftwareContext {
  readonly sources: Lister<AdvisorySource>
  readonly pods: Lister<PodImages>
  readonly records: ImageRecords
}

function softwareOf<Claims>(
  { software, client, registries, clock, log }: RunArtifactsOptions<Claims>,
  { sources, pods, records }: SoftwareContext,
): ImageSoftware | undefined {
  if (software === undefined) return undefined
  return new ImageSoftware({
    ...software,
    ...{ client, registries, sources, clock, log },
    running: () => pods.list().flatMap(runningReferences),
    note: (digest, seen) => records.noteSoftware(digest, seen),
  })
}
